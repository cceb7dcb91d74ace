import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { beginDeletion, deletionFinished, deletionForbidden, type Propagation, withPropagation } from './deletion.ts'
import { findKindByName } from './kinds.ts'
import type { KubeObject, Pod } from './types.ts'

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const pods = must(findKindByName('v1', 'Pod'), 'pods are served')
const maps = must(findKindByName('v1', 'ConfigMap'), 'config maps are served')
const namespaces = must(findKindByName('v1', 'Namespace'), 'namespaces are served')

const pod = (nodeName: string, more: object = {}): Pod =>
  ({ metadata: { name: 'p', generation: 1 }, spec: { nodeName, containers: [] }, ...more }) as unknown as Pod
const marked = (grace: number, more: object = {}): KubeObject =>
  ({
    ...pod('n1'),
    metadata: {
      name: 'p',
      deletionTimestamp: '2026-01-02T03:04:35Z',
      deletionGracePeriodSeconds: grace,
      ...more,
    },
  }) as KubeObject

describe('a pod', () => {
  test.each([
    ['that waits for a node goes at once', pod(''), null],
    ['that has succeeded goes at once', pod('n1', { status: { phase: 'Succeeded' } }), 60],
    ['that has failed goes at once', pod('n1', { status: { phase: 'Failed' } }), null],
    ['that is forced goes at once', pod('n1'), 0],
    ['that ends already goes when it is forced', marked(30), 0],
  ])('%s', (_what, object, grace) => {
    expect(beginDeletion(pods, object, grace, nowMs)).toEqual({ type: 'gone' })
  })

  test.each([
    ['as long as asked for', pod('n1'), 5, '2026-01-02T03:04:10Z', 5],
    ['30 s where nothing is said', pod('n1'), null, '2026-01-02T03:04:35Z', 30],
    ['1 s for less than nothing', pod('n1'), -3, '2026-01-02T03:04:06Z', 1],
    ['less than before', marked(30), 10, '2026-01-02T03:04:15Z', 10],
  ])('is given %s', (_what, object, grace, deletionTimestamp, deletionGracePeriodSeconds) => {
    const deletion = beginDeletion(pods, object, grace, nowMs)
    expect(deletion).toMatchObject({
      type: 'marked',
      object: { metadata: { deletionTimestamp, deletionGracePeriodSeconds } },
    })
  })

  test.each([
    ['nothing asked', null],
    ['as much', 30],
    ['more', 60],
  ])('that ends already goes on ending: %s', (_what, grace) => {
    expect(beginDeletion(pods, marked(30), grace, nowMs)).toEqual({ type: 'pending' })
  })
})

test('finalizers hold an object, forced or not', () => {
  const held = { metadata: { name: 'm', finalizers: ['a.b/c'] } }
  expect(beginDeletion(maps, held, 0, nowMs)).toMatchObject({ type: 'marked' })
  expect(beginDeletion(pods, marked(30, { finalizers: ['a.b/c'] }), 0, nowMs)).toMatchObject({
    type: 'marked',
    object: { metadata: { deletionGracePeriodSeconds: 0 } },
  })
  expect(beginDeletion(maps, { metadata: { name: 'm' } }, null, nowMs)).toEqual({ type: 'gone' })
})

test('a namespace is marked and told so; those of the cluster never may be', () => {
  const namespace = { metadata: { name: 'a' }, spec: { finalizers: ['kubernetes'] } }
  const deletion = beginDeletion(namespaces, namespace, 0, nowMs)
  expect(deletion).toMatchObject({ type: 'marked', object: { status: { phase: 'Terminating' } } })
  expect(deletionForbidden(namespaces, 'a')).toBeNull()
  expect(deletionForbidden(maps, 'default')).toBeNull()
  expect(deletionForbidden(namespaces, 'default')).toBe('this namespace may not be deleted')
})

test.each([
  ['not marked', { metadata: { name: 'm' } }, false],
  ['marked, and held by nothing', marked(0), true],
  ['marked, and held', marked(0, { finalizers: ['a.b/c'] }), false],
  ['marked, with time left', marked(30), false],
])('after an update an object that is %s: gone %s', (_what, object, gone) => {
  expect(deletionFinished(pods, object)).toBe(gone)
})

test.each<[readonly string[], Propagation | null, readonly string[]]>([
  [[], null, []],
  [[], 'Background', []],
  [[], 'Foreground', ['foregroundDeletion']],
  [[], 'Orphan', ['orphan']],
  [['a.b/c'], 'Orphan', ['a.b/c', 'orphan']],
  [['orphan', 'a.b/c'], 'Foreground', ['a.b/c', 'foregroundDeletion']],
  [['foregroundDeletion'], 'Foreground', ['foregroundDeletion']],
  [['foregroundDeletion', 'a.b/c'], 'Background', ['a.b/c']],
  [['orphan'], null, ['orphan']],
])('with %j, %s leaves %j', (before, propagation, after) => {
  const object = { metadata: { name: 'm', ...(before.length > 0 && { finalizers: before }) } }
  const next = withPropagation(object, propagation)
  expect(next.metadata.finalizers ?? []).toEqual(after)
  expect(next === object).toBe(before.join() === after.join())
})
