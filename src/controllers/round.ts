import type { Change, StoreView } from '../store/types.ts'
import { type Cluster, newCluster } from './cluster.ts'
import type { StepEnd } from './commit.driver.ts'
import type { Controller } from './controller.ts'
import type { Plan, PlanStep } from './plan.ts'
import { type Item, newQueue } from './queue.ts'

/**
 * The work of one term: which keys are to be looked at, and what their controllers want. A driver asks for a round,
 * carries its steps out, tells how they ended, and asks for the next.
 */
export interface Work {
  /** Changes that the view already shows. Empty: it shows another cluster altogether. */
  follow(changes: readonly Change[]): void
  /** Looks again at all keys of these controllers. */
  wake(names: ReadonlySet<string>): void
  next(now: Now): Round
  /** `ends[i]` is that of `round.steps[i]`. */
  ended(round: Round, ends: readonly StepEnd[], now: Now): void
  /** How long until there is something to do; 0: now; null: not by the passing of time. */
  waitMs(now: Now): number | null
}

export interface Now {
  readonly monotonicMs: number
  readonly wallMs: number
}

export interface Round {
  readonly steps: readonly PlanStep[]
  readonly membership: Plan['membership'] | null
  readonly looks: readonly Look[]
}

interface Look {
  readonly item: Item
  readonly plan: Plan
  /** Of its steps, those that are in the round, by index; others waited for somebody who writes the same. */
  readonly taken: readonly number[]
}

const keysPerRoundMax = 128

export function newWork(view: StoreView, controllers: readonly Controller[]): Work {
  const queue = newQueue()
  let cluster: Cluster = newCluster(view)

  function lookAt(indexes: Iterable<number>): void {
    for (const index of indexes)
      for (const key of controllers[index]?.keys(cluster) ?? []) queue.add({ controller: index, key })
  }
  lookAt(controllers.keys())

  return {
    follow(changes) {
      if (changes.length === 0) {
        cluster = newCluster(view)
        lookAt(controllers.keys())
        return
      }
      for (const touch of cluster.follow(changes)) {
        for (const [index, controller] of controllers.entries()) {
          for (const key of controller.touched(touch, cluster)) queue.add({ controller: index, key })
        }
      }
    },
    wake(names) {
      lookAt([...controllers.entries()].flatMap(([index, { name }]) => (names.has(name) ? [index] : [])))
    },
    next({ monotonicMs, wallMs }) {
      const items = [...queue.take(monotonicMs, keysPerRoundMax)].sort((a, b) => a.controller - b.controller)
      // Two controllers may want to write the same object: the first does, the other looks again.
      const written = new Set<string>()
      const steps: PlanStep[] = []
      let membership: Plan['membership'] | null = null
      const looks = items.flatMap((item): Look[] => {
        const plan = controllers[item.controller]?.reconcile(item.key, cluster, wallMs)
        if (plan === undefined) return []
        membership = plan.membership ?? membership
        const taken = plan.steps.flatMap((step) => {
          if (!step.txn.writes.every(({ key }) => !written.has(key))) return []
          for (const { key } of step.txn.writes) written.add(key)
          return steps.push(step) - 1
        })
        return [{ item, plan, taken }]
      })
      return { steps, membership, looks }
    },
    ended({ looks }, ends, { monotonicMs }) {
      for (const { item, plan, taken } of looks) {
        if (plan.retryAfterMs !== undefined) queue.later(item, plan.retryAfterMs, monotonicMs)
        if (taken.some((index) => ends[index] !== 'done')) queue.failed(item, monotonicMs)
        else {
          queue.succeeded(item)
          if (taken.length < plan.steps.length) queue.add(item)
          const { paceMs = 0 } = controllers[item.controller] ?? {}
          if (taken.length > 0 && paceMs > 0) queue.rest(item, paceMs, monotonicMs)
        }
      }
    },
    waitMs({ monotonicMs }) {
      const at = queue.nextMs()
      return at === null ? null : Math.max(0, at - monotonicMs)
    },
  }
}
