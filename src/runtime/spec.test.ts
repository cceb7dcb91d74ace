import { describe, expect, it } from 'vitest'
import type { Container, PodSpec } from '../objects/types.ts'
import { expand } from './environment.ts'
import { fixturePod } from './fixture.ts'
import type { Sources } from './sources.ts'
import { type Asked, containerSpec, sandboxSpec } from './spec.ts'

const place = { clusterId: 'k1', node: 'n1', hostIP: '192.0.2.1', cpuMillis: 4000, memoryBytes: 1024 ** 3 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const maps: Readonly<Record<string, ReadonlyMap<string, Uint8Array>>> = {
  settings: new Map([
    ['COLOR', bytes('red')],
    ['not a name', bytes('x')],
  ]),
}
const sources: Sources = { configMap: (name) => maps[name] ?? null, secret: (name) => maps[name] ?? null }

/** Fields that the schema knows and the runtime does not read can be set too. */
function specOf(container: object, spec: object = {}): Asked {
  const pod = fixturePod({
    container: container as Partial<Container>,
    spec: spec as Partial<PodSpec>,
    metadata: { labels: { app: 'x' } },
  })
  const facts = { pod, place, address: '10.244.1.5' }
  const making = { facts, sources, root: '/pods', attempt: 3, sandbox: 'p0', hosts: '/pods/u/hosts' }
  return containerSpec(pod.spec.containers[0] as Container, making)
}

const uid = '11112222-3333-4444-8555-666677778888'

describe('a container in terms of the engine', () => {
  it('carries all by which it is found again', () => {
    expect(specOf({}).spec).toEqual({
      name: 'skein_web_default_main_3_11112222',
      image: 'bb:1',
      env: [],
      labels: {
        'skein.dev/cluster': 'k1',
        'skein.dev/node': 'n1',
        'skein.dev/namespace': 'default',
        'skein.dev/pod': 'web',
        'skein.dev/pod-uid': '11112222-3333-4444-8555-666677778888',
        'skein.dev/container': 'main',
        'skein.dev/attempt': '3',
        'skein.dev/image': 'bb:1',
        'skein.dev/sandbox': 'p0',
      },
      hostname: 'web',
      cpuRequestMillis: 0,
      oomScore: 1000,
      tty: false,
      stdin: false,
      network: { join: 'p0' },
    })
  })

  it('expands what is known of the environment in command, arguments and later variables', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)2 $(C) $$(A)' },
    ]
    const { spec } = specOf({ env, command: ['echo', '$(B)'], args: ['$(NOT)', '$$(A)'], workingDir: '/tmp' })
    expect(spec).toMatchObject({
      command: ['echo', '12 $(C) $(A)'],
      args: ['$(NOT)', '$(A)'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '12 $(C) $(A)' },
      ],
      workingDir: '/tmp',
    })
  })

  it.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'default'],
    ['metadata.uid', '11112222-3333-4444-8555-666677778888'],
    ["metadata.labels['app']", 'x'],
    ["metadata.annotations['none']", ''],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'default'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIP', '10.244.1.5'],
  ])('tells a container its %s', (fieldPath, value) => {
    const env = [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }]
    expect(specOf({ env }).spec?.env).toEqual([{ name: 'X', value }])
  })

  it('weighs and limits: a limit alone is a request too', () => {
    const resources = { requests: { cpu: '250m' }, limits: { cpu: '1', memory: '64Mi' } }
    expect(specOf({ resources }).spec).toMatchObject({
      cpuRequestMillis: 250,
      cpuLimitMillis: 1000,
      memoryLimitBytes: 64 * 1024 ** 2,
    })
    expect(specOf({ resources: { limits: { cpu: '2' } } }).spec).toMatchObject({
      cpuRequestMillis: 2000,
      cpuLimitMillis: 2000,
    })
  })

  it.each([
    [{ image: 'bb:1' }, {}, 1000],
    [{ resources: { requests: { memory: '256Mi' } } }, {}, 750],
    [{ resources: { requests: { memory: '1Gi' } } }, {}, 3],
    [{ resources: { limits: { memory: '256Mi', cpu: '1' } } }, {}, 0],
  ])('goes the sooner the less it asked for, when memory runs out: %j', (container, spec, score) =>
    expect(specOf(container, spec).spec?.oomScore).toBe(score),
  )

  it('takes variables from maps, keys of maps, fields and resources', () => {
    const env = [
      { name: 'ONE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'COLOR' } } },
      { name: 'TWO', valueFrom: { secretKeyRef: { name: 'settings', key: 'COLOR' } } },
      { name: 'NOT', valueFrom: { secretKeyRef: { name: 'none', key: 'COLOR', optional: true } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
      { name: 'ALL', value: '$(X_COLOR) $(ONE)' },
    ]
    const envFrom = [
      { prefix: 'X_', configMapRef: { name: 'settings' } },
      { secretRef: { name: 'no', optional: true } },
    ]
    const resources = { requests: { memory: '64Mi' } }
    expect(specOf({ env, envFrom, resources }).spec?.env).toEqual([
      { name: 'X_COLOR', value: 'red' },
      { name: 'ONE', value: 'red' },
      { name: 'TWO', value: 'red' },
      { name: 'CPU', value: '4' },
      { name: 'MEM', value: '64' },
      { name: 'ALL', value: 'red red' },
    ])
  })

  it.each([
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] },
      'env A: secret "none" not found',
    ],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] },
      "env A: couldn't find key k in configmap settings",
    ],
    [
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.none' } } }] },
      'env A: the field spec.none cannot be read here',
    ],
  ])('says what is missing: %j', (container, error) => expect(specOf(container).error).toBe(error))

  it('mounts volumes, parts of them, a place for last words and the hosts file', () => {
    const volumes = [
      { name: 'data', emptyDir: {} },
      { name: 'conf', configMap: { name: 'settings' } },
      { name: 'host', hostPath: { path: '/srv' } },
    ]
    const volumeMounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'conf', mountPath: '/conf', subPath: 'COLOR' },
      { name: 'host', mountPath: '/srv', readOnly: true, subPathExpr: '$(A)/x' },
    ]
    const env = [{ name: 'A', value: 'a' }]
    const asked = specOf({ volumeMounts, env }, { volumes })
    expect(asked.error === null && asked.mounts).toEqual([
      { source: `/pods/${uid}/volumes/data`, target: '/data', readOnly: false, part: null },
      { source: `/pods/${uid}/volumes/conf`, target: '/conf', readOnly: true, part: { path: 'COLOR', at: null } },
      { source: '/srv', target: '/srv', readOnly: true, part: { path: 'a/x', at: `/pods/${uid}/parts/main/2` } },
      { source: `/pods/${uid}/containers/main/3`, target: '/dev/termination-log', readOnly: false, part: null },
      { source: '/pods/u/hosts', target: '/etc/hosts', readOnly: false, part: null },
    ])
  })

  it('gives the rights that are asked for, and no more', () => {
    const securityContext = {
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    }
    const shared = { runAsUser: 7, runAsGroup: 8, runAsNonRoot: true, supplementalGroups: [9] }
    expect(specOf({ securityContext }, { securityContext: shared }).spec).toMatchObject({
      user: '1000:8',
      readOnlyRoot: true,
      noNewPrivileges: true,
      capabilities: { add: [], drop: ['ALL'] },
      groups: [9],
    })
    expect(specOf({}).spec).not.toHaveProperty('privileged')
  })

  it.each([
    [{ livenessProbe: { grpc: { port: 1 } } }, {}, 'grpc is not supported'],
    [{ lifecycle: { preStop: { tcpSocket: { port: 1 } } } }, {}, 'tcpSocket is not supported'],
    [{ securityContext: { runAsNonRoot: true } }, {}, 'runAsNonRoot needs runAsUser'],
    [{ securityContext: { runAsNonRoot: true, runAsUser: 0 } }, {}, 'breaks non-root policy'],
    [{ securityContext: { procMount: 'Unmasked' } }, {}, 'procMount is not supported'],
    [{ ports: [{ containerPort: 80, hostPort: 80 }] }, {}, 'hostPort is not supported'],
    [{ volumeDevices: [{ name: 'x', devicePath: '/x' }] }, {}, 'volumeDevices is not supported'],
    [{ volumeMounts: [{ name: 'x', mountPath: '/x' }] }, {}, "volume x is not one of the pod's"],
    [
      { volumeMounts: [{ name: 'x', mountPath: '/x', subPath: '../etc' }] },
      { volumes: [{ name: 'x', emptyDir: {} }] },
      'leads out of its volume',
    ],
    [{}, { runtimeClassName: 'gvisor' }, 'runtimeClassName is not supported'],
    [{}, { securityContext: { fsGroup: 1 } }, 'fsGroup is not supported'],
  ])('refuses what it would not honour: %j %j', (container, spec, error) => {
    expect(specOf(container, spec).error).toContain(error)
  })

  it.each([
    [
      { securityContext: {}, volumeMounts: [] },
      { securityContext: {}, hostPID: false },
    ],
  ])('takes empty fields for what they are: nothing', (container, spec) =>
    expect(specOf(container, spec).error).toBeNull(),
  )
})

