/**
 * How many pods each ReplicaSet of a Deployment shall have next, as numbers only. Invariants, whatever the pods do and
 * however late ReplicaSets follow:
 *
 * - there are never more than `desired + surge` pods that are not going;
 * - of the available pods, as many are left as are needed: a ReplicaSet gives up its unavailable pods first, so that
 *   `min(wanted, available)` of each remain for certain, and their sum never sinks below `desired - unavailable` by
 *   what is decided here.
 */

/** One ReplicaSet in numbers. */
export interface Part {
  /** As it is told now. */
  readonly wanted: number
  /** That are there and not going. */
  readonly pods: number
  readonly available: number
}

export interface Bounds {
  readonly desired: number
  readonly surge: number
  readonly unavailable: number
}

/** From a Deployment's `maxSurge` (a share rounds up) and `maxUnavailable` (a share rounds down). */
export function boundsOf(
  desired: number,
  maxSurge: number | string | undefined,
  maxUnavailable: number | string | undefined,
): Bounds {
  const surge = amountOf(maxSurge ?? '25%', desired, Math.ceil)
  const unavailable = amountOf(maxUnavailable ?? '25%', desired, Math.floor)
  // With neither, nothing could ever move.
  if (surge === 0 && unavailable === 0) return { desired, surge, unavailable: Math.min(1, desired) }
  return { desired, surge, unavailable: Math.min(unavailable, desired) }
}

function amountOf(value: number | string, of: number, round: (share: number) => number): number {
  if (typeof value === 'number') return Math.max(0, value)
  const percent = /^(\d{1,9})%$/.exec(value)?.[1]
  return percent === undefined ? 0 : round((Number(percent) * of) / 100)
}

/** `old`: oldest first, and so is the answer's. */
export function rollingStep(
  bounds: Bounds,
  fresh: Part,
  old: readonly Part[],
): { readonly fresh: number; readonly old: readonly number[] } {
  const { desired, surge, unavailable } = bounds
  const present = sum([fresh, ...old], ({ wanted, pods }) => Math.max(wanted, pods))
  const room = Math.max(0, desired + surge - present)
  const grown = fresh.wanted > desired ? desired : Math.min(desired, fresh.wanted + room)
  return { fresh: grown, old: shrink(old, fresh, desired - unavailable) }
}

function shrink(old: readonly Part[], fresh: Part, needed: number): readonly number[] {
  const wanted = old.map((part) => part.wanted)
  // Pods that have still to become available may never do so: until then old ones stay, even those that are not well.
  const awaited = Math.max(0, fresh.wanted - fresh.available)
  let most = sum([fresh, ...old], (part) => part.wanted) - needed - awaited
  for (const [i, part] of old.entries()) {
    const unwell = Math.max(0, part.wanted - part.available)
    const gone = Math.max(0, Math.min(unwell, most))
    wanted[i] = part.wanted - gone
    most -= gone
  }
  let spare = sum([fresh, ...old], (part) => Math.min(part.wanted, part.available)) - needed
  for (const [i, part] of old.entries()) {
    const kept = Math.max(0, (wanted[i] ?? 0) - part.available)
    const gone = Math.max(0, Math.min((wanted[i] ?? 0) - kept, most, spare))
    wanted[i] = (wanted[i] ?? 0) - gone
    most -= gone
    spare -= gone
  }
  return wanted
}

/** One ReplicaSet when the number of pods changes in the middle of a rollout. */
export interface Share {
  readonly wanted: number
  readonly available: number
  /** `desired + surge` when it was sized last. */
  readonly maxBefore: number
}

/**
 * Spreads the change over all in proportion to their size, so that a rollout that is half done stays half done.
 * `shares`: in the order in which they are served, the largest first; it also takes what rounding leaves over.
 */
export function proportions(bounds: Bounds, shares: readonly Share[]): readonly number[] {
  const { desired, surge } = bounds
  const allowed = desired > 0 ? desired + surge : 0
  const change = allowed - sum(shares, ({ wanted }) => wanted)
  let left = change
  const sizes = shares.map(({ wanted, maxBefore }) => {
    const fraction =
      desired === 0 ? -wanted : Math.round((wanted * (desired + surge)) / Math.max(1, maxBefore)) - wanted
    const part = change > 0 ? clamp(fraction, 0, left) : clamp(fraction, left, 0)
    left -= part
    return wanted + part
  })
  const whole = sizes.map((size, i) => Math.max(0, i === 0 ? size + left : size))
  return keepAvailable(whole, shares, desired - bounds.unavailable)
}

/** Where proportion would take available pods that are needed, those go that are not available. */
function keepAvailable(sizes: readonly number[], shares: readonly Share[], needed: number): readonly number[] {
  const next = [...sizes]
  const kept = (): number => sum(shares, ({ available }, i) => Math.min(available, next[i] ?? 0))
  const most = Math.min(
    needed,
    sum(shares, ({ wanted, available }) => Math.min(wanted, available)),
  )
  while (kept() < most) {
    const giver = shares.findIndex(({ available }, i) => (next[i] ?? 0) > available)
    const taker = shares.findIndex(({ wanted, available }, i) => (next[i] ?? 0) < Math.min(wanted, available))
    if (giver < 0 || taker < 0) break
    next[giver] = (next[giver] ?? 0) - 1
    next[taker] = (next[taker] ?? 0) + 1
  }
  return next
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(Math.min(low, high), Math.min(value, high))
}

function sum<T>(items: readonly T[], pick: (item: T, index: number) => number): number {
  return items.reduce((all, item, i) => all + pick(item, i), 0)
}
