import type { Log } from '../host/host.ts'
import { InvalidTxnError, type Outcome, type StoreWriter, type Write } from '../store/types.ts'
import type { PlanStep } from './plan.ts'

/** One transaction of several steps: they need not happen together, but it is cheaper when they do. */
interface Pack {
  readonly steps: readonly PlanStep[]
  readonly writes: readonly Write[]
}

const writesPerPackMax = 64
const bytesPerPackMax = 512 * 1024
const packsAtOnceMax = 16

/** How one step ended. `'skipped'`: the time was over before its turn. */
export type StepEnd = 'done' | 'refused' | 'skipped'

/**
 * Commits steps, many in one transaction and several of those side by side, and waits until they are applied here. A
 * pack that is refused is taken apart, so that what one of them met does not keep the others. Their ends, in order.
 */
export async function commitSteps(
  { writer, log }: { readonly writer: StoreWriter; readonly log: Log },
  steps: readonly PlanStep[],
  goOn: () => boolean,
  signal: AbortSignal,
): Promise<readonly StepEnd[]> {
  const ends = new Map<PlanStep, StepEnd>()
  const packs = packed(steps)
  for (let from = 0; from < packs.length && goOn(); from += packsAtOnceMax) {
    const batch = packs.slice(from, from + packsAtOnceMax)
    const outcomes = await Promise.all(batch.map((pack) => commitPack(writer, pack, log, signal)))
    const singles: Pack[] = []
    for (const [i, outcome] of outcomes.entries()) {
      const pack = batch[i]
      if (pack === undefined) continue
      const apart = outcome.type === 'refused' && pack.steps.length > 1
      if (apart) singles.push(...pack.steps.map((step) => ({ steps: [step], writes: step.txn.writes })))
      else for (const step of pack.steps) ends.set(step, tell(step, outcome, log))
    }
    const again = await Promise.all(singles.map((pack) => commitPack(writer, pack, log, signal)))
    for (const [i, outcome] of again.entries())
      for (const step of singles[i]?.steps ?? []) ends.set(step, tell(step, outcome, log))
  }
  return steps.map((step) => ends.get(step) ?? 'skipped')
}

function tell({ what, fields }: PlanStep, outcome: Outcome, log: Log): StepEnd {
  if (outcome.type === 'done') log.debug(what, fields)
  else log.debug('refused', { what, ...fields, refusals: outcome.refusals })
  return outcome.type
}

async function commitPack(
  writer: StoreWriter,
  { steps, writes }: Pack,
  log: Log,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return await writer.commit({ writes }, signal)
  } catch (cause) {
    if (!(cause instanceof InvalidTxnError)) throw cause
    // What users may write can be too large to be written again with more: it stays as it is, and the rest goes on.
    if (steps.length === 1) log.warn('a controller cannot write this', { what: steps[0]?.what, reason: cause.message })
    return { type: 'refused', refusals: [] }
  }
}

function packed(steps: readonly PlanStep[]): readonly Pack[] {
  const packs: Pack[] = []
  let open: { steps: PlanStep[]; writes: Write[]; bytes: number } | null = null
  for (const step of steps) {
    const bytes = step.txn.writes.reduce((sum, write) => sum + (write.type === 'put' ? write.value.byteLength : 0), 0)
    const fits =
      open !== null &&
      open.writes.length + step.txn.writes.length <= writesPerPackMax &&
      open.bytes + bytes <= bytesPerPackMax
    if (open === null || !fits) {
      open = { steps: [], writes: [], bytes: 0 }
      packs.push(open)
    }
    open.steps.push(step)
    open.writes.push(...step.txn.writes)
    open.bytes += bytes
  }
  return packs
}
