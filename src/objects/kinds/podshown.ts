import { since } from '../columns.ts'
import type { ValueOf } from '../schema.ts'
import type { KubeObject } from '../value.ts'
import type { PodSpec } from './podspec.ts'
import type { PodStatus } from './podstatus.ts'

/** A pod in one line, by kubectl's rules. */

type Pod = KubeObject & { readonly spec: ValueOf<typeof PodSpec>; readonly status?: ValueOf<typeof PodStatus> }
type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]

/** `1/2`: of the containers that shall go on running, those that start before the others among them. */
export function shownReadiness(pod: Pod): string {
  const { spec, status = {} } = pod
  const sidecars = sidecarNames(spec)
  const before = (status.initContainerStatuses ?? []).filter(({ name, ready }) => sidecars.has(name) && ready)
  const rest = initialReason(pod) === null ? (status.containerStatuses ?? []).filter(isReady) : []
  return `${before.length + rest.length}/${spec.containers.length + sidecars.size}`
}

/** The phase, unless a container's reason or the deletion says more. */
export function shownStatus(pod: Pod): string {
  const { metadata, status = {} } = pod
  const terminal = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') return 'Unknown'
    if (!terminal) return 'Terminating'
  }
  const before = initialReason(pod)
  if (before !== null) return before
  const containers = status.containerStatuses ?? []
  // Of several containers the first with a reason speaks for the pod.
  const reason = containers.map(reasonOf).find((said) => said !== null) ?? ownReason(status)
  if (reason !== 'Completed' || !containers.some(isReady)) return reason
  return isTrue(status, 'Ready') ? 'Running' : 'NotReady'
}

/** `3 (5m ago)`: once it runs, what its init containers had to repeat no longer counts. */
export function shownRestarts(pod: Pod, nowMs: number): string {
  const { spec, status = {} } = pod
  const sidecars = sidecarNames(spec)
  const before = status.initContainerStatuses ?? []
  const containers =
    initialReason(pod) === null
      ? [...before.filter(({ name }) => sidecars.has(name)), ...(status.containerStatuses ?? [])]
      : before
  const restarts = containers.reduce((sum, container) => sum + container.restartCount, 0)
  const last = containers
    .flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
    .sort()
    .at(-1)
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${since(last, nowMs)} ago)`
}

/** Init containers that go on running beside the others. */
function sidecarNames(spec: Pod['spec']): ReadonlySet<string> {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return new Set(sidecars.map(({ name }) => name))
}

/** `Init:0/1`, or why an init container does not get on; null when they are all through. */
function initialReason({ spec, status = {} }: Pod): string | null {
  if (isTrue(status, 'Initialized')) return null
  const sidecars = sidecarNames(spec)
  const containers = status.initContainerStatuses ?? []
  const through = ({ name, started, state = {} }: ContainerStatus): boolean =>
    state.terminated?.exitCode === 0 || (sidecars.has(name) && started === true)
  const at = containers.findIndex((container) => !through(container))
  const stuck = containers[at]
  if (stuck === undefined) return null
  const { waiting, terminated } = stuck.state ?? {}
  if (terminated !== undefined) return `Init:${reasonOf(stuck)}`
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
  return `Init:${at}/${spec.initContainers?.length ?? 0}`
}

function ownReason(status: NonNullable<Pod['status']>): string {
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  return gated ? 'SchedulingGated' : status.reason || status.phase || 'Unknown'
}

function reasonOf({ state = {} }: ContainerStatus): string | null {
  const { waiting, terminated } = state
  if (waiting?.reason) return waiting.reason
  if (terminated === undefined) return null
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`
}

function isReady({ ready, state }: ContainerStatus): boolean {
  return ready && state?.running !== undefined
}

function isTrue(status: NonNullable<Pod['status']>, wanted: string): boolean {
  return status.conditions?.some(({ type, status: said }) => type === wanted && said === 'True') ?? false
}
