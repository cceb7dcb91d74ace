import type { Pod } from '../objects/types.ts'
import { endPod, nextToStop, stop } from './ending.ts'
import { isSandbox } from './labels.ts'
import { graceMsOf, isFinished, isOver, orphanGraceMs } from './policy.ts'
import { runPod } from './running.ts'
import type { Observed, PodAction, Step } from './step.ts'
import { tidyContainers } from './tidy.ts'

/**
 * What to do next for one pod: from what is desired of it, what the engine shows, and what is remembered of earlier
 * steps. The actions of one step do not depend on one another; it is called again after each round of them until it
 * wants nothing more.
 *
 * Invariants: a container is made only while no other of its tries runs or may yet run, only in a sandbox that runs and
 * has its network, with its volumes, and after the init containers before it; the record of a deleted pod goes only
 * after its last container has gone; the newest ended try is kept, for its exit code and its output.
 */
export function reconcilePod(desired: Pod | null, observed: Observed, nowMs: number): Step {
  if (desired === null) return endPod(null, observed, orphanGraceMs, nowMs, [])
  if (desired.metadata.deletionTimestamp !== undefined) {
    const held = (desired.metadata.finalizers ?? []).length > 0
    return endPod(desired, observed, graceMsOf(desired), nowMs, held ? [] : [{ type: 'forget' }])
  }
  const finished = isFinished(desired)
  if (!finished && !isOver(desired, observed.containers, observed.memory)) return runPod(desired, observed, nowMs)
  return comeToRest(desired, observed, finished)
}

/** The pod has ended by itself: sidecars stop, then the sandbox goes; its containers stay to be looked at, without link and volumes. */
function comeToRest(pod: Pod, { containers, memory }: Observed, finished: boolean): Step {
  const rest = (actions: readonly PodAction[]): Step => ({ actions, memory, wakeAtMs: null })
  const stopping = nextToStop(pod, containers)
  if (stopping.length > 0) return rest(stopping.map((seen) => stop(seen, graceMsOf(pod))))
  const sandboxes = containers.filter(isSandbox).map(({ id }): PodAction => ({ type: 'remove', id }))
  const removing = [...sandboxes, ...tidyContainers(pod, containers)]
  if (removing.length > 0) return rest(removing)
  // Its last words have been read once the status says that it has ended.
  return rest(finished && !memory.cleaned ? [{ type: 'clean' }] : [])
}
