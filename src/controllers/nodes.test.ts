import { describe, expect, it } from 'vitest'
import { conditionOf } from '../objects/conditions.ts'
import type { Node, Pod } from '../objects/types.ts'
import { type FixtureStore, newFixtureStore } from './fixture.ts'
import { type HeardState, reconcileNodes } from './nodes.ts'
import { nodeKind, podKind } from './objects.ts'

function plan(
  store: FixtureStore,
  heard: Record<string, HeardState>,
  active: string[] = [],
  settled = true,
  nowMs = 0,
) {
  const hearing = { heard: new Map(Object.entries(heard)), active: new Set(active), settled, monotonicMs: nowMs }
  return reconcileNodes(store.cluster, hearing, { times: () => 0, missing }, nowMs)
}

const missing = new Map<string, number>()

function readiness(store: FixtureStore, name: string) {
  return conditionOf(store.read<Node>(nodeKind, name)?.status?.conditions, 'Ready')
}

describe('nodes', () => {
  it.each([
    ['alive', 'alive', [], true, 'True'],
    ['suspect', 'suspect', [], true, 'True'],
    ['dead', 'dead', [], true, 'Unknown'],
    ['gone with a farewell', 'left', [], true, 'Unknown'],
    ['dead, says gossip, but the leader hears it', 'dead', ['id-n1'], true, 'True'],
    ['dead, but the leader has only just begun to listen', 'dead', [], false, 'True'],
    ['never heard of', undefined, [], true, 'Unknown'],
  ] as const)('%s', (_what, state, active, settled, status) => {
    const store = newFixtureStore()
    store.node('n1')
    store.follow(plan(store, state === undefined ? {} : { 'id-n1': state }, [...active], settled))
    expect(readiness(store, 'n1')?.status).toBe(status)
  })

  it('a dead node takes no pods, its pods are not ready, and all is undone when it is back', () => {
    const store = newFixtureStore()
    const mine = [{ key: 'mine', effect: 'NoSchedule' }] as const
    store.node('n1', { spec: { providerID: 'skein://id-n1', taints: mine } })
    store.pod('web', { nodeName: 'n1' }, { status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    expect(store.follow(plan(store, { 'id-n1': 'dead' }))).toEqual(['done'])
    expect(store.read<Node>(nodeKind, 'n1')?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
      'mine:NoSchedule',
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ])
    expect(store.follow(plan(store, { 'id-n1': 'dead' }))).toEqual(['done'])
    expect(conditionOf(store.read<Pod>(podKind, 'web')?.status?.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'NodeLost',
    })
    expect(plan(store, { 'id-n1': 'dead' }).steps).toEqual([])
    expect(plan(store, { 'id-n1': 'suspect' }).steps).toEqual([])
    store.follow(plan(store, { 'id-n1': 'alive' }))
    expect(readiness(store, 'n1')?.status).toBe('True')
    expect(store.read<Node>(nodeKind, 'n1')?.spec?.taints).toEqual(mine)
    expect(plan(store, { 'id-n1': 'alive' }).steps).toEqual([])
  })

  it('declares a few dead at a time, but returns all at once', () => {
    const store = newFixtureStore()
    for (let i = 10; i < 35; i++) store.node(`n${i}`)
    const first = plan(store, {})
    expect(first.steps).toHaveLength(10)
    expect(first.retryAfterMs).toBe(1000)
    store.follow(first)
    store.follow(plan(store, {}))
    store.follow(plan(store, {}))
    expect(plan(store, {}).steps).toEqual([])
    const heard = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`id-n${i + 10}`, 'alive' as const]))
    expect(plan(store, heard).steps).toHaveLength(25)
  })

  it('pods of a node that was removed are not ready', () => {
    const store = newFixtureStore()
    store.pod('web', { nodeName: 'n9' }, { status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    store.follow(plan(store, {}))
    expect(conditionOf(store.read<Pod>(podKind, 'web')?.status?.conditions, 'Ready')?.reason).toBe('NodeLost')
  })
})
