import { expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import type { Kind } from './kind.ts'
import { configMap } from './kinds/configmap.ts'
import { namespace } from './kinds/namespace.ts'
import { pod } from './kinds/pod.ts'
import { qosClass } from './kinds/poddefaults.ts'
import { prepareCreate, prepareUpdate } from './prepare.ts'
import type { Pod } from './types.ts'
import type { Json, JsonObject, KubeObject } from './value.ts'

function decoded(kind: Kind, value: Json): KubeObject {
  return must(decodeObject(kind, value).object, 'it decodes')
}

function defaulted(spec: JsonObject): Pod {
  return applyDefaults(pod, decoded(pod, { metadata: { name: 'web' }, spec })) as Pod
}

function container(more: JsonObject, spec: JsonObject = {}): Pod['spec']['containers'][number] {
  return must(defaulted({ containers: [{ name: 'c', ...more }], ...spec }).spec.containers[0], 'there is one')
}

test('what a pod is given', () => {
  const { containers: _, ...spec } = defaulted({ containers: [] }).spec
  const until = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
  expect(spec).toEqual({
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', ...until },
      { key: 'node.kubernetes.io/unreachable', ...until },
    ],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  })
})

test('what a container is given', () => {
  expect(container({ image: 'nginx', ports: [{ containerPort: 80 }] })).toEqual({
    name: 'c',
    image: 'nginx',
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'Always',
  })
})

test.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1.27', 'IfNotPresent'],
  ['registry:5000/nginx', 'Always'],
  ['registry:5000/nginx:1', 'IfNotPresent'],
  ['nginx@sha256:abc', 'IfNotPresent'],
  ['nginx:latest@sha256:abc', 'IfNotPresent'],
])('%s is pulled %s', (image, policy) => {
  expect(container({ image }).imagePullPolicy).toBe(policy)
})

test('what was given stays', () => {
  const kept = {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    enableServiceLinks: false,
    serviceAccount: 'me',
  }
  expect(defaulted({ containers: [], ...kept }).spec).toMatchObject({ ...kept, serviceAccountName: 'me' })
  const tolerations = [{ operator: 'Exists' }]
  expect(defaulted({ containers: [], tolerations }).spec.tolerations).toEqual(tolerations)
})

test('limits are requests where none are given', () => {
  expect(container({ resources: { limits: { memory: '1Gi', cpu: '2' }, requests: { cpu: '1' } } }).resources).toEqual({
    limits: { cpu: '2', memory: '1Gi' },
    requests: { cpu: '1', memory: '1Gi' },
  })
})

test("on the node's network a port is the node's own", () => {
  const ports = [{ containerPort: 80 }]
  expect(container({ ports }, { hostNetwork: true }).ports).toEqual([
    { hostPort: 80, containerPort: 80, protocol: 'TCP' },
  ])
})

test('a probe has its times, a volume is a directory', () => {
  const probe = container({ livenessProbe: { httpGet: { port: 80 } } }).livenessProbe
  expect(probe).toEqual({
    httpGet: { path: '/', port: 80, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })
  expect(
    defaulted({ containers: [], volumes: [{ name: 'v' }, { name: 's', secret: { secretName: 'x' } }] }).spec.volumes,
  ).toEqual([
    { name: 'v', emptyDir: {} },
    { name: 's', secret: { secretName: 'x', defaultMode: 420 } },
  ])
})

test('defaults are given once, and in declared order', () => {
  const once = defaulted({ containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }], hostNetwork: true })
  expect(applyDefaults(pod, once)).toEqual(once)
  expect(JSON.stringify(decoded(pod, once as unknown as Json))).toBe(JSON.stringify(once))
})

test.each<[JsonObject[], string]>([
  [[{}], 'BestEffort'],
  [[{ requests: { cpu: '1' } }], 'Burstable'],
  [[{ requests: { cpu: '0' } }], 'BestEffort'],
  [[{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
  [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } }], 'Guaranteed'],
  [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }], 'Burstable'],
  [[{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  [[{ limits: { cpu: '1' } }], 'Burstable'],
  [[{ limits: { 'example.com/gpu': '1' } }], 'BestEffort'],
])('%j is %s', (resources, expected) => {
  expect(qosClass({ containers: resources.map((one) => ({ resources: one })) })).toBe(expected)
})

const birth = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5), uid: 'u1', namespace: 'default', nameSuffix: 'bcdfg' }

test('a pod is born pending, whatever it says', () => {
  const said = {
    metadata: {
      name: 'web',
      uid: 'mine',
      resourceVersion: '7',
      deletionTimestamp: '2026-01-01T00:00:00Z',
      selfLink: '/x',
    },
    spec: { containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running', podIP: '1.2.3.4' },
  }
  const { metadata, status } = prepareCreate(pod, decoded(pod, said), birth) as Pod
  expect(metadata).toEqual({
    name: 'web',
    namespace: 'default',
    uid: 'u1',
    generation: 1,
    creationTimestamp: '2026-01-02T03:04:05Z',
  })
  expect(status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
})

test('a namespace is born active, labelled and held', () => {
  const object = prepareCreate(namespace, decoded(namespace, { metadata: { name: 'team' } }), {
    ...birth,
    namespace: '',
  })
  expect(object).toMatchObject({
    metadata: { name: 'team', labels: { 'kubernetes.io/metadata.name': 'team' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
  const bare = { metadata: { name: 'team' }, spec: { finalizers: ['kubernetes'] } }
  expect(prepareUpdate(namespace, decoded(namespace, bare), object).metadata.labels).toEqual({
    'kubernetes.io/metadata.name': 'team',
  })
})

test('an update carries over what it cannot say, and counts what is desired', () => {
  const first = prepareCreate(pod, defaulted({ containers: [{ name: 'c', image: 'i:1' }] }), birth) as Pod
  const running: Pod = { ...first, status: { phase: 'Running' } }
  const { status: _, ...same } = running
  const unchanged = prepareUpdate(pod, { ...same, metadata: { name: 'web' } }, running)
  expect(JSON.stringify(unchanged)).toBe(JSON.stringify(running))
  const spec = { ...running.spec, containers: running.spec.containers.map((one) => ({ ...one, image: 'i:2' })) }
  const changed = prepareUpdate(pod, { ...same, spec } as Pod, running)
  expect(changed.metadata.generation).toBe(2)
  expect(changed).toMatchObject({ status: { phase: 'Running' } })
  const map = prepareCreate(configMap, decoded(configMap, { metadata: { name: 'm' } }), birth)
  expect(map.metadata.generation).toBeUndefined()
})
