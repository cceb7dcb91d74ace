import type { Identity } from './member.ts'
import type { Preset } from './preset.ts'

/**
 * How long a suspect has to refute. Lifeguard (section IV-B): long while only one member suspects, shorter with every
 * other that does so of its own knowledge, so that a sick accuser alone kills nobody soon.
 */
export interface Suspicion {
  readonly startMs: number
  /** Who suspects, the first included. */
  readonly accusers: ReadonlySet<Identity>
}

export interface SuspicionBounds {
  readonly minMs: number
  readonly maxMs: number
}

/** They grow with log10 of the members, as the time for news to reach all of them does. */
export function suspicionBounds(memberCount: number, preset: Preset): SuspicionBounds {
  const minMs = preset.suspicionPeriods * Math.max(1, Math.log10(Math.max(1, memberCount))) * preset.probeIntervalMs
  return { minMs, maxMs: preset.suspicionMaxFactor * minMs }
}

/**
 * The whole timeout after `confirmations` of the `wanted`, counted from the start. None wanted (there is nobody else
 * who could confirm): the shortest.
 */
export function suspicionTimeoutMs(confirmations: number, wanted: number, { minMs, maxMs }: SuspicionBounds): number {
  if (wanted <= 0) return minMs
  const fraction = Math.log(confirmations + 1) / Math.log(wanted + 1)
  return Math.max(minMs, Math.floor(maxMs - fraction * (maxMs - minMs)))
}

/** When this suspect is dead, if nothing more is heard. `witnesses`: how many others are alive that could confirm. */
export function suspicionEndMs(
  suspicion: Suspicion,
  witnesses: number,
  bounds: SuspicionBounds,
  preset: Preset,
): number {
  const wanted = Math.min(preset.confirmations, witnesses)
  return suspicion.startMs + suspicionTimeoutMs(Math.min(suspicion.accusers.size - 1, wanted), wanted, bounds)
}
