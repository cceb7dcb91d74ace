import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex } from '../lib/hash.ts'
import { encodeProposal, pack } from './codec.ts'
import { emptyContent, type LogEntry, newStoreCore, type StoreCore, storeLimits } from './store.ts'
import type { Amount, Change, Outcome, Refusal, Txn, Write } from './types.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const absent = { type: 'absent' as const }
const at = (revision: number) => ({ type: 'revision' as const, revision })
const put = (
  key: string,
  value: string,
  expect: Write['expect'] = absent,
  claims?: Amount[],
  provides?: Amount[],
): Write => ({
  type: 'put',
  key,
  value: text(value),
  expect,
  claims,
  provides,
})
const del = (key: string, revision: number): Write => ({ type: 'delete', key, expect: at(revision) })

/** Proposers whose transactions go straight to the store. */
function newBench(store: StoreCore = newStoreCore()) {
  let sequence = 0
  const bench = {
    store,
    log: [] as LogEntry[],
    append(data: Uint8Array) {
      const entry = { index: store.head.index + 1, term: 1, data }
      bench.log.push(entry)
      const applied = store.apply(entry)
      store.publish(applied.changes)
      return applied
    },
    propose(...writes: Write[]) {
      sequence += 1
      const { verdict } = bench.append(encodeProposal({ origin: 'o', since: 0, sequence, acked: sequence }, { writes }))
      if (verdict.type !== 'decided') throw new Error(verdict.type)
      return verdict.outcome
    },
  }
  return bench
}

describe('a transaction', () => {
  it('gets a revision for each write, and readers see the whole of it', () => {
    const { store, propose } = newBench()
    expect(propose(put('a', '1'), put('b', '1'))).toEqual({ type: 'done', revisions: [1, 2] })
    expect(propose(put('a', '2', at(1)), del('b', 2), put('c', '1'))).toEqual({ type: 'done', revisions: [3, 4, 5] })
    expect(store.view.get('a')).toEqual({ key: 'a', value: text('2'), revision: 3, createRevision: 1 })
    expect(store.view.get('b')).toBeUndefined()
    expect(store.view.list('').map(({ key }) => key)).toEqual(['a', 'c'])
    expect(store.view.page('', 'a', 5).map(({ key }) => key)).toEqual(['c'])
    expect(store.view.revision).toBe(5)
    // What is made again is new.
    expect(propose(put('b', '2'))).toEqual({ type: 'done', revisions: [6] })
    expect(store.view.get('b')?.createRevision).toBe(6)
  })

  it('is refused whole when one expectation fails, and says all that failed', () => {
    const { store, propose } = newBench()
    propose(put('a', '1'), put('b', '1'))
    expect(propose(put('c', '1'), put('a', '2', at(2)), put('b', '2'), del('d', 9))).toEqual({
      type: 'refused',
      refusals: [
        { type: 'conflict', key: 'a', expected: at(2), actual: 1 },
        { type: 'conflict', key: 'b', expected: absent, actual: 2 },
        { type: 'conflict', key: 'd', expected: at(9), actual: 0 },
      ],
    })
    expect(store.view.revision).toBe(2)
    expect(store.view.get('c')).toBeUndefined()
  })

  it('keeps claims that it does not mention, and returns them with the record', () => {
    const { store, propose } = newBench()
    propose(put('n', '', absent, undefined, [{ limit: 'cpu', amount: 100 }]))
    propose(put('p', '1', absent, [{ limit: 'cpu', amount: 60 }]))
    propose(put('p', '2', at(2)), put('n', 'new', at(1)))
    expect(store.view.limit('cpu')).toEqual({ used: 60, capacity: 100 })
    expect(propose(put('q', '', absent, [{ limit: 'cpu', amount: 60 }]))).toEqual({
      type: 'refused',
      refusals: [{ type: 'claim', key: 'q', limit: 'cpu', asked: 60, used: 60, capacity: 100 }],
    })
    propose(put('p', 'over', at(3), []))
    expect(store.view.limit('cpu')).toEqual({ used: 0, capacity: 100 })
    propose(put('q', '', absent, [{ limit: 'cpu', amount: 100 }]))
    propose(del('q', 6))
    expect(store.view.limit('cpu')).toEqual({ used: 0, capacity: 100 })
    propose(del('n', 4))
    expect(store.view.limit('cpu')).toBeUndefined()
  })
})

