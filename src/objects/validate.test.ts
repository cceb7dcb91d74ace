import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { errorCause, errorMessage, errorsMessage } from './field.ts'
import type { Kind } from './kind.ts'
import { configMap } from './kinds/configmap.ts'
import { joinToken } from './kinds/jointoken.ts'
import { namespace } from './kinds/namespace.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { prepareCreate, prepareStatusUpdate, prepareUpdate } from './prepare.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from './validate.ts'
import type { Json, JsonObject, KubeObject } from './value.ts'

const NOT_YET = 'not supported yet by this version'

function born(kind: Kind, value: Json): KubeObject {
  const decoded = decodeObject(kind, value)
  expect(decoded.error).toBeNull()
  const object = must(decoded.object, 'it decoded')
  const birth = { nowMs: 0, uid: 'u1', namespace: kind.namespaced ? 'default' : '', nameSuffix: 'bcdfg' }
  return prepareCreate(kind, applyDefaults(kind, object), birth)
}

function faults(kind: Kind, value: Json): string[] {
  return validateCreate(kind, born(kind, value)).map(errorMessage)
}

const container = { name: 'c', image: 'nginx:1' }
const podWith = (spec: JsonObject): Json => ({ metadata: { name: 'web' }, spec: { containers: [container], ...spec } })
const podOf = (more: JsonObject): Json => podWith({ containers: [{ ...container, ...more }] })
const named = (metadata: JsonObject): Json => ({ metadata })

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

describe('metadata', () => {
  test.each<[Kind, Json, string[]]>([
    [configMap, named({ name: 'ok.name-1' }), []],
    [configMap, named({}), ['metadata.name: Required value: name or generateName is required']],
    [configMap, named({ name: 'A_b' }), [`metadata.name: Invalid value: "A_b": ${SUBDOMAIN}`]],
    [namespace, named({ name: 'a.b' }), ['metadata.name: Invalid value: "a.b": must not contain dots']],
    [namespace, named({ name: 'Team' }), [`metadata.name: Invalid value: "Team": ${LABEL}`]],
    [
      namespace,
      named({ name: 'x'.repeat(64) }),
      ['name', 'labels'].map(
        (field) => `metadata.${field}: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`,
      ),
    ],
    [node, named({ name: 'n1', namespace: 'x' }), ['metadata.namespace: Forbidden: not allowed on this type']],
    [configMap, named({ name: 'x', labels: { 'a b': 'c' } }), [`metadata.labels: Invalid value: "a b": ${NAME_PART}`]],
    [configMap, named({ name: 'x', labels: { a: '-' } }), [`metadata.labels: Invalid value: "-": ${LABEL_VALUE}`]],
    [
      configMap,
      named({ name: 'x', labels: { '/a': 'b' } }),
      ['metadata.labels: Invalid value: "/a": prefix part must be non-empty'],
    ],
    [
      configMap,
      named({ name: 'x', annotations: { a: 'x'.repeat(262_144) } }),
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      configMap,
      named({ name: 'x', finalizers: ['mine'] }),
      [
        'metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    [configMap, named({ name: 'x', finalizers: ['example.com/mine', 'orphan'] }), []],
    [
      configMap,
      named({ name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] }),
      ['metadata.ownerReferences.uid: Required value: must not be empty'],
    ],
  ])('%#', (kind, value, expected) => {
    expect(faults(kind, value)).toEqual(expected)
  })

  test('two controlling owners are one too many', () => {
    const owner = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: name, controller: true })
    const [message] = faults(configMap, named({ name: 'x', ownerReferences: [owner('a'), owner('b')] }))
    expect(message).toMatch(
      /Only one reference can have Controller set to true. Found "true" in references for Pod\/a and Pod\/b$/,
    )
  })

  test('a prefix becomes a name', () => {
    expect(born(configMap, named({ generateName: 'web-' })).metadata.name).toBe('web-bcdfg')
    expect(born(configMap, named({ generateName: 'x'.repeat(80) })).metadata.name).toBe(`${'x'.repeat(58)}bcdfg`)
  })
})

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
    [{ hostPID: true }, 'hostPID'],
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
    { hostPID: false },
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

test.each<[Kind, Json, string[]]>([
  [
    configMap,
    { metadata: { name: 'x' }, data: { 'a/b': '1' } },
    [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [
    configMap,
    { metadata: { name: 'x' }, data: { a: '1' }, binaryData: { a: 'YQ==' } },
    ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ],
  [configMap, { metadata: { name: 'x' }, data: { '..': '1' } }, ['data[..]: Invalid value: "..": must not be \'..\'']],
  [
    configMap,
    { metadata: { name: 'x' }, data: { a: 'x'.repeat(1024 * 1024 + 1) } },
    [': Too long: may not be more than 1048576 bytes'],
  ],
  [joinToken, { metadata: { name: 'x' } }, ['spec.scope: Required value', 'spec.secretHash: Required value']],
  [
    joinToken,
    { metadata: { name: 'x' }, spec: { scope: 'all', secretHash: 'a', usesLeft: -1 } },
    [
      'spec.scope: Unsupported value: "all": supported values: "full", "worker"',
      'spec.secretHash: Invalid value: "a": must be 64 lower case hexadecimal digits',
      'spec.usesLeft: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  [
    node,
    { metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'Now' }] } },
    [
      'spec.taints[0].effect: Unsupported value: "Now": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
    ],
  ],
])('other kinds %#', (kind, value, expected) => {
  expect(faults(kind, value)).toEqual(expected)
})

