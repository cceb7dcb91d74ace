import type { Container as Seen } from '../host/host.ts'
import type { Container, Pod } from '../objects/types.ts'
import { type ContainerStep, countDeath, runContainer, whenDue } from './container.ts'
import { type Attempt, attemptsOf, failedToStart, hasEnded, isSandbox, sandboxName, sandboxOf } from './labels.ts'
import { type ContainerMemory, type Effort, memoryOf, type PodMemory, remember } from './memory.ts'
import { graceMsOf, initPolicyOf, isSidecar, policyOf, type RestartPolicy, statusBefore } from './policy.ts'
import { type Observed, type PodAction, type Step, type Verdict, verdictOf } from './step.ts'
import { drop, tidyContainers, tidySandboxes } from './tidy.ts'

/** A pod that is to run: its sandbox and its volumes, then the sandbox's network, its init containers in turn, all others. */
export function runPod(pod: Pod, observed: Observed, nowMs: number): Step {
  const { containers } = observed
  const draft: Draft = { actions: [], memory: observed.memory, wakeAtMs: null }
  const shelter = attemptsOf(sandboxName, containers).at(-1)
  const sandbox = shelter?.seen.state === 'running' ? shelter.seen.id : null
  const lost = containers.filter((seen) => isLost(seen, sandbox))
  for (const seen of lost) leave(draft, pod, seen)
  if (sandbox === null) add(draft, sandboxName, makeShelter(shelter, memoryOf(draft.memory, sandboxName), nowMs))
  const { volumes, network } = draft.memory
  if (!volumes.ready) tryWhenDue(draft, { type: 'fill' }, volumes, nowMs)
  if (sandbox !== null && network.attached?.sandbox !== sandbox) {
    tryWhenDue(draft, { type: 'attach', sandbox }, network, nowMs)
  }
  if (sandbox !== null && lost.length === 0 && volumes.ready && network.attached?.sandbox === sandbox) {
    runInTurn(draft, pod, observed, sandbox, nowMs)
  }
  return { ...draft, actions: [...draft.actions, ...tidyContainers(pod, containers), ...tidySandboxes(containers)] }
}

interface Draft {
  readonly actions: PodAction[]
  memory: PodMemory
  wakeAtMs: number | null
}

function add(draft: Draft, container: string, step: ContainerStep): void {
  draft.actions.push(...step.actions)
  draft.memory = remember(draft.memory, container, step.memory)
  wake(draft, step.wakeAtMs)
}

function tryWhenDue(draft: Draft, action: PodAction, { retryAtMs }: Effort, nowMs: number): void {
  if (nowMs >= retryAtMs) draft.actions.push(action)
  else wake(draft, retryAtMs)
}

function wake(draft: Draft, atMs: number | null): void {
  if (atMs !== null) draft.wakeAtMs = Math.min(draft.wakeAtMs ?? atMs, atMs)
}

// ---- The sandbox -------------------------------------------------------------------------------------------------

function makeShelter(latest: Attempt | undefined, before: ContainerMemory, nowMs: number): ContainerStep {
  const memory = { ...before, attempt: Math.max(before.attempt, latest?.attempt ?? -1) }
  if (latest?.seen.state === 'created' && !failedToStart(latest)) {
    return whenDue({ type: 'start', id: latest.seen.id, container: sandboxName }, memory, nowMs)
  }
  const make: PodAction = { type: 'shelter', attempt: memory.attempt + 1 }
  return whenDue(make, latest === undefined ? memory : countDeath(memory, latest, nowMs), nowMs)
}

/** It lives, or may yet, in a sandbox that is gone: whoever stays in it is alone in the world. */
function isLost(seen: Seen, sandbox: string | null): boolean {
  if (isSandbox(seen) || sandboxOf(seen) === sandbox) return false
  return seen.state === 'running' || (seen.state === 'created' && seen.error === undefined)
}

function leave(draft: Draft, pod: Pod, seen: Seen): void {
  const action = drop(seen)
  if (action.type === 'stop') {
    draft.memory = remember(draft.memory, action.container, { replaced: seen.id })
    draft.actions.push({ ...action, graceMs: graceMsOf(pod) })
  } else draft.actions.push(action)
}

// ---- Containers --------------------------------------------------------------------------------------------------

function runInTurn(draft: Draft, pod: Pod, observed: Observed, sandbox: string, nowMs: number): void {
  const { containers } = observed
  const verdictOfNow = (container: Container): Verdict => {
    const id = attemptsOf(container.name, containers).at(-1)?.seen.id ?? ''
    return verdictOf(container, id, observed.verdicts, statusBefore(pod, container))
  }
  const turn = (container: Container, policy: RestartPolicy, again: boolean): Attempt | undefined => {
    const attempts = attemptsOf(container.name, containers)
    const before = memoryOf(draft.memory, container.name)
    const memory = { ...before, attempt: Math.max(before.attempt, attemptOfStatus(pod, container)) }
    const verdict = verdictOfNow(container)
    const graceMs = graceMsOf(pod)
    add(
      draft,
      container.name,
      runContainer({ container, attempts, memory, sandbox, policy, verdict, graceMs, again }, nowMs),
    )
    return attempts.at(-1)
  }

  const initialized = hasBegun(pod, { ...observed, memory: draft.memory }, sandbox)
  for (const init of pod.spec.initContainers ?? []) {
    if (isSidecar(init)) {
      const latest = turn(init, 'Always', false)
      const started = latest?.seen.state === 'running' && verdictOfNow(init).started
      if (!initialized && !started) return
    } else if (!initialized && !isDone(attemptsOf(init.name, containers).at(-1), sandbox)) {
      turn(init, initPolicyOf(pod), true)
      return
    }
  }
  draft.memory = { ...draft.memory, initialized: sandbox }
  for (const container of pod.spec.containers) turn(container, policyOf(pod), false)
}

/** Once the others have begun, no init container is run again in the same sandbox. */
function hasBegun(pod: Pod, { containers, memory }: Observed, sandbox: string): boolean {
  const inIt = ({ name }: Container): boolean =>
    attemptsOf(name, containers).some(({ seen }) => sandboxOf(seen) === sandbox)
  return memory.initialized === sandbox || pod.spec.containers.some(inIt)
}

/** Whether its init containers have done their part in the sandbox that runs. */
export function isInitialized(pod: Pod, observed: Observed): boolean {
  if ((pod.spec.initContainers ?? []).length === 0) return true
  const sandbox = attemptsOf(sandboxName, observed.containers).at(-1)?.seen
  return sandbox?.state === 'running' && hasBegun(pod, observed, sandbox.id)
}

function isDone(latest: Attempt | undefined, sandbox: string): boolean {
  return latest !== undefined && hasEnded(latest) && latest.seen.exitCode === 0 && sandboxOf(latest.seen) === sandbox
}

/** What the status remembers of tries whose containers are gone; -1 when none was ever made. */
function attemptOfStatus(pod: Pod, container: Container): number {
  const status = statusBefore(pod, container)
  return status?.containerID === undefined || status.containerID === '' ? -1 : status.restartCount
}
