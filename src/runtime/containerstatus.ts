import { formatTime } from '../lib/rfc3339.ts'
import type { Container, ContainerState, ContainerStatus, Pod } from '../objects/types.ts'
import { restartDelayMs } from './backoff.ts'
import { type Attempt, attemptsOf, failedToStart, sandboxName } from './labels.ts'
import { type ContainerMemory, type Fault, memoryOf, type PodMemory } from './memory.ts'
import { isFinished, outdated, type RestartPolicy, statusBefore, staysEnded } from './policy.ts'
import { type Observed, verdictOf } from './step.ts'

/** A container and what it is to its pod. */
export interface Part {
  readonly container: Container
  readonly role: 'main' | 'init' | 'sidecar'
  readonly policy: RestartPolicy
}

/** What is to be told of one container of a pod. */
export function containerStatus(
  pod: Pod,
  part: Part,
  initialized: boolean,
  observed: Observed,
  nowMs: number,
): ContainerStatus {
  const { container, role } = part
  const { memory } = observed
  const attempts = attemptsOf(container.name, observed.containers)
  const latest = attempts.at(-1)
  const before = statusBefore(pod, container)
  const end = (attempt: Attempt): ContainerState | null => terminated(attempt, memory, before)
  const ended = attempts.slice(0, -1).findLast(({ seen }) => seen.state === 'exited')
  const state = stateOf(pod, part, latest, initialized, memory, nowMs, end)
  const retired = state.waiting !== undefined && latest !== undefined && end(latest) !== null ? latest : ended
  const lastState = retired === undefined ? before?.lastState : (end(retired) ?? undefined)
  const shown = latest ?? retired
  const running = state.running !== undefined
  const verdict = verdictOf(container, latest?.seen.id ?? '', observed.verdicts, before)
  const done = role === 'init' && state.terminated?.exitCode === 0
  const containerID = shown === undefined ? before?.containerID : `docker://${shown.seen.id}`
  return {
    name: container.name,
    state,
    ...(lastState !== undefined && { lastState }),
    ready: done || (running && role !== 'init' && verdict.ready),
    restartCount: latest?.attempt ?? before?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: shown === undefined ? (before?.imageID ?? '') : `docker://${shown.seen.imageId}`,
    ...(containerID !== undefined && { containerID }),
    started: running && verdict.started,
  }
}

function stateOf(
  pod: Pod,
  { container, role, policy }: Part,
  latest: Attempt | undefined,
  initialized: boolean,
  memory: PodMemory,
  nowMs: number,
  endOf: (attempt: Attempt) => ContainerState | null,
): ContainerState {
  const own = memoryOf(memory, container.name)
  const { fault, faults, retryAtMs } = own
  if (latest === undefined || (latest.seen.state === 'created' && !failedToStart(latest))) {
    if (fault === null) return { waiting: beforeIt(role, initialized, memory) }
    // The second failure and later ones are shown as the wait between them, as kubectl's users know it.
    const reason = fault.reason === 'ErrImagePull' && faults > 1 ? 'ImagePullBackOff' : fault.reason
    return { waiting: { reason, message: fault.message } }
  }
  if (latest.seen.state === 'running') return { running: startedAt(latest) }
  const end = endOf(latest) ?? {}
  if (outdated(container, latest) && !isFinished(pod)) return { waiting: { reason: 'ContainerCreating' } }
  if (isFinished(pod) || staysEnded(policy, latest) || pod.metadata.deletionTimestamp !== undefined) return end
  if (fault !== null) return { waiting: { reason: fault.reason, message: fault.message } }
  if (failedToStart(latest)) return { waiting: { reason: 'RunContainerError', message: latest.seen.error } }
  return nowMs >= retryAtMs ? end : { waiting: backOff(pod, container, own) }
}

/** What a container waits for that has never been tried. */
function beforeIt(role: Part['role'], initialized: boolean, memory: PodMemory): { reason: string; message?: string } {
  const faults: readonly (Fault | null)[] = [
    memoryOf(memory, sandboxName).fault,
    memory.network.fault,
    memory.volumes.fault,
  ]
  const fault = faults.find((each) => each !== null)
  const reason = role === 'main' && !initialized ? 'PodInitializing' : 'ContainerCreating'
  return fault === undefined || fault === null ? { reason } : { reason, message: fault.message }
}

function backOff(pod: Pod, { name: container }: Container, { deaths }: ContainerMemory) {
  const { name, namespace, uid } = pod.metadata
  const which = `container=${container} pod=${name}_${namespace}(${uid})`
  const message = `back-off ${duration(restartDelayMs(deaths))} restarting failed ${which}`
  return { reason: 'CrashLoopBackOff', message }
}

/** As Go writes it: `10s`, `1m20s`. */
function duration(ms: number): string {
  const seconds = ms / 1000
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

/** How a try ended; null when it has not. */
function terminated(
  attempt: Attempt,
  { messages }: PodMemory,
  before: ContainerStatus | undefined,
): ContainerState | null {
  const { seen } = attempt
  const containerID = `docker://${seen.id}`
  if (failedToStart(attempt)) {
    return { terminated: { exitCode: startErrorCode, reason: 'ContainerCannotRun', message: seen.error, containerID } }
  }
  if (seen.state !== 'exited') return null
  const exitCode = seen.exitCode ?? unknownExitCode
  const reason = seen.oomKilled === true ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error'
  // Its last words go with its files; what was told of them stays.
  const told = [before?.state?.terminated, before?.lastState?.terminated].find(
    (end) => end?.containerID === containerID,
  )
  const message = seen.error ?? messages[seen.id] ?? told?.message
  return {
    terminated: {
      exitCode,
      reason,
      ...(message !== undefined && message !== '' && { message }),
      ...startedAt(attempt),
      ...(seen.finishedAtMs !== undefined && { finishedAt: formatTime(seen.finishedAtMs) }),
      containerID,
    },
  }
}

/** As containerd has it. */
const startErrorCode = 128
const unknownExitCode = 137

function startedAt({ seen }: Attempt): { startedAt?: string } {
  return seen.startedAtMs === undefined ? {} : { startedAt: formatTime(seen.startedAtMs) }
}
