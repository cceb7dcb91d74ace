import { describe, expect, it } from 'vitest'
import type { Container, PodSpec } from '../objects/types.ts'
import { fixturePod } from './fixture.ts'
import { containerSpec, expand } from './spec.ts'

const place = { clusterId: 'k1', node: 'n1', hostIP: '192.0.2.1' }

/** Fields that the schema knows and the runtime does not read can be set too. */
function specOf(container: object, spec: object = {}) {
  const pod = fixturePod({
    container: container as Partial<Container>,
    spec: spec as Partial<PodSpec>,
    metadata: { labels: { app: 'x' } },
  })
  return containerSpec(pod, pod.spec.containers[0] as Container, 3, place)
}

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
      },
      hostname: 'web',
      cpuRequestMillis: 0,
      tty: false,
      stdin: false,
      network: 'default',
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
    [{ volumeMounts: [{ name: 'a', mountPath: '/a' }] }, {}, 'volumeMounts is not supported'],
    [{ livenessProbe: { exec: { command: ['true'] } } }, {}, 'livenessProbe is not supported'],
    [{ securityContext: { privileged: true } }, {}, 'securityContext is not supported'],
    [{ ports: [{ containerPort: 80, hostPort: 80 }] }, {}, 'hostPort is not supported'],
    [{}, { hostPID: true }, 'hostPID is not supported'],
    [{}, { initContainers: [{ name: 'i' }] }, 'initContainers is not supported'],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: {} } }] }, {}, 'env X: of valueFrom only fieldRef'],
    [
      { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      {},
      'status.podIP cannot be read',
    ],
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

  it('refuses more than one container', () => {
    const pod = fixturePod({ spec: { containers: [{ name: 'a' }, { name: 'b' }] } })
    expect(containerSpec(pod, { name: 'a' }, 0, place).error).toContain('more than one container')
  })

  it('keeps names within what the engine and the kernel take', () => {
    const name = `${'a'.repeat(62)}.${'b'.repeat(100)}`
    const pod = fixturePod({ metadata: { name } })
    const { spec } = containerSpec(pod, pod.spec.containers[0] as Container, 0, place)
    expect(spec?.hostname).toBe('a'.repeat(62))
    expect(spec?.name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,220}$/)
    expect(spec?.labels['skein.dev/pod']).toBe(name)
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
