import type { Entropy } from '../../../src/host/host.ts'
import type { Random } from '../../../src/lib/random.ts'

/** Bytes that look random and come from the seed. */
export function newSimEntropy(random: Random): Entropy {
  return { bytes: (count) => Uint8Array.from({ length: count }, () => random.below(256)) }
}
