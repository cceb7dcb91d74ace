import type { Container as Seen } from '../host/host.ts'
import type { Container, Pod } from '../objects/types.ts'
import { deathsInRow, restartDelayMs, retryDelayMs } from './backoff.ts'
import { type Attempt, attemptsOf, failedToStart, labels } from './labels.ts'

/**
 * What to do next for one pod: from what is desired of it, what the engine shows, and what is remembered of earlier
 * steps. Called again after each round of actions until it wants nothing more.
 *
 * Invariants: a container is made only while no other of its tries runs or may yet run; the record of a deleted pod
 * goes only after its last container has gone; the newest ended try is kept, for its exit code and its output.
 */
export function reconcilePod(desired: Pod | null, observed: Observed, nowMs: number): Step {
  const { containers, memory } = observed
  if (desired === null) return end(containers, killAfter(memory, orphanGraceMs, nowMs), nowMs, [])
  if (desired.metadata.deletionTimestamp !== undefined) {
    const held = (desired.metadata.finalizers ?? []).length > 0
    return end(containers, killAfter(memory, graceMsOf(desired), nowMs), nowMs, held ? [] : [{ type: 'forget' }])
  }
  if (isFinished(desired)) return { actions: tidyUp(desired, containers), memory, wakeAtMs: null }
  return run(desired, containers, memory, nowMs)
}

export interface Observed {
  /** All containers of this pod, by its uid. */
  readonly containers: readonly Seen[]
  readonly memory: PodMemory
}

export type PodAction =
  | ContainerAction
  /** The pod has ended for good: its record goes. */
  | { readonly type: 'forget' }

export type ContainerAction =
  /** Get the image if need be, create, start. */
  | { readonly type: 'make'; readonly container: string; readonly attempt: number }
  | { readonly type: 'start'; readonly id: string; readonly container: string }
  | { readonly type: 'stop'; readonly id: string; readonly graceMs: number }
  | { readonly type: 'remove'; readonly id: string }

export interface Step {
  readonly actions: readonly PodAction[]
  readonly memory: PodMemory
  /** When to look again although nothing happens, on the clock of `nowMs` (monotonic). */
  readonly wakeAtMs: number | null
}

/** What the engine cannot tell. Lost with the daemon: then the next waits begin anew. */
export interface PodMemory {
  readonly containers: Readonly<Record<string, ContainerMemory>>
  /** When the grace of a pod that stops is over. */
  readonly killAtMs: number | null
}

export interface ContainerMemory {
  /** The newest try there ever was; -1: none. */
  readonly attempt: number
  /** Deaths in a row, and the last one counted, by the id of the container. */
  readonly deaths: number
  readonly counted: string | null
  /** Why no container could be made, and how often in a row. */
  readonly fault: Fault | null
  readonly faults: number
  /** No next try before this. */
  readonly retryAtMs: number
}

/** In Kubernetes' words: `ErrImagePull`, `CreateContainerError` …, and in the engine's. */
export interface Fault {
  readonly reason: string
  readonly message: string
}

export const emptyMemory: PodMemory = { containers: {}, killAtMs: null }
const emptyContainerMemory: ContainerMemory = {
  attempt: -1,
  deaths: 0,
  counted: null,
  fault: null,
  faults: 0,
  retryAtMs: 0,
}

export function memoryOf(memory: PodMemory, container: string): ContainerMemory {
  return memory.containers[container] ?? emptyContainerMemory
}

/** After a try at making or starting a container that failed. */
export function rememberFault(memory: PodMemory, container: string, fault: Fault, nowMs: number): PodMemory {
  const faults = memoryOf(memory, container).faults + 1
  return remember(memory, container, { fault, faults, retryAtMs: nowMs + retryDelayMs(faults) })
}

export function rememberMade(memory: PodMemory, container: string, attempt: number): PodMemory {
  return remember(memory, container, { attempt, fault: null, faults: 0 })
}

/** A pod that no longer exists gets a moment to end in order. */
const orphanGraceMs = 2_000
const graceSecondsDefault = 30

/** Succeeded or failed: it never runs again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Whether a container that ended is to be left at that. */
export function staysEnded(pod: Pod, { seen }: Attempt): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always'
  return policy === 'Never' || (policy === 'OnFailure' && seen.state === 'exited' && seen.exitCode === 0)
}

// ---- Ending ------------------------------------------------------------------------------------------------------

/** Stops what runs, then removes what has stopped, then does the rest. */
function end(containers: readonly Seen[], memory: PodMemory, nowMs: number, rest: readonly PodAction[]): Step {
  const graceMs = Math.max(0, (memory.killAtMs ?? nowMs) - nowMs)
  const running = containers.filter(({ state }) => state === 'running')
  if (running.length > 0) {
    return { actions: running.map(({ id }) => ({ type: 'stop', id, graceMs })), memory, wakeAtMs: null }
  }
  const removals = containers.map(({ id }): PodAction => ({ type: 'remove', id }))
  return { actions: removals.length > 0 ? removals : rest, memory, wakeAtMs: null }
}

/** The grace counts from when it was first heard of; asking again may shorten it, never lengthen it. */
function killAfter(memory: PodMemory, graceMs: number, nowMs: number): PodMemory {
  return { ...memory, killAtMs: Math.min(memory.killAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs) }
}

function graceMsOf(pod: Pod): number {
  const { deletionGracePeriodSeconds } = pod.metadata
  return (deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? graceSecondsDefault) * 1000
}