describe('a repeated proposal', () => {
  const propose = (sequence: number, txn: Txn, acked = 1): Uint8Array =>
    encodeProposal({ origin: 'o', since: 0, sequence, acked }, txn)

  it('does nothing when the first was refused, even when it would now succeed', () => {
    const { store, append } = newBench()
    append(propose(1, { writes: [put('a', 'theirs')] }))
    const create = propose(2, { writes: [put('a', 'mine')] })
    expect(append(create).verdict).toMatchObject({ type: 'decided', outcome: { type: 'refused' } })
    append(propose(3, { writes: [del('a', 1)] }))
    expect(append(create).verdict.type).toBe('repeat')
    expect(store.view.get('a')).toBeUndefined()
  })

  it('does nothing when the first was done, even when it would again succeed', () => {
    const { store, append } = newBench()
    const create = propose(1, { writes: [put('a', '1')] })
    append(create)
    append(propose(2, { writes: [del('a', 1)] }))
    expect(append(create)).toMatchObject({ changes: [], verdict: { type: 'repeat' } })
    expect(store.view.list('')).toEqual([])
    expect(store.view.revision).toBe(2)
  })
})

describe('what is no proposal', () => {
  it('is left aside, and the hash goes on alike', () => {
    const one = newBench()
    const other = newBench()
    for (const bench of [one, other]) {
      expect(bench.append(new Uint8Array(0)).verdict.type).toBe('empty')
      expect(bench.append(text('noise')).verdict.type).toBe('foreign')
      // A proposal of a feature level that this cluster does not have yet.
      const later = pack([2, 'o', 0, 1, 1, [['k', 0, text('v'), null, null]]])
      expect(bench.append(later).verdict.type).toBe('foreign')
      expect(bench.propose(put('a', '1')).type).toBe('done')
    }
    expect(one.store.view.hash).toBe(other.store.view.hash)
    expect(one.store.view.list('').map(({ key }) => key)).toEqual(['a'])
  })

  it('stops a daemon that is asked to skip an entry, or to hold what it does not know', () => {
    const store = newStoreCore()
    expect(() => store.apply({ index: 2, term: 1, data: new Uint8Array(0) })).toThrow('in order')
    const head = { ...emptyContent.head, featureLevel: 2 }
    expect(() => newStoreCore({ ...emptyContent, head })).toThrow('does not know')
  })
})

describe('subscribers', () => {
  it('hear each batch with changes once, an image as a batch of nothing, and may leave at any time', () => {
    const { store, propose } = newBench()
    const heard: string[] = []
    const name = (who: string) => (changes: readonly Change[]) => heard.push(`${who} ${changes.map((c) => c.key)}`)
    const leave = store.view.subscribe((changes) => {
      name('a')(changes)
      leave()
      leaveB()
      store.view.subscribe(name('c'))
    })
    const leaveB = store.view.subscribe(name('b'))
    propose(put('k', '1'))
    propose(put('l', '1'))
    store.replace({ ...emptyContent, head: { ...emptyContent.head, index: 9, revision: 7 } })
    expect(heard).toEqual(['a k', 'c l', 'c '])
    expect(store.view.changes('', 2, 9)).toBe('compacted')
    expect(store.view.changes('', 7, 9)).toEqual({ changes: [], through: 7 })
  })
})

// ---- Against a naive model ---------------------------------------------------------------------------------------

interface Row {
  value: string
  revision: number
  created: number
  provides: readonly Amount[]
  claims: readonly Amount[]
}

/** The contract of types.ts, written down without a thought for speed. */
class Model {
  revision = 0
  rows = new Map<string, Row>()
  changes: { key: string; revision: number; value: string | null; previous: string | null }[] = []

