import type { Clock } from '../host/host.ts'
import { sameJson } from '../lib/equal.ts'
import { writeStored } from '../objects/stored.ts'
import type { Pod } from '../objects/types.ts'
import type { StoreView, StoreWriter } from '../store/types.ts'
import { isDeclaredLost } from './node.ts'
import { ownNode, type Wanted } from './own.ts'
import { isFinished } from './policy.ts'
import { podStatus } from './status.ts'
import type { Verdicts } from './step.ts'
import { isFault, type Troubles } from './troubles.ts'
import type { Worker } from './worker.ts'

interface StatusParts {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly clock: Clock
  readonly self: { readonly name: string; readonly identity: string }
  readonly hostIP: string
  readonly troubles: Troubles
  readonly wanted: (worker: Worker) => Wanted | null
  readonly isCurrent: (worker: Worker) => boolean
  readonly verdicts: (uid: string) => Verdicts
  readonly broke: (cause: Error) => void
}

const writeRetryMs = 1_000

/** Tells the cluster what has become of pods, beside the steps, so that containers are looked after while nothing can be written. */
export function newStatusWriter(parts: StatusParts, signal: AbortSignal): (worker: Worker) => void {
  const { view, writer, clock, self, hostIP, troubles, wanted, isCurrent, verdicts, broke } = parts

  function write(worker: Worker): void {
    worker.writeAgain = true
    if (!worker.writing) void writeWhileAsked(worker)
  }

  /** Never rejects. */
  async function writeWhileAsked(worker: Worker): Promise<void> {
    worker.writing = true
    try {
      while (worker.writeAgain && isCurrent(worker)) {
        worker.writeAgain = false
        worker.cancelWrite()
        // Refused: somebody else wrote the pod meanwhile, and the view shows it by now.
        if (!(await writeOnce(worker))) worker.writeAgain = true
      }
    } catch (cause) {
      if (signal.aborted) return
      if (!isFault(cause)) return broke(cause as Error)
      troubles.failed('status', 'statuses of pods cannot be written for now', cause)
      worker.cancelWrite = clock.after(writeRetryMs, () => write(worker))
    } finally {
      worker.writing = false
    }
  }

  /** False when it was refused. */
  async function writeOnce(worker: Worker): Promise<boolean> {
    const now = wanted(worker)
    const own = ownNode(view, self)
    if (now === null || own === null || worker.seen === null) return true
    const observed = { containers: worker.seen, memory: worker.memory, verdicts: verdicts(worker.uid) }
    const declaredLost = isDeclaredLost(own.node)
    const status = podStatus(now.pod, observed, {
      hostIP,
      declaredLost,
      wallMs: clock.nowMs(),
      nowMs: clock.monotonicMs(),
    })
    if (sameJson(status, now.pod.status)) return true
    const next: Pod = { ...now.pod, status }
    const expect = { type: 'revision', revision: now.version.revision } as const
    const put = { type: 'put', key: worker.key, expect, value: writeStored(next) } as const
    // What has ended takes nothing of its node any more.
    const outcome = await writer.commit({ writes: [isFinished(next) ? { ...put, claims: [] } : put] }, signal)
    troubles.worked('status', 'statuses of pods are written again')
    return outcome.type === 'done'
  }

  return write
}
