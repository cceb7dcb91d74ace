import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { errorCause, errorMessage, errorsMessage } from './field.ts'
import {
  born,
  container,
  faults,
  LABEL,
  LABEL_VALUE,
  NAME_PART,
  NOT_YET,
  named,
  podWith,
  SUBDOMAIN,
} from './fixture.ts'
import type { Kind } from './kind.ts'
import { configMap } from './kinds/configmap.ts'
import { joinToken } from './kinds/jointoken.ts'
import { namespace } from './kinds/namespace.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { prepareStatusUpdate, prepareUpdate } from './prepare.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from './validate.ts'
import type { Json, JsonObject, KubeObject } from './value.ts'

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

test("a node's subnet stays", () => {
  const bare = born(node, named({ name: 'n1' }))
  const member = { ...bare, spec: { podCIDR: '10.244.1.0/24' } } as KubeObject
  expect(validateUpdate(node, member, bare)).toEqual([])
  expect(validateUpdate(node, member, member)).toEqual([])
  expect(validateUpdate(node, bare, member).map(errorMessage)).toEqual([
    'spec.podCIDR: Forbidden: may not change once set: pods have addresses in it',
  ])
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
