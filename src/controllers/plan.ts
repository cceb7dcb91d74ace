import type { Txn, Write } from '../store/types.ts'

/**
 * What a controller wants done: transactions that stand each for itself, in order of urgency. It is decided from the
 * whole view and from nothing that happened, so that deciding again after any of them failed is always right.
 */
export interface Plan {
  readonly steps: readonly PlanStep[]
  /** When to decide again although nothing changed. */
  readonly retryAfterMs?: number
}

export interface PlanStep {
  readonly txn: Txn
  /** For the log, constant. */
  readonly what: string
  readonly fields: Readonly<Record<string, string>>
}

export const nothingToDo: Plan = { steps: [] }

export function planStep(what: string, write: Write, fields: Readonly<Record<string, string>> = {}): PlanStep {
  return { txn: { writes: [write] }, what, fields: { key: write.key, ...fields } }
}
