import type { Txn, Write } from '../store/types.ts'

/**
 * What a controller wants done: transactions that stand each for itself, in order of urgency. It is decided from the
 * whole view and from nothing that happened, so that deciding again after any of them failed is always right.
 */
export interface Plan {
  readonly steps: readonly PlanStep[]
  /** When to decide again although nothing changed. */
  readonly retryAfterMs?: number
  /** Who shall vote and who only follow. Carried out at once; repeating it is harmless. */
  readonly membership?: { readonly voters: readonly string[]; readonly learners: readonly string[] }
}

export interface PlanStep {
  readonly txn: Txn
  /** For the log, constant. */
  readonly what: string
  readonly fields: Readonly<Record<string, string>>
  /** What people are told once it is done. */
  readonly events?: readonly Happening[]
}

/** Something that an Event tells of. */
export interface Happening {
  readonly type: 'Normal' | 'Warning'
  /** `SuccessfulCreate`, as Kubernetes calls it. */
  readonly reason: string
  readonly message: string
  /** Whom it is told of. */
  readonly regarding: Regarding
  /** Who tells: `replicaset-controller`, as Kubernetes calls it. */
  readonly source: string
}

export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export const nothingToDo: Plan = { steps: [] }

export function planStep(
  what: string,
  write: Write,
  fields: Readonly<Record<string, string>> = {},
  events?: readonly Happening[],
): PlanStep {
  const step = { txn: { writes: [write] }, what, fields: { key: write.key, ...fields } }
  return events === undefined ? step : { ...step, events }
}

/** Writes that happen together or not at all. */
export function planTogether(
  what: string,
  writes: readonly Write[],
  fields: Readonly<Record<string, string>>,
  events?: readonly Happening[],
): PlanStep {
  return events === undefined ? { txn: { writes }, what, fields } : { txn: { writes }, what, fields, events }
}

/** The earlier of two times or waits; undefined: never. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

export function plan(steps: readonly PlanStep[], retryAfterMs?: number): Plan {
  return retryAfterMs === undefined ? { steps } : { steps, retryAfterMs }
}
