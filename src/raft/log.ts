import { assert, must } from '../lib/assert.ts'
import { decodeConfiguration } from './codec.ts'
import { noConfiguration } from './configuration.ts'
import { type Entry, entryBytes, genesisHash, type LogMark } from './entry.ts'
import type { Configuration } from './types.ts'

/** What the log of a new peer starts from. */
export const emptyMark: LogMark = { index: 0, term: 0, timeMs: 0, configuration: noConfiguration, hash: genesisHash }

/**
 * The log in memory: a mark for what is compacted away, and every entry after it. It keeps
 *
 *     mark <= applied <= commit <= last,  applied <= stable <= last,
 *
 * never changes what is committed, and knows the configuration at every index it holds: the latest in the log is in
 * force from the moment it is appended (thesis 4.1), and truncating it brings back the one before.
 */
export class RaftLog {
  /** Up to here on disk. */
  stable: number
  commit: number
  applied: number
  #mark: LogMark
  #entries: Entry[]
  #configurations: { readonly index: number; readonly configuration: Configuration }[]
  #bytes = 0

  /** `entries` follow `mark` and are all on disk. */
  constructor(mark: LogMark, entries: readonly Entry[]) {
    this.#mark = mark
    this.#entries = []
    this.#configurations = [{ index: mark.index, configuration: mark.configuration }]
    this.stable = mark.index
    this.commit = mark.index
    this.applied = mark.index
    this.append(entries)
    this.stable = this.lastIndex
  }

  get mark(): LogMark {
    return this.#mark
  }
  get lastIndex(): number {
    return this.#mark.index + this.#entries.length
  }
  get lastTerm(): number {
    return this.#last.term
  }
  get lastHash(): string {
    return this.#last.hash
  }
  get lastTimeMs(): number {
    return this.#last.timeMs
  }
  /** Of the entries held. */
  get bytes(): number {
    return this.#bytes
  }
  /** The one in force. */
  get configuration(): Configuration {
    return must(this.#configurations.at(-1), 'the mark has a configuration').configuration
  }
  /** Where it was appended; the mark's index when it is older. */
  get configurationIndex(): number {
    return must(this.#configurations.at(-1), 'the mark has a configuration').index
  }

  /** The configuration as of an index that the log holds. */
  configurationAt(index: number): Configuration {
    assert(index >= this.#mark.index && index <= this.lastIndex, 'a configuration is asked for within the log')
    const found = this.#configurations.findLast((known) => known.index <= index)
    return must(found, 'the mark has a configuration').configuration
  }

  entry(index: number): Entry | undefined {
    return this.#entries[index - this.#mark.index - 1]
  }

  /** Null outside of the log. */
  termAt(index: number): number | null {
    return index === this.#mark.index ? this.#mark.term : (this.entry(index)?.term ?? null)
  }

  /** Of an index within the log. */
  hashAt(index: number): string {
    return index === this.#mark.index
      ? this.#mark.hash
      : must(this.entry(index), 'a hash is asked for within the log').hash
  }

  /** Adds entries at the end. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'the log has no gaps')
      assert(entry.term >= this.lastTerm, 'terms never decrease along the log')
      assert(entry.timeMs >= this.lastTimeMs, 'time never decreases along the log')
      assert(entry.previous === this.lastHash, 'each entry holds the hash of the one before')
      this.#entries.push(entry)
      this.#bytes += entryBytes(entry)
      if (entry.type === 'configuration') {
        this.#configurations.push({ index: entry.index, configuration: decodeConfiguration(entry.data) })
      }
    }
  }

  /** Drops `index` and everything after: another leader's entries stand there. */
  truncate(index: number): void {
    assert(index > this.commit, 'what is committed is never truncated')
    for (const entry of this.#entries.splice(index - this.#mark.index - 1)) this.#bytes -= entryBytes(entry)
    while (this.configurationIndex >= index) this.#configurations.pop()
    this.stable = Math.min(this.stable, index - 1)
  }

  /** Entries from `from` through `through`, at most so many and, but for the first, so many bytes. */
  slice(from: number, through: number, entriesMax: number, bytesMax: number): Entry[] {
    assert(from > this.#mark.index, 'entries are read after the mark')
    const start = from - this.#mark.index - 1
    const end = Math.min(through - this.#mark.index, this.#entries.length, start + entriesMax)
    const found: Entry[] = []
    let bytes = 0
    for (let i = start; i < end; i++) {
      const entry = must(this.#entries[i], 'the log has no gaps')
      bytes += entryBytes(entry)
      if (found.length > 0 && bytes > bytesMax) break
      found.push(entry)
    }
    return found
  }

  /** What is not on disk yet. */
  unstable(): readonly Entry[] {
    return this.#entries.slice(this.stable - this.#mark.index)
  }

  commitTo(index: number): void {
    assert(index <= this.lastIndex, 'what is committed is in the log')
    this.commit = Math.max(this.commit, index)
  }

  stableTo(index: number): void {
    assert(index >= this.stable && index <= this.lastIndex, 'what is on disk is in the log')
    this.stable = index
  }

  appliedTo(index: number): void {
    assert(
      index >= this.applied && index <= Math.min(this.commit, this.stable),
      'what is applied is committed and on disk',
    )
    this.applied = index
  }

  /** Forgets entries up to `index`, which the state holds durably. */
  compact(index: number): void {
    if (index <= this.#mark.index) return
    assert(index <= this.applied, 'only what is applied is compacted')
    const mark = this.markAt(index)
    for (const entry of this.#entries.splice(0, index - this.#mark.index)) this.#bytes -= entryBytes(entry)
    this.#configurations = [
      { index, configuration: mark.configuration },
      ...this.#configurations.filter((known) => known.index > index),
    ]
    this.#mark = mark
  }

  /** The mark that compacting at `index` would leave. */
  markAt(index: number): LogMark {
    if (index === this.#mark.index) return this.#mark
    const { term, timeMs, hash } = must(this.entry(index), 'a mark is made within the log')
    return { index, term, timeMs, configuration: this.configurationAt(index), hash }
  }

  /** Becomes the log that a snapshot stands for. */
  restore(mark: LogMark): void {
    assert(mark.index > this.commit, 'a snapshot never goes back')
    this.#mark = mark
    this.#entries = []
    this.#bytes = 0
    this.#configurations = [{ index: mark.index, configuration: mark.configuration }]
    this.commit = mark.index
    this.stable = mark.index
    this.applied = mark.index
  }

  /** Whether a log that ends so holds at least what this one does (thesis 3.6.1): first the term, then the length. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)
  }

  /** The largest index up to `index` whose term is at most `term`: where two logs may first agree. */
  agreeable(index: number, term: number): { readonly hintIndex: number; readonly hintTerm: number } {
    let at = Math.min(index, this.lastIndex)
    while (at > this.#mark.index && (this.termAt(at) ?? 0) > term) at--
    return { hintIndex: at, hintTerm: this.termAt(at) ?? 0 }
  }

  get #last(): Pick<LogMark, 'term' | 'timeMs' | 'hash'> {
    return this.#entries.at(-1) ?? this.#mark
  }
}
