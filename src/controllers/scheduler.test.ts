import { describe, expect, it } from 'vitest'
import { conditionOf } from '../objects/conditions.ts'
import type { Node, Pod, PodSpec } from '../objects/types.ts'
import { newFixtureStore } from './fixture.ts'
import { podKind } from './objects.ts'
import { reconcileScheduling } from './scheduler.ts'

const asking = (cpu: string): Partial<PodSpec> => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })

function scheduled(pod: Pod | undefined) {
  return conditionOf(pod?.status?.conditions, 'PodScheduled')
}

describe('the scheduler', () => {
  it('binds, claims in the same transaction, and then has nothing to do', () => {
    const store = newFixtureStore()
    store.node('n1')
    store.pod('web', asking('500m'))
    const first = reconcileScheduling(store.cluster, new Map(), 0)
    expect(store.follow(first.plan)).toEqual(['done'])
    const pod = store.read<Pod>(podKind, 'web')
    expect(pod?.spec.nodeName).toBe('n1')
    expect(scheduled(pod)).toMatchObject({ status: 'True' })
    expect(store.view.limit('node/n1/cpu')).toEqual({ used: 500, capacity: 2000 })
    expect(store.view.limit('node/n1/pods')).toEqual({ used: 1, capacity: 10 })
    expect(reconcileScheduling(store.cluster, first.memory, 1).plan.steps).toEqual([])
  })

  it('is refused by the books where two decide at the same time, and nothing is promised twice', () => {
    const store = newFixtureStore()
    store.node('n1')
    store.pod('b', asking('1500m'))
    const one = reconcileScheduling(store.cluster, new Map(), 0)
    store.pod('a', { ...asking('1500m'), priority: 1 })
    const other = reconcileScheduling(store.cluster, new Map(), 0)
    expect(other.plan.steps.map(({ what }) => what)).toEqual(['pod bound', 'pod cannot be placed'])
    expect(store.follow({ steps: other.plan.steps.slice(0, 1) })).toEqual(['done'])
    expect(store.follow(one.plan)).toEqual(['refused'])
    expect(store.view.limit('node/n1/cpu')?.used).toBe(1500)
  })

  it('says once why there is no place, again when the reason changes, and figures now and then', () => {
    const store = newFixtureStore()
    store.node('n1')
    store.pod('big', asking('3'))
    let { plan, memory } = reconcileScheduling(store.cluster, new Map(), 0)
    expect(store.follow(plan)).toEqual(['done'])
    expect(scheduled(store.read<Pod>(podKind, 'big'))).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu (asked 3, free 2).',
    })
    const look = (nowMs: number) => {
      const step = reconcileScheduling(store.cluster, memory, nowMs)
      plan = step.plan
      memory = step.memory
      return plan
    }
    expect(look(1000).steps).toEqual([])

    store.pod('small', asking('1'))
    expect(store.follow(look(2000))).toEqual(['done'])
    expect(look(3000)).toMatchObject({ steps: [], retryAfterMs: 30_000 })
    expect(look(31_000).steps).toHaveLength(1)
    store.follow(plan)
    expect(look(32_000).steps).toEqual([])

    store.node('n1', { spec: { providerID: 'skein://id-n1', unschedulable: true } })
    expect(look(33_000).steps).toHaveLength(1)
  })

  it('the most important goes first, then who waited longest', () => {
    const store = newFixtureStore()
    store.node('n1')
    const born = (at: string) => ({ metadata: { name: '', creationTimestamp: at } }) as Partial<Pod>
    const named = (name: string, at: string): Partial<Pod> => ({
      metadata: { ...born(at).metadata, name, namespace: 'default', uid: name },
    })
    store.pod('late', asking('1500m'), named('late', '2026-01-02T00:00:00Z'))
    store.pod('early', asking('1500m'), named('early', '2026-01-01T00:00:00Z'))
    const keys = () =>
      reconcileScheduling(store.cluster, new Map(), 0).plan.steps.map(({ what, fields }) => [what, fields.key])
    expect(keys().find(([what]) => what === 'pod bound')?.[1]).toContain('early')
    store.pod('urgent', { ...asking('1500m'), priority: 5 }, named('urgent', '2026-01-03T00:00:00Z'))
    expect(keys().find(([what]) => what === 'pod bound')?.[1]).toContain('urgent')
  })

  it('a pod that names its node is admitted there, or has failed', () => {
    const store = newFixtureStore()
    store.node('n1', { spec: { providerID: 'skein://id-n1', unschedulable: true } })
    store.pod('fits', { ...asking('1500m'), nodeName: 'n1' })
    store.follow(reconcileScheduling(store.cluster, new Map(), 0).plan)
    expect(scheduled(store.read<Pod>(podKind, 'fits'))?.status).toBe('True')
    expect(store.view.limit('node/n1/cpu')?.used).toBe(1500)
    store.pod('other', { nodeName: 'n1', schedulerName: 'mine' })
    store.follow(reconcileScheduling(store.cluster, new Map(), 0).plan)
    expect(scheduled(store.read<Pod>(podKind, 'other'))?.status).toBe('True')
    store.pod('not', { ...asking('1'), nodeName: 'n1' })
    store.pod('nowhere', { nodeName: 'n9' })
    store.follow(reconcileScheduling(store.cluster, new Map(), 0).plan)
    expect(store.read<Pod>(podKind, 'not')?.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, free: 500",
    })
    expect(store.read<Pod>(podKind, 'nowhere')?.status).toBeUndefined()
  })

  it.each([
    [
      'is being deleted',
      {},
      { metadata: { name: 'web', namespace: 'default', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ],
    ['has ended', {}, { status: { phase: 'Failed' } }],
    ['waits for another scheduler', { schedulerName: 'mine' }, {}],
  ])('leaves alone what %s', (_what, spec, more) => {
    const store = newFixtureStore()
    store.node('n1')
    store.pod('web', spec, more as Partial<Pod>)
    expect(reconcileScheduling(store.cluster, new Map(), 0).plan.steps).toEqual([])
  })

  it('places nothing on a Node object that no daemon stands behind', () => {
    const store = newFixtureStore()
    store.node('n1', { spec: {} } as Partial<Node>)
    store.pod('web')
    store.follow(reconcileScheduling(store.cluster, new Map(), 0).plan)
    expect(scheduled(store.read<Pod>(podKind, 'web'))?.message).toBe('no nodes are available: the cluster has none.')
  })
})
