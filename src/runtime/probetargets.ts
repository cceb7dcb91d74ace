import type { Container as Seen } from '../host/host.ts'
import type { Container, Pod } from '../objects/types.ts'
import { attemptsOf, sandboxOf } from './labels.ts'
import type { PodMemory } from './memory.ts'
import { statusBefore } from './policy.ts'

/** A container that runs and has probes, as they see it. */
export interface ProbeTarget {
  readonly container: Container
  readonly id: string
  readonly address: string
  /** For how long it has run. */
  readonly ranMs: number
  /** What was told of it before. */
  readonly before: { readonly started: boolean; readonly ready: boolean }
}

/** Whom to probe of a pod: none before its network is known. `wallMs` is the clock that the engine's times are on. */
export function probeTargets(
  pod: Pod,
  containers: readonly Seen[],
  { network }: PodMemory,
  wallMs: number,
): readonly ProbeTarget[] {
  const { attached } = network
  if (attached === null) return []
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container): ProbeTarget[] => {
    const { startupProbe, livenessProbe, readinessProbe } = container
    const seen = attemptsOf(container.name, containers).at(-1)?.seen
    if ([startupProbe, livenessProbe, readinessProbe].every((probe) => probe === undefined)) return []
    if (seen?.state !== 'running' || sandboxOf(seen) !== attached.sandbox) return []
    const status = statusBefore(pod, container)
    const same = status?.containerID === `docker://${seen.id}`
    const before = { started: same && status.started === true, ready: same && status.ready }
    const ranMs = Math.max(0, wallMs - (seen.startedAtMs ?? wallMs))
    return [{ container, id: seen.id, address: attached.address, ranMs, before }]
  })
}
