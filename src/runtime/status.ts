import { formatTime } from '../lib/rfc3339.ts'
import { withCondition } from '../objects/conditions.ts'
import type { Condition, ContainerStatus, Pod, PodStatus } from '../objects/types.ts'
import { containerStatus, type Part } from './containerstatus.ts'
import { attemptsOf, isSandbox, sandboxName } from './labels.ts'
import { initPolicyOf, isFinished, isOver, isSidecar, policyOf } from './policy.ts'
import { isInitialized } from './running.ts'
import type { Observed } from './step.ts'

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
  const over = isFinished(pod) || isOver(pod, observed.containers, observed.memory)
  const initialized = isInitialized(pod, observed) || (over && isTrue(before, 'Initialized'))
  const parts = partsOf(pod, over)
  const shown = parts.map((part) => containerStatus(pod, part, initialized, observed, input.nowMs))
  const inits = shown.filter((_, i) => parts[i]?.role !== 'main')
  const mains = shown.filter((_, i) => parts[i]?.role === 'main')
  // A sidecar serves with the others; an init container has done its part before.
  const serving = shown.filter((_, i) => parts[i]?.role !== 'init')
  const phase = phaseOf(pod, observed, over, mains, inits)
  const podIP = addressOf(pod, observed)
  return {
    ...before,
    phase,
    conditions: conditionsOf(pod, phase, initialized ? [] : inits, serving, input),
    hostIP: input.hostIP,
    hostIPs: [{ ip: input.hostIP }],
    ...(podIP === undefined ? { podIP, podIPs: undefined } : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: before.startTime ?? formatTime(input.wallMs),
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: mains,
  }
}

function partsOf(pod: Pod, over: boolean): readonly Part[] {
  const inits = (pod.spec.initContainers ?? []).map((container): Part => {
    if (isSidecar(container)) return { container, role: 'sidecar', policy: over ? 'Never' : 'Always' }
    return { container, role: 'init', policy: initPolicyOf(pod) }
  })
  const policy = over ? 'Never' : policyOf(pod)
  return [...inits, ...pod.spec.containers.map((container): Part => ({ container, role: 'main', policy }))]
}

function phaseOf(
  pod: Pod,
  { containers }: Observed,
  over: boolean,
  mains: readonly ContainerStatus[],
  inits: readonly ContainerStatus[],
): string {
  const before = pod.status?.phase ?? 'Pending'
  // A phase never goes back from an end, and what a deletion ends is told by the deletion.
  if (isFinished(pod) || pod.metadata.deletionTimestamp !== undefined) return before
  if (over) {
    if (containers.some((seen) => seen.state === 'running' && !isSandbox(seen))) return before
    const well = mains.every(({ state }) => state?.terminated?.exitCode === 0)
    return well || (mains.length === 0 && inits.length === 0) ? 'Succeeded' : 'Failed'
  }
  const begun = mains.every(({ state, lastState }) => state?.waiting === undefined || lastState !== undefined)
  return begun ? 'Running' : before
}

// ---- Conditions --------------------------------------------------------------------------------------------------

function conditionsOf(
  pod: Pod,
  phase: string,
  unfinished: readonly ContainerStatus[],
  serving: readonly ContainerStatus[],
  { wallMs, declaredLost }: StatusInput,
): readonly Condition[] {
  const unready = serving.filter(({ ready }) => !ready).map(({ name }) => name)
  const verdict = readiness(phase, unready)
  const before = pod.status?.conditions
  const initialized = withCondition(before, { type: 'Initialized', ...initialization(phase, unfinished) }, wallMs)
  const contained = withCondition(initialized, { type: 'ContainersReady', ...verdict }, wallMs)
  if (declaredLost && before?.some(({ type, reason }) => type === 'Ready' && reason === 'NodeLost')) return contained
  return withCondition(contained, { type: 'Ready', ...verdict }, wallMs)
}

function initialization(phase: string, unfinished: readonly ContainerStatus[]): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  if (unfinished.length === 0) return { status: 'True' }
  const names = unfinished.filter(({ ready }) => !ready).map(({ name }) => name)
  const message = `containers with incomplete status: [${names.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotInitialized', message }
}

function readiness(phase: string, unready: readonly string[]): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (unready.length === 0) return { status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

function isTrue(status: PodStatus, wanted: string): boolean {
  return status.conditions?.some(({ type, status: said }) => type === wanted && said === 'True') ?? false
}

// ---- The address -------------------------------------------------------------------------------------------------

/** That of the sandbox which runs, told with the first container in it; of what has ended, the last one. */
function addressOf(pod: Pod, { containers, memory }: Observed): string | undefined {
  const before = pod.status?.podIP
  if (isFinished(pod)) return before
  const sandbox = attemptsOf(sandboxName, containers).at(-1)?.seen
  if (sandbox?.state !== 'running' || containers.every(isSandbox)) return undefined
  const { attached } = memory.network
  // A daemon that has just begun has not asked yet: until then the last word counts.
  return attached?.sandbox === sandbox.id ? attached.address : before
}