  limit(name: string, rows = this.rows) {
    const sum = (of: 'provides' | 'claims') =>
      [...rows.values()].flatMap((row) => row[of]).filter(({ limit }) => limit === name)
    const total = (list: readonly Amount[]) => list.reduce((all, { amount }) => all + amount, 0)
    const provides = sum('provides')
    return { provided: provides.length > 0, capacity: total(provides), used: total(sum('claims')) }
  }

  apply({ writes }: Txn): Outcome {
    const conflicts = writes.flatMap(({ key, expect }): Refusal[] => {
      const actual = this.rows.get(key)?.revision ?? 0
      const wanted = expect.type === 'absent' ? 0 : expect.revision
      return actual === wanted ? [] : [{ type: 'conflict', key, expected: expect, actual }]
    })
    if (conflicts.length > 0) return { type: 'refused', refusals: conflicts }
    const next = new Map(this.rows)
    for (const [i, write] of writes.entries()) {
      const row = this.rows.get(write.key)
      const revision = this.revision + 1 + i
      if (write.type === 'delete') next.delete(write.key)
      else
        next.set(write.key, {
          value: new TextDecoder().decode(write.value),
          revision,
          created: row?.created ?? revision,
          provides: write.provides ?? row?.provides ?? [],
          claims: write.claims ?? row?.claims ?? [],
        })
    }
    const over = limitNames.filter((name) => {
      const [before, after] = [this.limit(name), this.limit(name, next)]
      return after.used > before.used && (!after.provided || after.used > after.capacity)
    })
    if (over.length > 0)
      return { type: 'refused', refusals: over.map((limit) => ({ type: 'claim', limit }) as Refusal) }
    for (const [i, { key }] of writes.entries()) {
      const [value, previous] = [next.get(key)?.value ?? null, this.rows.get(key)?.value ?? null]
      this.changes.push({ key, revision: this.revision + 1 + i, value, previous })
    }
    this.rows = next
    const revisions = writes.map((_, i) => this.revision + 1 + i)
    this.revision += writes.length
    return { type: 'done', revisions }
  }
}

