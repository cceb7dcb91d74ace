import type { Container as Seen } from '../host/host.ts'
import { formatTime } from '../lib/rfc3339.ts'
import { withCondition } from '../objects/conditions.ts'
import type { Condition, Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../objects/types.ts'
import { restartDelayMs } from './backoff.ts'
import { type Attempt, attemptsOf, failedToStart } from './labels.ts'
import { isFinished, memoryOf, type Observed, outdated, type PodMemory, staysEnded } from './pods.ts'

export interface StatusInput {
  readonly hostIP: string
  /** The leader has declared this node lost: what it wrote of the pod's readiness stands until it takes it back. */
  readonly declaredLost: boolean
  /** Wall clock. */
  readonly wallMs: number
  /** The clock of the pod's memory. */
  readonly nowMs: number
}

/** What the pod's status should say. Says the same as before when nothing changed, so that nothing need be written. */
export function podStatus(pod: Pod, observed: Observed, input: StatusInput): PodStatus {
  const before = pod.status ?? {}
  const containerStatuses = pod.spec.containers.map((container) =>
    containerStatus(pod, container, observed, input.nowMs),
  )
  const phase = phaseOf(pod, containerStatuses)
  const podIP = addressOf(pod, observed.containers, input.hostIP)
  return {
    ...before,
    phase,
    conditions: conditionsOf(pod, phase, containerStatuses, input),
    hostIP: input.hostIP,
    hostIPs: [{ ip: input.hostIP }],
    ...(podIP === undefined ? { podIP, podIPs: undefined } : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: before.startTime ?? formatTime(input.wallMs),
    containerStatuses,
  }
}

// ---- Containers --------------------------------------------------------------------------------------------------

function containerStatus(pod: Pod, container: Container, observed: Observed, nowMs: number): ContainerStatus {
  const attempts = attemptsOf(container.name, observed.containers)
  const latest = attempts.at(-1)
  const before = pod.status?.containerStatuses?.find(({ name }) => name === container.name)
  const ended = attempts.slice(0, -1).findLast(({ seen }) => seen.state === 'exited')
  const state = stateOf(pod, container, latest, observed.memory, nowMs)
  const retired = state.waiting !== undefined && latest !== undefined && terminated(latest) !== null ? latest : ended
  const lastState = retired === undefined ? before?.lastState : (terminated(retired) ?? undefined)
  const shown = latest ?? retired
  const running = state.running !== undefined
  return {
    name: container.name,
    state,
    ...(lastState !== undefined && { lastState }),
    ready: running,
    restartCount: latest?.attempt ?? before?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: shown === undefined ? (before?.imageID ?? '') : `docker://${shown.seen.imageId}`,
    ...containerIdOf(shown, before),
    started: running,
  }
}

function containerIdOf(shown: Attempt | undefined, before: ContainerStatus | undefined): { containerID?: string } {
  const containerID = shown === undefined ? before?.containerID : `docker://${shown.seen.id}`
  return containerID === undefined ? {} : { containerID }
}

function stateOf(
  pod: Pod,
  container: Container,
  latest: Attempt | undefined,
  memory: PodMemory,
  nowMs: number,
): ContainerState {
  const { fault, faults, retryAtMs, deaths } = memoryOf(memory, container.name)
  if (latest === undefined || (latest.seen.state === 'created' && !failedToStart(latest))) {
    if (fault === null) return { waiting: { reason: 'ContainerCreating' } }
    // The second failure and later ones are shown as the wait between them, as kubectl's users know it.
    const reason = fault.reason === 'ErrImagePull' && faults > 1 ? 'ImagePullBackOff' : fault.reason
    return { waiting: { reason, message: fault.message } }
  }
  if (latest.seen.state === 'running') return { running: startedAt(latest.seen) }
  const end = terminated(latest) ?? {}
  if (outdated(container, latest) && !isFinished(pod)) return { waiting: { reason: 'ContainerCreating' } }
  if (isFinished(pod) || staysEnded(pod, latest) || pod.metadata.deletionTimestamp !== undefined) return end
  if (fault !== null) return { waiting: { reason: fault.reason, message: fault.message } }
  if (failedToStart(latest)) return { waiting: { reason: 'RunContainerError', message: latest.seen.error } }
  if (nowMs >= retryAtMs) return end
  const { name, namespace, uid } = pod.metadata
  const which = `container=${container.name} pod=${name}_${namespace}(${uid})`
  const message = `back-off ${duration(restartDelayMs(deaths))} restarting failed ${which}`
  return { waiting: { reason: 'CrashLoopBackOff', message } }
}

/** As Go writes it: `10s`, `1m20s`. */
function duration(ms: number): string {
  const seconds = ms / 1000
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

/** How a try ended; null when it has not. */
function terminated(attempt: Attempt): ContainerState | null {
  const { seen } = attempt
  const containerID = `docker://${seen.id}`
  if (failedToStart(attempt)) {
    return { terminated: { exitCode: startErrorCode, reason: 'StartError', message: seen.error, containerID } }
  }
  if (seen.state !== 'exited') return null
  const exitCode = seen.exitCode ?? unknownExitCode
  const reason = seen.oomKilled === true ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error'
  return {
    terminated: {
      exitCode,
      reason,
      ...(seen.error !== undefined && { message: seen.error }),
      ...startedAt(seen),
      ...(seen.finishedAtMs !== undefined && { finishedAt: formatTime(seen.finishedAtMs) }),
      containerID,
    },
  }
}

/** As containerd has it. */
const startErrorCode = 128
const unknownExitCode = 137

function startedAt(seen: Seen): { startedAt?: string } {
  return seen.startedAtMs === undefined ? {} : { startedAt: formatTime(seen.startedAtMs) }
}

// ---- The pod -----------------------------------------------------------------------------------------------------

function phaseOf(pod: Pod, statuses: readonly ContainerStatus[]): string {
  const before = pod.status?.phase ?? 'Pending'
  // A phase never goes back from an end, and what a deletion ends is told by the deletion.
  if (isFinished(pod) || pod.metadata.deletionTimestamp !== undefined) return before
  const ends = statuses.map(({ state }) => state?.terminated)
  const policy = pod.spec.restartPolicy ?? 'Always'
  const over = ends.every(
    (end) => end !== undefined && (policy === 'Never' || (policy === 'OnFailure' && end.exitCode === 0)),
  )
  if (over) return ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed'
  const begun = statuses.every(({ state, lastState }) => state?.waiting === undefined || lastState !== undefined)
  return begun ? 'Running' : before
}

function conditionsOf(
  pod: Pod,
  phase: string,
  statuses: readonly ContainerStatus[],
  { wallMs, declaredLost }: StatusInput,
): readonly Condition[] {
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name)
  const verdict = readiness(phase, unready)
  const over = phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}
  const before = pod.status?.conditions
  const initialized = withCondition(before, { type: 'Initialized', status: 'True', ...over }, wallMs)
  const contained = withCondition(initialized, { type: 'ContainersReady', ...verdict }, wallMs)
  if (declaredLost && before?.some(({ type, reason }) => type === 'Ready' && reason === 'NodeLost')) return contained
  return withCondition(contained, { type: 'Ready', ...verdict }, wallMs)
}

function readiness(phase: string, unready: readonly string[]): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (unready.length === 0) return { status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

/** The address of what runs; after that, none. */
function addressOf(pod: Pod, containers: readonly Seen[], hostIP: string): string | undefined {
  const running = containers.find(({ state }) => state === 'running')
  if (running === undefined) return isFinished(pod) ? pod.status?.podIP : undefined
  return pod.spec.hostNetwork === true ? hostIP : running.address
}
