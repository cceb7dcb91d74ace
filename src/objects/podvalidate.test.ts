import { describe, expect, test } from 'vitest'
import { container, faults, LABEL, NAME_PART, NOT_YET, named, podOf, podWith } from './fixture.ts'
import { pod } from './kinds/pod.ts'
import type { Json, JsonObject } from './value.ts'

describe('pods', () => {
  test.each<[Json, string[]]>([
    [podWith({}), []],
    [named({ name: 'web' }), ['spec.containers: Required value']],
    [podWith({ containers: [{ image: 'i' }] }), ['spec.containers[0].name: Required value']],
    [podWith({ containers: [{ name: 'c' }] }), ['spec.containers[0].image: Required value']],
    [
      podOf({ image: ' nginx' }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    [podOf({ name: 'C' }), [`spec.containers[0].name: Invalid value: "C": ${LABEL}`]],
    [podWith({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "c"']],
    [
      podOf({ imagePullPolicy: 'Sometimes' }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      podWith({ restartPolicy: 'Maybe' }),
      ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "Never", "OnFailure"'],
    ],
    [
      podWith({ terminationGracePeriodSeconds: -1 }),
      ['spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      podWith({ activeDeadlineSeconds: 0 }),
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [podWith({ nodeSelector: { 'a b': 'c' } }), [`spec.nodeSelector: Invalid value: "a b": ${NAME_PART}`]],
    [
      podWith({ tolerations: [{ operator: 'Equal', value: 'x' }] }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      podWith({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 1 }] }),
      [
        'spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
      ],
    ],
    [podOf({ env: [{ name: '' }] }), ['spec.containers[0].env[0].name: Required value']],
    [
      podOf({ env: [{ name: 'A=B' }] }),
      [
        'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [
      podOf({ env: [{ name: 'A', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      podOf({ env: [{ name: 'A', valueFrom: {} }] }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ],
    ],
    [podOf({ ports: [{ containerPort: 0 }] }), ['spec.containers[0].ports[0].containerPort: Required value']],
    [
      podOf({ ports: [{ containerPort: 70_000 }] }),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      podOf({ ports: [{ name: 'a--b', containerPort: 1 }] }),
      ['spec.containers[0].ports[0].name: Invalid value: "a--b": must not contain consecutive hyphens'],
    ],
    [
      podOf({
        ports: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ],
    [
      podOf({ ports: [{ containerPort: 1, protocol: 'HTTP' }] }),
      ['spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      podWith({ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 2 }] }] }),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 1: must match `hostPort` when `hostNetwork` is true'],
    ],
    [
      podOf({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      podOf({ resources: { requests: { cpu: '-1' } } }),
      ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      podOf({ resources: { limits: { gpu: '1' } } }),
      [
        'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      ],
    ],
    [
      podOf({ resources: { requests: { 'example.com/gpu': '1' } } }),
      ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    ],
    [
      podOf({ livenessProbe: { periodSeconds: 1 } }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      podWith({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
      ['spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      podWith({ initContainers: [{ name: 'c', image: 'x', readinessProbe: { tcpSocket: { port: 1 } } }] }),
      [
        'spec.initContainers[0].name: Duplicate value: "c"',
        'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      podWith({ initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Never' }] }),
      ['spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      podOf({
        volumeMounts: [
          { name: 'v', mountPath: '/a', subPath: '../x' },
          { name: 'v', mountPath: '/b', subPath: '/x' },
        ],
      }),
      [
        'spec.containers[0].volumeMounts[0].subPath: Invalid value: "../x": must not contain \'..\'',
        'spec.containers[0].volumeMounts[1].subPath: Invalid value: "/x": must be a relative path',
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        'spec.containers[0].volumeMounts[1].name: Not found: "v"',
      ],
    ],
    [
      podWith({ hostPID: true, shareProcessNamespace: true }),
      ['spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
    ],
    [
      podWith({ dnsPolicy: 'None' }),
      ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
    ],
    [
      podWith({ dnsConfig: { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'x'] } }),
      [
        'spec.dnsConfig.nameservers: Invalid value: ["10.0.0.1","10.0.0.2","10.0.0.3","x"]: must not have more than 3 nameservers',
        'spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      podOf({ livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }),
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      podWith({ volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'k', path: 'a/../b' }] } }] }),
      ['spec.volumes[0].configMap.items[0].path: Invalid value: "a/../b": must not contain \'..\''],
    ],
    [
      podWith({
        volumes: [{ name: 'v', downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'status.podIP' } }] } }],
      }),
      [
        'spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: "status.podIP": supported values: ' +
          '"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
      ],
    ],
    [
      podOf({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: ' +
          '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", ' +
          '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
  ])('%#', (value, expected) => {
    expect(faults(pod, value)).toEqual(expected)
  })

  test.each<[JsonObject, string]>([
    [{ volumes: [{ name: 'v', nfs: { server: 's', path: '/' } }] }, 'volumes[0].nfs'],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      'volumes[0].projected.sources[0].serviceAccountToken',
    ],
    [
      { containers: [{ name: 'c', image: 'nginx:1', readinessProbe: { grpc: { port: 1 } } }] },
      'containers[0].readinessProbe.grpc',
    ],
    [{ securityContext: { sysctls: [{ name: 'a', value: '1' }] } }, 'securityContext.sysctls'],
    [
      { containers: [{ name: 'c', image: 'nginx:1', securityContext: { procMount: 'Unmasked' } }] },
      'containers[0].securityContext.procMount',
    ],
    [{ schedulingGates: [{ name: 'g' }] }, 'schedulingGates'],
    [{ readinessGates: [{ conditionType: 'a/b' }] }, 'readinessGates'],
    [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }],
            },
          },
        },
      },
      'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution',
    ],
    [{ containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 1 }] }] }, 'containers[0].ports[0].hostPort'],
  ])('%j waits for a later version', (spec, path) => {
    expect(faults(pod, podWith(spec))).toEqual([`spec.${path}: Forbidden: ${NOT_YET}`])
  })

  test.each<JsonObject>([
    { securityContext: {} },
    { hostPID: true, hostIPC: true },
    { shareProcessNamespace: true, hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }] },
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.1'], searches: ['a.b'] } },
    { volumes: [] },
    { affinity: {} },
    { hostUsers: true },
    { containers: [container, { ...container, name: 'd' }] },
    { initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 1 } } }] },
    { securityContext: { runAsUser: 1, runAsNonRoot: true, supplementalGroups: [5] } },
    { containers: [{ ...container, securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } } }] },
    { containers: [{ ...container, envFrom: [{ secretRef: { name: 's' } }, { configMapRef: { name: 'm' } }] }] },
    {
      volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 's' } }, { configMap: { name: 'm' } }] } }],
      containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }] }],
    },
    {
      containers: [
        {
          ...container,
          lifecycle: { preStop: { exec: { command: ['true'] } } },
          readinessProbe: { httpGet: { port: 80 } },
          livenessProbe: { exec: { command: ['true'] } },
          env: [
            { name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
            { name: 'B', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          ],
        },
      ],
    },
  ])('%j passes', (spec) => {
    expect(faults(pod, podWith(spec))).toEqual([])
  })
})
