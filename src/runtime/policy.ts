import type { Container as Seen } from '../host/host.ts'
import type { Container, ContainerStatus, Pod } from '../objects/types.ts'
import { type Attempt, attemptsOf, hasEnded, labels } from './labels.ts'
import { memoryOf, type PodMemory } from './memory.ts'

/** When a container that ended is started again, and how long one may take to end. */

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/** What has no pod any more, or no network, gets a moment to end in order. */
export const orphanGraceMs = 2_000
const graceSecondsDefault = 30

/** Succeeded or failed: it never runs again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** An init container that goes on beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function policyOf(pod: Pod): RestartPolicy {
  return pod.spec.restartPolicy ?? 'Always'
}

/** An init container has to end well, however often that takes, unless nothing of the pod is ever tried twice. */
export function initPolicyOf(pod: Pod): RestartPolicy {
  return policyOf(pod) === 'Never' ? 'Never' : 'OnFailure'
}

/** Whether a try that ended is to be left at that. */
export function staysEnded(policy: RestartPolicy, { seen }: Attempt): boolean {
  return policy === 'Never' || (policy === 'OnFailure' && seen.state === 'exited' && seen.exitCode === 0)
}

/** The pod's image was changed since: the container is made anew. */
export function outdated(container: Container, { seen }: Attempt): boolean {
  return seen.labels[labels.image] !== (container.image ?? '')
}

/** What was told of a container last. */
export function statusBefore(pod: Pod, { name }: Container): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name)
}

export function graceMsOf(pod: Pod): number {
  const { deletionGracePeriodSeconds } = pod.metadata
  return (deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? graceSecondsDefault) * 1000
}

/** Nothing of the pod will run again, though something may yet: its containers have all ended for good, or one that had to come first has failed. */
export function isOver(pod: Pod, containers: readonly Seen[], memory: PodMemory): boolean {
  const latest = (container: Container): Attempt | undefined => attemptsOf(container.name, containers).at(-1)
  const over = (container: Container): boolean => {
    const last = latest(container)
    if (last === undefined || !hasEnded(last) || outdated(container, last)) return false
    const replaced = memoryOf(memory, container.name).replaced === last.seen.id
    return policyOf(pod) === 'Never' || (staysEnded(policyOf(pod), last) && !replaced)
  }
  if (pod.spec.containers.every(over)) return true
  if (policyOf(pod) !== 'Never') return false
  return (pod.spec.initContainers ?? []).some((init) => {
    const last = latest(init)
    return !isSidecar(init) && last !== undefined && hasEnded(last) && last.seen.exitCode !== 0
  })
}