describe('the sandbox in terms of the engine', () => {
  const dns = { servers: ['169.254.1.1'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] }

  it('has the name, the network and the resolver of the pod', () => {
    expect(sandboxSpec(fixturePod(), 2, place, 'none', dns)).toMatchObject({
      name: 'skein_web_default_POD_2_11112222',
      image: 'skein.local/pause:1',
      hostname: 'web',
      network: 'none',
      dns,
      labels: { 'skein.dev/container': 'POD', 'skein.dev/pod-uid': uid },
    })
  })

  it("is on the host's network where the pod wants that", () => {
    const spec = sandboxSpec(fixturePod({ spec: { hostNetwork: true, hostPID: true } }), 0, place, 'none', null)
    expect(spec).toMatchObject({ network: 'host', processes: 'host' })
  })

  it('keeps names within what the engine and the kernel take', () => {
    const name = `${'a'.repeat(62)}.${'b'.repeat(100)}`
    const spec = sandboxSpec(fixturePod({ metadata: { name } }), 0, place, 'none', null)
    expect(spec.hostname).toBe('a'.repeat(62))
    expect(spec.name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,220}$/)
    expect(spec.labels['skein.dev/pod']).toBe(name)
  })
})

it.each([
  ['$(A)', 'one'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$(B)', '$(B)'],
  ['$(A', '$(A'],
  ['a$b', 'a$b'],
  ['$(A)$(A)', 'oneone'],
])('%s is read as %s', (text, expanded) => {
  expect(expand(text, new Map([['A', 'one']]), { chars: 1_000 })).toBe(expanded)
})

describe('what would grow beyond all bounds', () => {
  const doubling = Array.from({ length: 60 }, (_, i) => {
    return { name: `V${i}`, value: i === 0 ? 'x'.repeat(100) : `$(V${i - 1})$(V${i - 1})` }
  })

  it('is refused where a variable is made of others', () => {
    expect(specOf({ env: doubling })).toEqual({ spec: null, error: expect.stringMatching(/^env V11: .* longer/) })
  })

  it('is refused in all together', () => {
    const words = { env: doubling.slice(0, 10), args: Array.from({ length: 30 }, () => '$(V9)') }
    expect(specOf(words).error).toMatch(/^command or args: /)
    expect(specOf({ ...words, args: words.args.slice(15) }).error).toBeNull()
  })
})
