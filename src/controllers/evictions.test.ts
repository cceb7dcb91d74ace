import { describe, expect, it } from 'vitest'
import type { Pod, Toleration } from '../objects/types.ts'
import { newTaintTimes } from './evictions.ts'
import { newFixtureStore } from './fixture.ts'
import { newModel, web } from './model.ts'
import { reconcileNodes } from './nodes.ts'
import { deploymentKind, podKind } from './objects.ts'
import { isActive } from './pods.ts'

const unreachable = 'node.kubernetes.io/unreachable'
const byDefault: Toleration = { key: unreachable, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
const owned = (kind: string) => ({
  metadata: {
    name: 'web',
    namespace: 'default',
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'u', controller: true }],
  },
})

/** How long after the taint the pod is evicted, in seconds; null: never within an hour. */
function evictedAfter(pod: Partial<Pod>, tolerations: readonly Toleration[], taint = unreachable): number | null {
  const store = newFixtureStore()
  const taints = [{ key: taint, effect: 'NoExecute', timeAdded: '1970-01-01T00:00:00Z' }] as const
  store.node('n1', { spec: { providerID: 'skein://id-n1', taints } }, [
    { type: 'Ready', status: taint === unreachable ? 'Unknown' : 'True' },
  ])
  store.node('n2')
  store.pod('web', { nodeName: 'n1', tolerations }, pod)
  const hearing = {
    heard: new Map([
      ['id-n2', 'alive' as const],
      ['id-n1', taint === unreachable ? ('dead' as const) : ('alive' as const)],
    ]),
    active: new Set<string>(),
    settled: true,
  }
  const memory = { times: newTaintTimes(), missing: new Map() }
  for (let seconds = 0; seconds <= 3_600; seconds++) {
    const { steps } = reconcileNodes(store.cluster, { ...hearing, monotonicMs: seconds * 1000 }, memory, 0)
    if (steps.some(({ what }) => what === 'pod evicted')) return seconds
  }
  return null
}

describe('who leaves a node', () => {
  it.each<[string, Partial<Pod>, readonly Toleration[], number | null]>([
    ['of a replica set, as everything is by default: at once', owned('ReplicaSet'), [byDefault], 0],
    ['that nobody would replace: as Kubernetes has it', {}, [byDefault], 300],
    ['of a stateful set: as Kubernetes has it', owned('StatefulSet'), [byDefault], 300],
    ['that says another time', owned('ReplicaSet'), [{ ...byDefault, tolerationSeconds: 20 }], 20],
    ['that says no time stays', owned('ReplicaSet'), [{ key: unreachable, operator: 'Exists' }], null],
    ['the shortest time counts', {}, [byDefault, { operator: 'Exists', tolerationSeconds: 40 }], 40],
    ['that tolerates nothing', {}, [], 0],
  ])('one %s', (_what, pod, tolerations, seconds) => expect(evictedAfter(pod, tolerations)).toBe(seconds))

  it("also for an operator's own taint", () => {
    expect(evictedAfter({}, [byDefault], 'maintenance')).toBe(0)
    expect(evictedAfter({}, [{ key: 'maintenance', operator: 'Exists', tolerationSeconds: 7 }], 'maintenance')).toBe(7)
  })

  it('counts from when a taint was first seen', () => {
    const times = newTaintTimes()
    const taint = { key: 'a', effect: 'NoExecute' } as const
    expect([times('n1', taint, 5), times('n1', taint, 9), times('n2', taint, 9)]).toEqual([5, 5, 9])
  })
})

describe('a node that dies', () => {
  it('its pods run elsewhere a few rounds later, and its records go once it is back', () => {
    const model = newModel(['n1', 'n2', 'n3'])
    model.create(deploymentKind, web({ replicas: 6 }))
    model.settle()
    model.alive.delete('n1')
    const lostMs = model.nowMs
    for (let i = 0; i < 12; i++) {
      model.round()
      model.live(1)
      model.nowMs += 20
    }
    const elsewhere = model.pods().filter((pod) => isActive(pod) && pod.spec.nodeName !== 'n1')
    expect(elsewhere).toHaveLength(6)
    expect(model.nowMs - lostMs).toBeLessThan(1_500)
    expect(model.pods()).toHaveLength(8)
    model.alive.add('n1')
    model.settle()
    expect(model.pods()).toHaveLength(6)
  })

  it('nothing is replaced by a leader that hears fewer than half of the nodes', () => {
    const model = newModel(['n1', 'n2', 'n3', 'n4', 'n5'])
    model.create(deploymentKind, web({ replicas: 5 }))
    model.settle()
    for (const node of ['n1', 'n2', 'n3']) model.alive.delete(node)
    for (let i = 0; i < 100; i++) {
      model.round()
      model.nowMs += 1_000
    }
    expect(model.pods().filter(isActive)).toHaveLength(5)
    model.alive.add('n1')
    for (let i = 0; i < 20; i++) {
      model.round()
      model.live(1)
      model.nowMs += 100
    }
    expect(model.pods().filter((pod) => isActive(pod) && model.alive.has(pod.spec.nodeName ?? ''))).toHaveLength(5)
  })

  it('pods of a node whose object was taken away end after a while', () => {
    const store = newFixtureStore()
    store.pod('web', { nodeName: 'n9' })
    const memory = { times: () => 0, missing: new Map<string, number>() }
    const hearing = { heard: new Map(), active: new Set<string>(), settled: true }
    const look = (nowMs: number) =>
      store.follow(reconcileNodes(store.cluster, { ...hearing, monotonicMs: nowMs }, memory, 0))
    look(0)
    look(39_000)
    expect(store.read<Pod>(podKind, 'web')?.metadata.deletionTimestamp).toBeUndefined()
    look(40_000)
    expect(store.read<Pod>(podKind, 'web')?.metadata.deletionTimestamp).toBeDefined()
  })
})
