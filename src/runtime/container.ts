import type { Container } from '../objects/types.ts'
import { deathsInRow, restartDelayMs, retryDelayMs } from './backoff.ts'
import { type Attempt, failedToStart, sandboxOf } from './labels.ts'
import type { ContainerMemory } from './memory.ts'
import { outdated, type RestartPolicy, staysEnded } from './policy.ts'
import type { PodAction, Verdict } from './step.ts'
import { drop } from './tidy.ts'

/** One container of a pod, whose turn it is to run. */
export interface Turn {
  readonly container: Container
  /** Its tries, oldest first. */
  readonly attempts: readonly Attempt[]
  readonly memory: ContainerMemory
  /** The id of the sandbox that runs. */
  readonly sandbox: string
  readonly policy: RestartPolicy
  /** Of its latest try. */
  readonly verdict: Verdict
  readonly graceMs: number
  /** What ended well in an earlier sandbox has to be done again. */
  readonly again: boolean
}

export interface ContainerStep {
  readonly actions: readonly PodAction[]
  readonly memory: ContainerMemory
  readonly wakeAtMs: number | null
}

/** What to do next for it. Tries that do not belong to this sandbox have been stopped before. */
export function runContainer(turn: Turn, nowMs: number): ContainerStep {
  const { container, attempts, sandbox, verdict } = turn
  const latest = attempts.at(-1)
  const memory = { ...turn.memory, attempt: Math.max(turn.memory.attempt, latest?.attempt ?? -1) }
  const overtaken = attempts.slice(0, -1).filter(({ seen }) => seen.state !== 'exited')
  // Only one try may live, so the others go before anything else is done.
  if (overtaken.length > 0) return { actions: overtaken.map(({ seen }) => drop(seen)), memory, wakeAtMs: null }

  const make: PodAction = { type: 'make', container: container.name, attempt: memory.attempt + 1, sandbox }
  if (latest === undefined) return whenDue(make, memory, nowMs)
  const { id } = latest.seen
  if (latest.seen.state === 'running') {
    if (!outdated(container, latest) && verdict.unhealthy === null) return { actions: [], memory, wakeAtMs: null }
    const graceMs = verdict.unhealthy?.graceMs ?? turn.graceMs
    const stop: PodAction = { type: 'stop', id, container: container.name, graceMs }
    return { actions: [stop], memory: { ...memory, replaced: id }, wakeAtMs: null }
  }
  if (latest.seen.state === 'created' && !failedToStart(latest)) {
    return whenDue({ type: 'start', id, container: container.name }, memory, nowMs)
  }
  if (outdated(container, latest)) return { actions: [make], memory: { ...memory, retryAtMs: 0 }, wakeAtMs: null }
  if (turn.again && latest.seen.exitCode === 0 && sandboxOf(latest.seen) !== sandbox) {
    return whenDue(make, memory, nowMs)
  }
  const replaced = memory.replaced === id && turn.policy !== 'Never'
  if (staysEnded(turn.policy, latest) && !replaced) return { actions: [], memory, wakeAtMs: null }
  return whenDue(make, countDeath(memory, latest, nowMs), nowMs)
}

export function whenDue(action: PodAction, memory: ContainerMemory, nowMs: number): ContainerStep {
  if (nowMs >= memory.retryAtMs) return { actions: [action], memory, wakeAtMs: null }
  return { actions: [], memory, wakeAtMs: memory.retryAtMs }
}

/** Each death counts once, when it is first seen. */
export function countDeath(memory: ContainerMemory, dead: Attempt, nowMs: number): ContainerMemory {
  const { id, startedAtMs, finishedAtMs } = dead.seen
  if (memory.counted === id) return memory
  const ranMs = startedAtMs === undefined || finishedAtMs === undefined ? 0 : finishedAtMs - startedAtMs
  const deaths = deathsInRow(memory.deaths, ranMs)
  // What could not even be started will hardly start a moment later.
  const delayMs = failedToStart(dead) ? retryDelayMs(deaths) : restartDelayMs(deaths)
  return { ...memory, deaths, counted: id, fault: null, faults: 0, retryAtMs: nowMs + delayMs }
}
