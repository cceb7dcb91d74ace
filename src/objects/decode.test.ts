import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeObject } from './decode.ts'
import { parseJson } from './json.ts'
import { configMap } from './kinds/configmap.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import type { Json } from './value.ts'

test('normal form: declared order, sorted maps, canonical quantities and times, nothing empty', () => {
  const { object, unknown, error } = decodeObject(pod, {
    status: { startTime: '2026-01-02T03:04:05.6+01:00' },
    spec: {
      hostNetwork: false,
      nodeName: '',
      tolerations: [],
      nodeSelector: {},
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          image: 'i',
          name: 'c',
          resources: { limits: { memory: '1024Mi', cpu: 0.5 } },
          env: [{ name: 'E', value: '' }],
        },
      ],
      affinity: null,
    },
    metadata: { labels: { b: '1', a: '2' }, name: 'web', creationTimestamp: null },
    kind: 'Pod',
    apiVersion: 'v1',
  })
  expect({ unknown, error }).toEqual({ unknown: [], error: null })
  expect(JSON.stringify(object)).toBe(
    JSON.stringify({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'web', labels: { a: '2', b: '1' } },
      spec: {
        containers: [
          { name: 'c', image: 'i', env: [{ name: 'E' }], resources: { limits: { cpu: '500m', memory: '1Gi' } } },
        ],
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
      },
      status: { startTime: '2026-01-02T02:04:05Z' },
    }),
  )
})

test('unknown fields have paths with indexes, and are dropped', () => {
  const value = {
    metadata: { name: 'web', bogus: 1 },
    spec: { containers: [{ name: 'a' }, { name: 'b', imagge: 'x' }], replicas: 3 },
    extra: {},
  }
  const { object, unknown } = decodeObject(pod, value)
  expect(unknown).toEqual(['extra', 'metadata.bogus', 'spec.replicas', 'spec.containers[1].imagge'])
  expect(JSON.stringify(object)).not.toMatch(/bogus|imagge|replicas|extra/)
})

const inSpec = (spec: Json): Json => ({ metadata: { name: 'x' }, spec })

test.each<[Json, string]>([
  [[], 'json: cannot unmarshal array into Go value of type v1.Pod'],
  ['x', 'json: cannot unmarshal string into Go value of type v1.Pod'],
  [{ metadata: 'x' }, 'json: cannot unmarshal string into Go struct field Pod.metadata of type v1.ObjectMeta'],
  [
    { metadata: { name: 1 } },
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
  ],
  [
    { metadata: { labels: { a: true } } },
    'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels.a of type string',
  ],
  [
    inSpec({ priority: 'high' }),
    'json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    inSpec({ priority: 1.5 }),
    'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    inSpec({ priority: 2 ** 31 }),
    'json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    inSpec({ containers: {} }),
    'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  [
    inSpec({ containers: [{ env: [{ name: 'a', value: 1 }] }] }),
    'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
  ],
  [
    inSpec({ containers: [{ resources: { limits: { cpu: 'much' } } }] }),
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [
    { metadata: { creationTimestamp: 'yesterday' } },
    'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse',
  ],
])('%j is refused: %s', (value, error) => {
  expect(decodeObject(pod, value)).toMatchObject({ object: null, error })
})

test('base64 is checked, and keys may be called anything', () => {
  const parsed = parseJson(
    '{"metadata":{"name":"x"},"data":{"__proto__":"a","constructor":"b"},"binaryData":{"k":"YQ=="}}',
  )
  const { object, error } = decodeObject(configMap, parsed.value)
  expect(error).toBeNull()
  expect(JSON.stringify(object)).toContain('"data":{"__proto__":"a","constructor":"b"}')
  expect(decodeObject(configMap, { binaryData: { k: 'Y!==' } }).error).toBe('illegal base64 data at input byte 1')
})

test('what is always written is there', () => {
  const { object } = decodeObject(node, { metadata: { name: 'n' }, status: { nodeInfo: {}, daemonEndpoints: {} } })
  expect(object).toMatchObject({ status: { nodeInfo: { kubeletVersion: '' } } })
  expect(decodeObject(pod, {}).object).toMatchObject({ metadata: {}, spec: { containers: [] } })
})

test('any JSON is taken or refused; what is taken decodes to itself', () => {
  const key = fc.constantFrom('metadata', 'spec', 'status', 'name', 'labels', 'containers', 'env', '__proto__', 'x')
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 0, 1, '', 'a', true),
      fc.array(tie('any')),
      fc.dictionary(key, tie('any')),
    ),
  })).any
  fc.assert(
    fc.property(value, (json) => {
      const first = decodeObject(pod, json as Json)
      if (first.error !== null) return
      const second = decodeObject(pod, first.object as unknown as Json)
      expect(JSON.stringify(second.object)).toBe(JSON.stringify(first.object))
      expect(second.unknown).toEqual([])
    }),
  )
})
