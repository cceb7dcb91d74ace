import type { Container as Seen } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import { containerOf, isSandbox } from './labels.ts'
import type { PodMemory } from './memory.ts'
import { isSidecar } from './policy.ts'
import type { Observed, PodAction, Step } from './step.ts'

/**
 * A pod that ends: first every proxy leaves it alone, then its containers stop, then its sidecars, the last first; then
 * everything is removed, its link and its volumes, and then comes the rest. `pod` is null when its record is gone.
 */
export function endPod(
  pod: Pod | null,
  { containers, memory }: Observed,
  graceMs: number,
  nowMs: number,
  rest: readonly PodAction[],
): Step {
  const stopping = nextToStop(pod, containers)
  if (stopping.length > 0) {
    const address = memory.network.attached?.address
    if (pod !== null && address !== undefined && !memory.withdrawn && graceMs > 0) {
      return { actions: [{ type: 'withdraw', address }], memory, wakeAtMs: null }
    }
    const ending = killAfter(memory, graceMs, nowMs)
    const leftMs = Math.max(0, (ending.killAtMs ?? nowMs) - nowMs)
    return { actions: stopping.map((seen) => stop(seen, leftMs)), memory: ending, wakeAtMs: null }
  }
  if (containers.length > 0) {
    return { actions: containers.map(({ id }) => ({ type: 'remove', id })), memory, wakeAtMs: null }
  }
  return { actions: memory.cleaned ? rest : [{ type: 'clean' }], memory, wakeAtMs: null }
}

/** What may be stopped now of what runs: containers all together, then sidecars one by one, the last begun first. */
export function nextToStop(pod: Pod | null, containers: readonly Seen[]): readonly Seen[] {
  const running = containers.filter((seen) => seen.state === 'running' && !isSandbox(seen))
  const sidecars = (pod?.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name)
  const before = running.filter((seen) => !sidecars.includes(containerOf(seen)))
  if (before.length > 0) return before
  const last = sidecars.findLast((name) => running.some((seen) => containerOf(seen) === name))
  return running.filter((seen) => containerOf(seen) === last)
}

export function stop(seen: Seen, graceMs: number): PodAction {
  return { type: 'stop', id: seen.id, container: containerOf(seen), graceMs }
}

/** The grace counts from the first stop; asking again may shorten it, never lengthen it. */
function killAfter(memory: PodMemory, graceMs: number, nowMs: number): PodMemory {
  return { ...memory, killAtMs: Math.min(memory.killAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs) }
}