// ---- Running -----------------------------------------------------------------------------------------------------

function run(pod: Pod, containers: readonly Seen[], before: PodMemory, nowMs: number): Step {
  const actions: PodAction[] = []
  let memory = before
  let wakeAtMs: number | null = null
  for (const container of pod.spec.containers) {
    const attempts = attemptsOf(container.name, containers)
    const step = runContainer(pod, container, attempts, memoryOf(memory, container.name), nowMs)
    actions.push(...step.actions)
    memory = remember(memory, container.name, step.memory)
    if (step.wakeAtMs !== null) wakeAtMs = Math.min(wakeAtMs ?? step.wakeAtMs, step.wakeAtMs)
  }
  return { actions: [...actions, ...tidyUp(pod, containers)], memory, wakeAtMs }
}

interface ContainerStep {
  readonly actions: readonly PodAction[]
  readonly memory: ContainerMemory
  readonly wakeAtMs: number | null
}

function runContainer(
  pod: Pod,
  container: Container,
  attempts: readonly Attempt[],
  before: ContainerMemory,
  nowMs: number,
): ContainerStep {
  const latest = attempts.at(-1)
  const memory = { ...before, attempt: Math.max(before.attempt, latest?.attempt ?? attemptOfStatus(pod, container)) }
  const overtaken = attempts.slice(0, -1).filter(({ seen }) => seen.state !== 'exited')
  // Only one try may live, so the others go before anything else is done.
  if (overtaken.length > 0) return { actions: overtaken.map(({ seen }) => drop(seen)), memory, wakeAtMs: null }

  const make: PodAction = { type: 'make', container: container.name, attempt: memory.attempt + 1 }
  if (latest === undefined) return whenDue(make, memory, nowMs)
  if (latest.seen.state === 'running') {
    if (!outdated(container, latest)) return { actions: [], memory, wakeAtMs: null }
    const graceMs = (pod.spec.terminationGracePeriodSeconds ?? graceSecondsDefault) * 1000
    return { actions: [{ type: 'stop', id: latest.seen.id, graceMs }], memory, wakeAtMs: null }
  }
  if (latest.seen.state === 'created' && !failedToStart(latest)) {
    return whenDue({ type: 'start', id: latest.seen.id, container: container.name }, memory, nowMs)
  }
  if (outdated(container, latest)) return { actions: [make], memory: { ...memory, retryAtMs: 0 }, wakeAtMs: null }
  if (staysEnded(pod, latest)) return { actions: [], memory, wakeAtMs: null }
  return whenDue(make, countDeath(memory, latest, nowMs), nowMs)
}

function whenDue(action: PodAction, memory: ContainerMemory, nowMs: number): ContainerStep {
  if (nowMs >= memory.retryAtMs) return { actions: [action], memory, wakeAtMs: null }
  return { actions: [], memory, wakeAtMs: memory.retryAtMs }
}

/** Each death counts once, when it is first seen. */
function countDeath(memory: ContainerMemory, dead: Attempt, nowMs: number): ContainerMemory {
  const { id, startedAtMs, finishedAtMs } = dead.seen
  if (memory.counted === id) return memory
  const ranMs = startedAtMs === undefined || finishedAtMs === undefined ? 0 : finishedAtMs - startedAtMs
  const deaths = deathsInRow(memory.deaths, ranMs)
  // What could not even be started will hardly start a moment later.
  const delayMs = failedToStart(dead) ? retryDelayMs(deaths) : restartDelayMs(deaths)
  return { ...memory, deaths, counted: id, fault: null, faults: 0, retryAtMs: nowMs + delayMs }
}

/** The pod's image was changed since: the container is made anew. */
export function outdated(container: Container, { seen }: Attempt): boolean {
  return seen.labels[labels.image] !== (container.image ?? '')
}

/** What the status remembers of tries whose containers are gone; -1 when none was ever made. */
function attemptOfStatus(pod: Pod, container: Container): number {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name)
  return status?.containerID === undefined || status.containerID === '' ? -1 : status.restartCount
}

// ---- Tidying up --------------------------------------------------------------------------------------------------

/** Of each container stays the newest try, and while that has not ended, the newest one that has. */
function tidyUp(pod: Pod, containers: readonly Seen[]): readonly PodAction[] {
  const names = new Set(pod.spec.containers.map(({ name }) => name))
  const strangers = containers.filter((seen) => !names.has(seen.labels[labels.container] ?? ''))
  const spent = [...names].flatMap((name) => {
    const attempts = attemptsOf(name, containers)
    const latest = attempts.at(-1)
    const older = attempts.slice(0, -1).filter(({ seen }) => seen.state === 'exited')
    return latest !== undefined && hasEnded(latest) ? older : older.slice(0, -1)
  })
  return [...strangers, ...spent.map(({ seen }) => seen)].map(drop)
}

function hasEnded(attempt: Attempt): boolean {
  return attempt.seen.state === 'exited' || failedToStart(attempt)
}

function drop({ id, state }: Seen): PodAction {
  return state === 'running' ? { type: 'stop', id, graceMs: orphanGraceMs } : { type: 'remove', id }
}

function remember(memory: PodMemory, container: string, news: Partial<ContainerMemory>): PodMemory {
  const next = { ...memoryOf(memory, container), ...news }
  return { ...memory, containers: { ...memory.containers, [container]: next } }
}
