import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeObject } from './decode.ts'
import { configMap } from './kinds/configmap.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { decodeProtobuf } from './protobuf.ts'
import { newWireReader, varintsOf } from './wire.ts'

// A writer as small as the format, so that the samples can be read.
type Part = readonly [number: number, value: number | bigint | string | Uint8Array | readonly Part[]]

function varint(value: bigint): number[] {
  let rest = BigInt.asUintN(64, value)
  const bytes: number[] = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return [...bytes, Number(rest)]
}

function message(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap(([number, value]) => {
      if (typeof value === 'number' || typeof value === 'bigint')
        return [...varint(BigInt(number * 8)), ...varint(BigInt(value))]
      const bytes =
        typeof value === 'string'
          ? new TextEncoder().encode(value)
          : value instanceof Uint8Array
            ? value
            : message(...value)
      return [...varint(BigInt(number * 8 + 2)), ...varint(BigInt(bytes.length)), ...bytes]
    }),
  )
}

function envelope(kind: string, raw: Uint8Array, apiVersion = 'v1'): Uint8Array {
  return Uint8Array.from([
    0x6b,
    0x38,
    0x73,
    0,
    ...message(
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, raw],
      [3, ''],
      [4, ''],
    ),
  ])
}

test('a ConfigMap as kubectl sends it', () => {
  const meta: Part = [
    1,
    [
      [1, 'm'],
      [2, ''],
      [3, ''],
      [4, ''],
      [5, ''],
      [6, ''],
      [7, 0],
      [8, []],
    ],
  ]
  const body = envelope(
    'ConfigMap',
    message(
      meta,
      [
        2,
        [
          [1, 'a'],
          [2, '1'],
        ],
      ],
      [
        2,
        [
          [1, 'b'],
          [2, ''],
        ],
      ],
      [
        3,
        [
          [1, 'c'],
          [2, 'hi'],
        ],
      ],
      [4, 0],
    ),
  )
  const { apiVersion, kind, value, error } = { apiVersion: '', kind: '', ...decodeProtobuf(body) }
  expect({ apiVersion, kind, error }).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', error: null })
  expect(decodeObject(configMap, value).object).toEqual({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'm' },
    data: { a: '1', b: '' },
    binaryData: { c: 'aGk=' },
    immutable: false,
  })
})

test('a Pod: quantities, numbers or names, times, inlined messages, negative and packed integers', () => {
  const limits: Part = [
    1,
    [
      [1, 'cpu'],
      [2, [[1, '0.5']]],
    ],
  ]
  const handler: Part = [
    1,
    [
      [
        2,
        [
          [1, '/x'],
          [
            2,
            [
              [1, 1],
              [2, 0],
              [3, 'web'],
            ],
          ],
        ],
      ],
    ],
  ]
  const container: Part = [
    2,
    [
      [1, 'c'],
      [2, 'i'],
      [8, [limits]],
      [10, [handler, [2, 3]]],
    ],
  ]
  const security: Part = [
    14,
    [
      [2, -1],
      [4, Uint8Array.from([1, 0xac, 0x02])],
      [4, 7],
    ],
  ]
  const body = envelope(
    'Pod',
    message(
      [
        1,
        [
          [1, 'p'],
          [
            9,
            [
              [1, 1_767_323_045],
              [2, 5],
            ],
          ],
        ],
      ],
      [2, [container, security]],
    ),
  )
  expect(decodeObject(pod, decodeProtobuf(body).value).object).toMatchObject({
    metadata: { name: 'p', deletionTimestamp: '2026-01-02T03:04:05Z' },
    spec: {
      containers: [
        {
          resources: { limits: { cpu: '500m' } },
          livenessProbe: { httpGet: { path: '/x', port: 'web' }, initialDelaySeconds: 3 },
        },
      ],
      securityContext: { runAsUser: -1, supplementalGroups: [1, 300, 7] },
    },
  })
})

test('the zero time is none; managed fields are JSON inside', () => {
  const zero: Part = [
    8,
    [
      [1, -62_135_596_800n],
      [2, 0],
    ],
  ]
  const managed: Part = [
    17,
    [
      [1, 'kubectl'],
      [7, [[1, '{"f:spec":{}}']]],
    ],
  ]
  const body = envelope('Node', message([1, [[1, 'n'], zero, managed]]))
  expect(decodeObject(node, decodeProtobuf(body).value).object?.metadata).toEqual({
    name: 'n',
    managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
  })
})

test('DeleteOptions of any group', () => {
  const body = envelope(
    'DeleteOptions',
    message([1, 0], [2, [[1, 'u1']]], [4, 'Background'], [5, 'All']),
    'meta.k8s.io/v1',
  )
  expect(decodeProtobuf(body).value).toEqual({
    gracePeriodSeconds: 0,
    preconditions: { uid: 'u1' },
    propagationPolicy: 'Background',
    dryRun: ['All'],
  })
})

test.each<[string, Uint8Array, string]>([
  [
    'JSON',
    new TextEncoder().encode('{}'),
    'provided data does not appear to be a protobuf message, expected prefix 6b387300',
  ],
  ['nothing', new Uint8Array(), 'provided data does not appear to be a protobuf message, expected prefix 6b387300'],
  ['another kind', envelope('Widget', message()), 'no kind "Widget" is registered for version "v1"'],
  ['a cut message', envelope('Pod', Uint8Array.from([0x0a, 0x05, 1])), 'proto: unexpected EOF'],
  ['a group', envelope('Pod', Uint8Array.from([0x0b])), 'proto: illegal wireType 3'],
  ['field 0', envelope('Pod', Uint8Array.from([0x02, 0])), 'proto: illegal tag 0'],
  ['a number where a message is due', envelope('Pod', message([1, 5])), 'proto: wrong wireType'],
  ['an endless number', envelope('Pod', Uint8Array.from(Array(12).fill(0xff))), 'proto: integer overflow'],
  ['too large a number', envelope('Pod', message([1, [[7, 2n ** 60n]]])), 'proto: integer overflow'],
  ['bad text', envelope('Pod', message([1, [[1, Uint8Array.from([0xff])]]])), 'proto: invalid UTF-8'],
])('%s is refused', (_, body, error) => {
  expect(decodeProtobuf(body)).toEqual({ value: null, error })
})

test('integers come back as they went', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(varintsOf(Uint8Array.from(varint(BigInt(value))))).toEqual([value])
      expect(newWireReader(message([3, value])).next()).toEqual({ number: 3, value })
    }),
  )
})

test('any bytes are taken or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      decodeProtobuf(envelope('Pod', bytes))
      decodeProtobuf(Uint8Array.from([0x6b, 0x38, 0x73, 0, ...bytes]))
    }),
  )
})
