import { must } from './assert.ts'

/**
 * A map in the order of its keys (UTF-16 order, which for ASCII is byte order). The pairs lie in blocks of bounded
 * size, the blocks in a list: a search is two binary searches, an insertion moves at most one block, and a range is a
 * walk over plain arrays. A balanced tree would do the same with a pointer chase a key; one flat array would move
 * everything at each insertion. At 100,000 pairs `set` takes about a microsecond.
 */
export interface SortedMap<V> {
  readonly size: number
  get(key: string): V | undefined
  set(key: string, value: V): void
  /** False when there was no such key. */
  delete(key: string): boolean
  /** Values whose key starts with `prefix` and comes after `after` (null: from the first), at most `limit`. */
  range(prefix: string, after: string | null, limit: number): V[]
  /** All values, in the order of their keys. */
  values(): V[]
}

/** Full blocks are halved. Measured: 256 to 1,024 differ little. */
const blockMax = 512

interface Block<V> {
  readonly keys: string[]
  readonly values: V[]
}

export function newSortedMap<V>(): SortedMap<V> {
  // Never empty, and no block but a single first one is empty.
  const blocks: Block<V>[] = [{ keys: [], values: [] }]
  let size = 0

  /** The block where `key` is, or would be: the last that starts at or before it. */
  function blockOf(key: string): number {
    let low = 0
    let high = blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = blocks[middle]?.keys[0]
      if (first === undefined || first > key) high = middle
      else low = middle + 1
    }
    return Math.max(0, low - 1)
  }

  function at(index: number): Block<V> {
    return must(blocks[index], 'a block that was searched is there')
  }

  return {
    get size() {
      return size
    },

    get(key) {
      const block = at(blockOf(key))
      const slot = slotOf(block.keys, key)
      return block.keys[slot] === key ? block.values[slot] : undefined
    },

    set(key, value) {
      const index = blockOf(key)
      const block = at(index)
      const slot = slotOf(block.keys, key)
      if (block.keys[slot] === key) {
        block.values[slot] = value
        return
      }
      block.keys.splice(slot, 0, key)
      block.values.splice(slot, 0, value)
      size += 1
      if (block.keys.length > blockMax) blocks.splice(index + 1, 0, cut(block, index === blocks.length - 1))
    },

    delete(key) {
      const index = blockOf(key)
      const block = at(index)
      const slot = slotOf(block.keys, key)
      if (block.keys[slot] !== key) return false
      block.keys.splice(slot, 1)
      block.values.splice(slot, 1)
      size -= 1
      if (block.keys.length === 0 && blocks.length > 1) blocks.splice(index, 1)
      return true
    },

    range(prefix, after, limit) {
      const from = after !== null && after >= prefix ? after : prefix
      const found: V[] = []
      let index = blockOf(from)
      let slot = slotOf(at(index).keys, from)
      if (from === after && at(index).keys[slot] === after) slot += 1
      for (; index < blocks.length; index++, slot = 0) {
        const { keys, values } = at(index)
        for (; slot < keys.length; slot++) {
          if (found.length >= limit || !keys[slot]?.startsWith(prefix)) return found
          found.push(values[slot] as V)
        }
      }
      return found
    },

    values: () => blocks.flatMap((block) => block.values),
  }
}

/** The first slot whose key is not before `key`. */
function slotOf(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Takes the upper part off a full block: half, or of the last block little, so that keys that come in order fill the blocks. */
function cut<V>(block: Block<V>, last: boolean): Block<V> {
  const keep = last ? block.keys.length - 8 : block.keys.length >>> 1
  return { keys: block.keys.splice(keep), values: block.values.splice(keep) }
}