const limitNames = ['x', 'y']
const amounts = fc.option(
  fc.uniqueArray(fc.record({ limit: fc.constantFrom(...limitNames), amount: fc.nat(9) }), { selector: (a) => a.limit }),
  { nil: undefined },
)
const wish = fc.record({
  key: fc.constantFrom('a/1', 'a/2', 'a/3', 'b/1', 'b/2'),
  // Mostly what is true, so that much succeeds.
  expect: fc.constantFrom('true', 'true', 'true', 'true', 'wrong'),
  delete: fc.constantFrom(false, false, true),
  value: fc.stringMatching(/^[a-z]{0,6}$/),
  provides: amounts,
  claims: amounts,
})
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('propose' as const),
      who: fc.nat(2),
      wishes: fc.uniqueArray(wish, { selector: (w) => w.key, minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty' as const) }) },
)
const steps = fc.array(step, { maxLength: 60 })

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
type Wish = Drawn<typeof wish>
type Step = Drawn<typeof step>

function writeFor(model: Model, wished: Wish): Write {
  const { key, expect, value, provides, claims } = wished
  const actual = model.rows.get(key)?.revision
  const wrong = expect === 'wrong'
  if (wished.delete && (actual !== undefined || wrong)) return del(key, wrong ? 999 : (actual ?? 999))
  const right = actual === undefined ? absent : at(actual)
  return { type: 'put', key, expect: wrong ? at(999) : right, value: text(value), provides, claims }
}

/** Runs the steps through a model and a store; returns the log. */
function play(list: readonly Step[], store: StoreCore, check: boolean): LogEntry[] {
  const model = new Model()
  const log: LogEntry[] = []
  const sent: Uint8Array[] = []
  const sequences = [0, 0, 0]
  for (const step of list) {
    let expected: Outcome | null = null
    let data: Uint8Array = new Uint8Array(0)
    if (step.do === 'repeat') data = sent[step.pick % Math.max(1, sent.length)] ?? data
    if (step.do === 'propose') {
      const txn = { writes: step.wishes.map((wish) => writeFor(model, wish)) }
      const sequence = (sequences[step.who] ?? 0) + 1
      sequences[step.who] = sequence
      data = encodeProposal({ origin: `o${step.who}`, since: 0, sequence, acked: 1 }, txn)
      sent.push(data)
      expected = model.apply(txn)
    }
    const entry = { index: log.length + 1, term: 1, data }
    log.push(entry)
    const { verdict } = store.apply(entry)
    if (check) compare(store, model, verdict.type === 'decided' ? verdict.outcome : null, expected)
  }
  if (check) compareChanges(store, model)
  return log
}

function compare(store: StoreCore, model: Model, outcome: Outcome | null, expected: Outcome | null): void {
  if (expected?.type === 'refused' && expected.refusals[0]?.type === 'claim') {
    const named =
      outcome?.type === 'refused' ? outcome.refusals.map((r) => (r.type === 'claim' ? r.limit : 'conflict')) : []
    expect([...named].sort()).toEqual(expected.refusals.map((r) => (r.type === 'claim' ? r.limit : '')))
  } else expect(outcome).toEqual(expected)
  expect(store.view.revision).toBe(model.revision)
  const rows = [...model.rows].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(store.view.list('a/').map(({ key }) => key)).toEqual(
    rows.map(([key]) => key).filter((k) => k.startsWith('a/')),
  )
  for (const [key, row] of rows) {
    expect(store.view.get(key)).toEqual({
      key,
      value: text(row.value),
      revision: row.revision,
      createRevision: row.created,
    })
  }
  expect(store.view.list('').length).toBe(rows.length)
  for (const name of limitNames) {
    const { provided, used, capacity } = model.limit(name)
    expect(store.view.limit(name)).toEqual(provided ? { used, capacity } : undefined)
  }
}

function compareChanges(store: StoreCore, model: Model): void {
  const found = store.view.changes('', 0, 10_000)
  if (found === 'compacted') throw new Error('nothing was compacted')
  const read = (version: Change['version']) => (version === null ? null : new TextDecoder().decode(version.value))
  const seen = found.changes.map((c) => ({
    key: c.key,
    revision: c.revision,
    value: read(c.version),
    previous: read(c.previous),
  }))
  expect(seen).toEqual(model.changes)
}

describe('the store', () => {
  it('does what the contract says, and a repeat does nothing', () => {
    fc.assert(
      fc.property(steps, (list) => void play(list, newStoreCore(), true)),
      { numRuns: 300 },
    )
  })

  it('goes on from any of its states as if it had never stopped, but for the changes it forgot', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (list, cut) => {
        const limits = { ...storeLimits, sessionsMax: 2 }
        const whole = newStoreCore(undefined, limits)
        const log = play(list, whole, false)
        const before = newStoreCore(undefined, limits)
        const stop = cut % (log.length + 1)
        for (const entry of log.slice(0, stop)) before.apply(entry)
        const after = newStoreCore(before.content(), limits)
        const floor = after.view.revision
        for (const entry of log.slice(stop)) after.apply(entry)
        expect(after.content()).toEqual(whole.content())
        expect(after.view.hash).toBe(whole.view.hash)
        expect(after.view.changes('', floor, 10_000)).toEqual(whole.view.changes('', floor, 10_000))
        if (floor > 0) expect(after.view.changes('', floor - 1, 10_000)).toBe('compacted')
      }),
      { numRuns: 100 },
    )
  })

  it('has a hash that sees any difference in what was done, and the term', () => {
    const hashes = [
      [put('a', '1')],
      [put('a', '2')],
      [put('b', '1')],
      [put('a', '1'), put('b', '1')],
      [put('a', '1', absent, [{ limit: 'x', amount: 0 }])],
      [put('a', '1', absent, undefined, [{ limit: 'x', amount: 0 }])],
      [put('a', '1', at(3))],
      [put('a', '1', at(4))],
      [put('b', '1', at(4))],
    ].map((writes) => {
      const bench = newBench()
      bench.propose(...writes)
      return bench.store.view.hash
    })
    const term = newStoreCore()
    term.apply({
      index: 1,
      term: 2,
      data: encodeProposal({ origin: 'o', since: 0, sequence: 1, acked: 1 }, { writes: [put('a', '1')] }),
    })
    hashes.push(hex(term.head.hash), newBench().store.view.hash)
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})