describe('updates', () => {
  function updated(kind: Kind, before: Json, change: (object: JsonObject) => JsonObject): string[] {
    const previous = born(kind, before)
    const decoded = decodeObject(kind, change(previous as unknown as JsonObject))
    const next = prepareUpdate(kind, must(decoded.object, 'it decoded'), previous)
    return validateUpdate(kind, next, previous).map(errorMessage)
  }
  const withSpec =
    (more: JsonObject) =>
    (object: JsonObject): JsonObject => ({ ...object, spec: { ...(object.spec as JsonObject), ...more } })

  test.each<[string, JsonObject, string | null]>([
    [
      'image',
      {
        containers: [
          {
            ...container,
            image: 'nginx:2',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
            resources: {},
          },
        ],
      },
      null,
    ],
    [
      'node name',
      { nodeName: 'n2' },
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
    ],
    [
      'new containers',
      { containers: [container, { ...container, name: 'd' }] },
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    ['a deadline', { activeDeadlineSeconds: 5 }, null],
    ['tolerations', { tolerations: [] }, null],
  ])('of a pod: %s', (_, change, expected) => {
    const messages = updated(pod, podWith({}), withSpec(change)).filter((message) => !message.includes(NOT_YET))
    if (expected === null) expect(messages).toEqual([])
    else expect(messages[0]?.startsWith(expected)).toBe(true)
  })

  test('metadata that is fixed', () => {
    const change =
      (metadata: JsonObject) =>
      (object: JsonObject): JsonObject => ({ ...object, metadata: { ...(object.metadata as JsonObject), ...metadata } })
    expect(updated(configMap, named({ name: 'x' }), change({ name: 'y' }))).toEqual([
      'metadata.name: Invalid value: "y": field is immutable',
    ])
    expect(updated(configMap, named({ name: 'x' }), change({ uid: 'u2' }))).toEqual([
      'metadata.uid: Invalid value: "u2": field is immutable',
    ])
    expect(updated(configMap, named({ name: 'x' }), change({ labels: { a: 'b' } }))).toEqual([])
  })

  test('a map that was declared immutable', () => {
    const before = { metadata: { name: 'x' }, data: { a: '1' }, immutable: true }
    expect(updated(configMap, before, (object) => ({ ...object, data: { a: '2' } }))).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ])
    expect(updated(configMap, before, (object) => ({ ...object, immutable: false }))).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
    ])
    expect(updated(configMap, before, (object) => object)).toEqual([])
  })

  test('fields declared immutable', () => {
    const before = { metadata: { name: 'x' }, spec: { scope: 'full', secretHash: 'a'.repeat(64), usesLeft: 2 } }
    expect(updated(joinToken, before, withSpec({ scope: 'worker' }))).toEqual([
      'spec.scope: Invalid value: "worker": field is immutable',
    ])
    expect(updated(joinToken, before, withSpec({ usesLeft: 1 }))).toEqual([])
  })

  test('through /status: only what it can change is judged', () => {
    const previous = born(pod, podWith({}))
    const next = prepareStatusUpdate(
      pod,
      { ...previous, spec: {}, status: { phase: 'Running' } } as unknown as KubeObject,
      previous,
    )
    expect(validateStatusUpdate(pod, next, previous)).toEqual([])
    expect(next).toEqual({ ...previous, status: { phase: 'Running' } })
  })

  test('no new finalizers on the way out', () => {
    const previous = { ...born(configMap, named({ name: 'x' })) }
    const leaving = { ...previous, metadata: { ...previous.metadata, deletionTimestamp: '1970-01-01T00:00:00Z' } }
    const next = { ...leaving, metadata: { ...leaving.metadata, finalizers: ['a.b/c'] } }
    expect(validateUpdate(configMap, next, leaving).map(errorMessage)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/c"}',
    ])
  })
})

test('errors as causes and together', () => {
  const errors = validateCreate(pod, born(pod, podWith({ containers: [{}] })))
  expect(errors.map(errorCause)).toEqual([
    { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].name' },
    { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].image' },
  ])
  expect(errorsMessage(errors)).toBe(
    '[spec.containers[0].name: Required value, spec.containers[0].image: Required value]',
  )
  expect(errorsMessage(errors.slice(0, 1))).toBe('spec.containers[0].name: Required value')
})
