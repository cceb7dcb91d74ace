import { must } from '../lib/assert.ts'
import { amountsOf, nodeAmounts } from '../objects/capacity.ts'
import type { Kind } from '../objects/kind.ts'
import { memberNode } from '../objects/member.ts'
import { keyOf, readStored, writeStored } from '../objects/stored.ts'
import type { Condition, KubeObject, Node, Pod, PodSpec } from '../objects/types.ts'
import { encodeProposal } from '../store/codec.ts'
import { newStoreCore } from '../store/store.ts'
import type { Outcome, PutWrite, StoreView, Txn } from '../store/types.ts'
import { type Cluster, newCluster } from './cluster.ts'
import { nodeKind, podKind } from './objects.ts'
import type { Plan } from './plan.ts'

/** For tests: a real store core, and objects put into it without ceremony. */
export interface FixtureStore {
  readonly view: StoreView
  /** Follows the view. */
  readonly cluster: Cluster
  commit(txn: Txn): Outcome
  put(kind: Kind, object: KubeObject, more?: Partial<PutWrite>): void
  node(name: string, more?: Partial<Node>, conditions?: readonly Condition[]): void
  pod(name: string, spec?: Partial<PodSpec>, more?: Partial<Pod>): void
  read<T extends KubeObject>(kind: Kind, name: string): T | undefined
  /** Commits the plan; the outcomes in order. */
  follow(plan: Plan): readonly Outcome['type'][]
}

export const ready: readonly Condition[] = [{ type: 'Ready', status: 'True' }]

export function newFixtureStore(): FixtureStore {
  const core = newStoreCore()
  const { view } = core
  const cluster = newCluster(view)
  view.subscribe((changes) => void cluster.follow(changes))
  let sequence = 0

  const store: FixtureStore = {
    view,
    cluster,
    commit(txn) {
      sequence++
      const mark = { origin: 'fixture', since: 0, sequence, acked: sequence }
      const { verdict, changes } = core.apply({ index: core.head.index + 1, term: 1, data: encodeProposal(mark, txn) })
      core.publish(changes)
      return must(verdict.type === 'decided' ? verdict.outcome : null, 'each proposal is new')
    },
    put(kind, object, more = {}) {
      const key = keyOf(kind, object.metadata.namespace ?? '', object.metadata.name)
      const before = view.get(key)
      const expect =
        before === undefined
          ? ({ type: 'absent' } as const)
          : ({ type: 'revision', revision: before.revision } as const)
      const value = writeStored(object)
      const outcome = store.commit({ writes: [{ type: 'put', key, expect, value, ...more }] })
      must(outcome.type === 'done' ? outcome : null, `the fixture may write ${key}`)
    },
    node(name, more = {}, conditions = ready) {
      const member = { name, identity: `id-${name}`, gossipAddresses: [], apiAddress: '' }
      const born = memberNode(member, {})
      const allocatable = { cpu: '2', memory: '1Gi', pods: '10' }
      const object = { ...born, ...more, status: { allocatable, conditions } }
      store.put(nodeKind, object, { provides: nodeAmounts(name, amountsOf(allocatable)) })
    },
    pod(name, spec = {}, more = {}) {
      store.put(podKind, {
        ...more,
        metadata: { name, namespace: 'default', uid: `uid-${name}`, ...more.metadata },
        spec: { containers: [{ name: 'main' }], ...spec },
      } as Pod)
    },
    read(kind, name) {
      const version = view.get(keyOf(kind, kind.namespaced ? 'default' : '', name))
      return version === undefined ? undefined : readStored(kind, version)
    },
    follow: (plan) => plan.steps.map(({ txn }) => store.commit(txn).type),
  }
  return store
}
