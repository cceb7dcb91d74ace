import type { Container as Seen } from '../host/host.ts'
import type { Container, ContainerStatus } from '../objects/types.ts'
import type { PodMemory } from './memory.ts'

/** What is known of a pod when it is decided what to do next. */
export interface Observed {
  /** All containers of this pod, by its uid; its sandbox among them. */
  readonly containers: readonly Seen[]
  readonly memory: PodMemory
  /** By container id; one without probes need not be there. */
  readonly verdicts: Verdicts
}

export type Verdicts = ReadonlyMap<string, Verdict>

/** What the probes of a running container say. */
export interface Verdict {
  /** It is past its startup probe. */
  readonly started: boolean
  readonly ready: boolean
  /** Why it must be ended, and what its grace is when that is not the pod's; null: it is well. */
  readonly unhealthy: { readonly why: string; readonly graceMs: number | null } | null
}

/**
 * Until its probes have said something: what was told of the same container before, by a daemon that has ended since;
 * else only those probes count that it does not have.
 */
export function verdictOf(
  { startupProbe, readinessProbe }: Container,
  id: string,
  verdicts: Verdicts,
  before: ContainerStatus | undefined,
): Verdict {
  const said = verdicts.get(id)
  if (said !== undefined) return said
  const told = before?.containerID === `docker://${id}` ? before : undefined
  const started = startupProbe === undefined || told?.started === true
  return { started, ready: started && (readinessProbe === undefined || told?.ready === true), unhealthy: null }
}

export type PodAction =
  /** Make and start the container that holds the pod's namespaces. */
  | { readonly type: 'shelter'; readonly attempt: number }
  /** Give the sandbox its network. */
  | { readonly type: 'attach'; readonly sandbox: string }
  /** Put the pod's volumes there, or bring them up to date. */
  | { readonly type: 'fill' }
  /** Get the image if need be, create, start. */
  | { readonly type: 'make'; readonly container: string; readonly attempt: number; readonly sandbox: string }
  | { readonly type: 'start'; readonly id: string; readonly container: string }
  | { readonly type: 'stop'; readonly id: string; readonly container: string; readonly graceMs: number }
  | { readonly type: 'remove'; readonly id: string }
  /** Have every proxy leave the pod alone before it is stopped. */
  | { readonly type: 'withdraw'; readonly address: string }
  /** Remove its link and its volumes. */
  | { readonly type: 'clean' }
  /** The pod has ended for good: its record goes. */
  | { readonly type: 'forget' }

export interface Step {
  /** They do not depend on one another. */
  readonly actions: readonly PodAction[]
  readonly memory: PodMemory
  /** When to look again although nothing happens, on the clock of `nowMs` (monotonic). */
  readonly wakeAtMs: number | null
}
