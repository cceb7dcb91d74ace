import type { Container as Seen } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import { attemptsOf, containerOf, hasEnded, isSandbox, sandboxName } from './labels.ts'
import { orphanGraceMs } from './policy.ts'
import type { PodAction } from './step.ts'

/** Of each container stays the newest try, and while that has not ended, the newest one that has. */
export function tidyContainers(pod: Pod, containers: readonly Seen[]): readonly PodAction[] {
  const names = namesOf(pod)
  const strangers = containers.filter((seen) => !isSandbox(seen) && !names.has(containerOf(seen)))
  const spent = [...names].flatMap((name) => {
    const attempts = attemptsOf(name, containers)
    const latest = attempts.at(-1)
    const older = attempts.slice(0, -1).filter(({ seen }) => seen.state === 'exited')
    return latest !== undefined && hasEnded(latest) ? older : older.slice(0, -1)
  })
  return [...strangers, ...spent.map(({ seen }) => seen)].map(drop)
}

/** Of sandboxes stays the newest, while it has not ended: there is nothing in them to look at. */
export function tidySandboxes(containers: readonly Seen[]): readonly PodAction[] {
  const sandboxes = attemptsOf(sandboxName, containers)
  const newest = sandboxes.at(-1)
  return sandboxes.filter((each) => each !== newest || hasEnded(each)).map(({ seen }) => drop(seen))
}

/** Also what runs and should not: it is stopped first. A sandbox has nothing to end in order. */
export function drop(seen: Seen): PodAction {
  const { id, state } = seen
  if (state !== 'running' || isSandbox(seen)) return { type: 'remove', id }
  return { type: 'stop', id, container: containerOf(seen), graceMs: orphanGraceMs }
}

function namesOf(pod: Pod): ReadonlySet<string> {
  return new Set([...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name))
}
