/**
 * Lifeguard's local health (section IV-A): a member that fails where others do not is itself the one in trouble, so
 * it gives others more time. The multiplier stretches its probes; it rises with failed probes, missing refusals of
 * relayers, stalls and refutations, and falls with each probe that succeeds.
 */
export interface Health {
  /** 1: healthy. */
  readonly multiplier: number
  worsen(by: number): void
  improve(): void
}

/** Lifeguard's and memberlist's: a period of at most nine times its length still finds the dead. */
const scoreMax = 8

export function newHealth(): Health {
  let score = 0
  return {
    get multiplier() {
      return score + 1
    },
    worsen(by) {
      score = Math.min(scoreMax, score + by)
    },
    improve() {
      score = Math.max(0, score - 1)
    },
  }
}
