import { since } from '../columns.ts'
import type { ValueOf } from '../schema.ts'
import type { KubeObject } from '../value.ts'
import type { PodSpec } from './podspec.ts'
import type { PodStatus } from './podstatus.ts'

/** A pod in one line, by kubectl's rules. */

type Pod = KubeObject & { readonly spec: ValueOf<typeof PodSpec>; readonly status?: ValueOf<typeof PodStatus> }
type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]

/** `1/2`. */
export function shownReadiness({ spec, status }: Pod): string {
  return `${(status?.containerStatuses ?? []).filter(isReady).length}/${spec.containers.length}`
}

/** The phase, unless a container's reason or the deletion says more. */
export function shownStatus({ metadata, status = {} }: Pod): string {
  const terminal = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') return 'Unknown'
    if (!terminal) return 'Terminating'
  }
  const containers = status.containerStatuses ?? []
  // Of several containers the first with a reason speaks for the pod.
  const reason = containers.map(reasonOf).find((said) => said !== null) ?? initialReason(status)
  if (reason !== 'Completed' || !containers.some(isReady)) return reason
  return isTrue(status, 'Ready') ? 'Running' : 'NotReady'
}

/** `3 (5m ago)`. */
export function shownRestarts({ status = {} }: Pod, nowMs: number): string {
  const containers = status.containerStatuses ?? []
  const restarts = containers.reduce((sum, container) => sum + container.restartCount, 0)
  const last = containers
    .flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
    .sort()
    .at(-1)
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${since(last, nowMs)} ago)`
}

function initialReason(status: NonNullable<Pod['status']>): string {
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
