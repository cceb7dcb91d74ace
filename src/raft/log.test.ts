import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeConfiguration } from './codec.ts'
import { configurationOf } from './configuration.ts'
import { type Entry, sealEntry } from './entry.ts'
import { emptyMark, RaftLog } from './log.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Entries after `before`, one for each term. */
function follow(before: Pick<Entry, 'index' | 'hash'>, terms: readonly number[], text = ''): Entry[] {
  const entries: Entry[] = []
  let last = before
  for (const term of terms) {
    const entry = sealEntry({
      index: last.index + 1,
      term,
      timeMs: 0,
      type: 'data',
      data: bytes(text),
      previous: last.hash,
    })
    entries.push(entry)
    last = entry
  }
  return entries
}

function logOf(...terms: readonly number[]): RaftLog {
  return new RaftLog(emptyMark, follow(emptyMark, terms))
}

describe('assertions where an invariant would break', () => {
  const rows: readonly [what: string, act: (log: RaftLog) => void, says: RegExp][] = [
    ['a gap', (log) => log.append(follow({ index: 4, hash: log.lastHash }, [2])), /no gaps/],
    [
      'a term that goes back',
      (log) => log.append(follow({ index: 3, hash: log.lastHash }, [1])),
      /terms never decrease/,
    ],
    [
      'a hash of something else before',
      (log) => log.append(follow({ index: 3, hash: 'x' }, [2])),
      /hash of the one before/,
    ],
    ['truncating what is committed', (log) => log.truncate(2), /never truncated/],
    ['committing what is not there', (log) => log.commitTo(4), /is in the log/],
    ['applying what is not committed', (log) => log.appliedTo(3), /committed and on disk/],
    ['cutting what is not applied', (log) => log.compact(2), /only what is applied/],
    ['a snapshot that goes back', (log) => log.restore({ ...emptyMark, index: 2, term: 1 }), /never goes back/],
    ['reading what was cut', (log) => log.slice(0, 3, 9, 9), /after the mark/],
  ]
  test.each(rows)('%s', (_what, act, says) => {
    const log = logOf(1, 1, 2)
    log.commitTo(2)
    expect(() => act(log)).toThrow(says)
  })
})

test('a mark keeps what must be known of what was cut', () => {
  const log = logOf(1, 1, 2, 3)
  log.commitTo(3)
  log.appliedTo(3)
  const hash = log.hashAt(2)
  log.compact(2)
  expect(log.mark).toMatchObject({ index: 2, term: 1, hash })
  expect([1, 2, 3, 4, 5].map((index) => log.termAt(index))).toEqual([null, 1, 2, 3, null])
  expect(log.lastIndex).toBe(4)
  log.append(follow({ index: 4, hash: log.lastHash }, [3]))
  expect(log.lastIndex).toBe(5)
})

test('the latest configuration in the log is in force; cutting keeps it, truncating brings back the one before', () => {
  const one = configurationOf(['a'], [])
  const two = configurationOf(['a'], ['b'])
  const log = new RaftLog(emptyMark, [])
  for (const [i, configuration] of [one, two].entries()) {
    const data = encodeConfiguration(configuration)
    log.append([
      sealEntry({ index: i * 2 + 1, term: 1, timeMs: 0, type: 'configuration', data, previous: log.lastHash }),
    ])
    log.append(follow({ index: i * 2 + 1, hash: log.lastHash }, [1]))
  }
  expect([0, 1, 2, 3, 4].map((index) => log.configurationAt(index).learners.length)).toEqual([0, 0, 0, 1, 1])
  expect(log.configuration).toEqual(two)
  expect(log.configurationIndex).toBe(3)
  log.truncate(3)
  expect(log.configuration).toEqual(one)
  log.stableTo(2)
  log.commitTo(2)
  log.appliedTo(2)
  log.compact(2)
  expect(log.configuration).toEqual(one)
})

describe('where two logs may agree (thesis 3.5)', () => {
  const rows: readonly [terms: readonly number[], index: number, term: number, hintIndex: number, hintTerm: number][] =
    [
      [[1, 1, 2, 2], 9, 2, 4, 2],
      [[1, 1, 2, 2], 4, 1, 2, 1],
      [[3, 3, 3], 3, 2, 0, 0],
      [[1, 4, 4], 2, 5, 2, 4],
    ]
  test.each(rows)('%j at %i of term %i', (terms, index, term, hintIndex, hintTerm) => {
    expect(logOf(...terms).agreeable(index, term)).toEqual({ hintIndex, hintTerm })
  })
})

test('slices are bounded by count and by bytes, but for the first entry', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 1_000 }),
      (sizes, entriesMax, bytesMax) => {
        const log = new RaftLog(emptyMark, [])
        for (const size of sizes)
          log.append(follow({ index: log.lastIndex, hash: log.lastHash }, [1], 'x'.repeat(size)))
        const found = log.slice(1, log.lastIndex, entriesMax, bytesMax)
        const weight = found.reduce((sum, entry) => sum + entry.data.length + 64, 0)
        expect(found.length).toBeGreaterThan(0)
        expect(found.length).toBeLessThanOrEqual(entriesMax)
        expect(found.length === 1 || weight <= bytesMax).toBe(true)
      },
    ),
  )
})

test('bytes are counted through appends, truncations and cuts', () => {
  const log = logOf(1, 1, 1, 1)
  log.truncate(4)
  log.commitTo(2)
  log.appliedTo(2)
  log.compact(1)
  expect(log.bytes).toBe(2 * 64)
  log.append(follow({ index: 3, hash: log.lastHash }, [2], 'four'))
  expect(log.bytes).toBe(3 * 64 + 4)
})
