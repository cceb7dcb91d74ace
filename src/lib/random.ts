/**
 * A small seeded generator (xoshiro128**, Blackman and Vigna 2018): the same seed gives the same numbers on every
 * machine. For decisions that must be repeatable (jitter, probe order, the simulator); never for secrets.
 */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, below). */
  below(below: number): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T
  /** A copy in random order. */
  shuffle<T>(items: readonly T[]): T[]
  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(): Random
}

export function newRandom(seed: number): Random {
  const state = seedState(seed)

  function next32(): number {
    const [s0, s1, s2, s3] = state as [number, number, number, number]
    const result = Math.imul(rotl(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    let [a, b, c, d] = [s0, s1, s2, s3]
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotl(d, 11)
    state[0] = a
    state[1] = b
    state[2] = c
    state[3] = d
    return result
  }

  const random: Random = {
    next: () => next32() / 0x1_0000_0000,
    below: (below) => Math.floor(random.next() * below),
    chance: (probability) => random.next() < probability,
    pick(items) {
      const item = items[random.below(items.length)]
      if (item === undefined) throw new RangeError('pick from nothing')
      return item
    },
    shuffle(items) {
      const copy = [...items]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = random.below(i + 1)
        const a = copy[i] as (typeof copy)[number]
        copy[i] = copy[j] as (typeof copy)[number]
        copy[j] = a
      }
      return copy
    },
    fork: () => newRandom(next32()),
  }
  return random
}

/** Four words from one, by splitmix32, so that near seeds give far streams. */
function seedState(seed: number): number[] {
  let x = seed | 0
  return Array.from({ length: 4 }, () => {
    x = (x + 0x9e3779b9) | 0
    let z = x
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) | 0
  })
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}

/** A seed from four unpredictable bytes. */
export function seedOf(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  return a | (b << 8) | (c << 16) | (d << 24)
}
