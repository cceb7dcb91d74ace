import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountMax, decodeProposal, encodeProposal, pack, proposalBytesMax, txnWritesMax } from './codec.ts'
import { sequenceWindowMax } from './sessions.ts'
import { type Amount, InvalidTxnError, type Txn, type Write } from './types.ts'

const mark = { origin: 'n1-1', since: 3, sequence: 7, acked: 5 }
const value = new Uint8Array([1, 2, 3])
const put = (key: string, more: Partial<Extract<Write, { type: 'put' }>> = {}): Write => ({
  type: 'put',
  key,
  expect: { type: 'absent' },
  value,
  ...more,
})

const name = fc.stringMatching(/^[!-~]{1,20}$/)
const amounts: fc.Arbitrary<Amount[]> = fc.uniqueArray(
  fc.record({ limit: name, amount: fc.integer({ min: 0, max: amountMax }) }),
  { selector: ({ limit }) => limit, maxLength: 4 },
)
const revision = fc.record({
  type: fc.constant('revision' as const),
  revision: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
})
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ type: fc.constant('delete' as const), key: name, expect: revision }),
  fc.record({
    type: fc.constant('put' as const),
    key: name,
    expect: fc.oneof(revision, fc.constant({ type: 'absent' as const })),
    value: fc.uint8Array({ maxLength: 50 }),
    provides: fc.option(amounts, { nil: undefined }),
    claims: fc.option(amounts, { nil: undefined }),
  }),
)
const txn: fc.Arbitrary<Txn> = fc.record({
  writes: fc.uniqueArray(write, { selector: ({ key }) => key, minLength: 1, maxLength: 6 }),
})

describe('proposals as bytes', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(txn, (given) => {
        expect(decodeProposal(encodeProposal(mark, given))).toEqual({ ...mark, level: 1, txn: given })
      }),
    )
  })

  it('have memory of their own: what is kept of one keeps nothing else alive', () => {
    const bytes = encodeProposal(mark, { writes: [put('a')] })
    expect(bytes.buffer.byteLength).toBe(bytes.length)
    const kept = decodeProposal(bytes)?.txn.writes[0]
    bytes.fill(0)
    expect(kept).toMatchObject({ value: Uint8Array.of(1, 2, 3) })
    expect(kept?.type === 'put' && kept.value.buffer.byteLength).toBe(3)
  })

  const flaws: readonly [what: string, writes: Write[], says: RegExp][] = [
    ['nothing to write', [], /without writes/],
    ['too many writes', Array.from({ length: txnWritesMax + 1 }, (_, i) => put(`k${i}`)), /more than 1000 writes/],
    ['one key twice', [put('a'), { type: 'delete', key: 'a', expect: { type: 'revision', revision: 1 } }], /a twice/],
    ['an empty key', [put('')], /malformed key/],
    ['a key with a space', [put('a b')], /malformed key "a b"/],
    ['a key that is not ASCII', [put('é')], /malformed key/],
    ['a key too long', [put('k'.repeat(1025))], /malformed key/],
    ['a revision of 0', [put('a', { expect: { type: 'revision', revision: 0 } })], /malformed revision 0/],
    ['half a revision', [put('a', { expect: { type: 'revision', revision: 1.5 } })], /malformed revision 1.5/],
    ['a deletion of what is absent', [{ type: 'delete', key: 'a', expect: { type: 'absent' } }], /expected absent/],
    ['a negative claim', [put('a', { claims: [{ limit: 'x', amount: -1 }] })], /malformed amount/],
    [
      'a claim that sums could not hold',
      [put('a', { claims: [{ limit: 'x', amount: amountMax + 1 }] })],
      /malformed amount/,
    ],
    [
      'one limit twice',
      [
        put('a', {
          provides: [
            { limit: 'x', amount: 1 },
            { limit: 'x', amount: 1 },
          ],
        }),
      ],
      /one limit twice/,
    ],
    ['too many bytes', [put('a', { value: new Uint8Array(proposalBytesMax) })], /bytes is larger than/],
  ]
  it.each(flaws)('refuse %s', (_what, writes, says) => {
    const encode = () => encodeProposal(mark, { writes })
    expect(encode).toThrow(InvalidTxnError)
    expect(encode).toThrow(says)
  })

  const good = [1, 'n1', 0, 1, 1, [['k', 0, value, null, null]]]
  const foreign: readonly [what: string, fields: unknown][] = [
    ['not a list', { level: 1 }],
    ['short', good.slice(0, 5)],
    ['long', [...good, 1]],
    ['a level of 0', [0, ...good.slice(1)]],
    ['an origin that is not a name', [1, 'a b', ...good.slice(2)]],
    ['a negative since', [1, 'n1', -1, ...good.slice(3)]],
    ['a sequence of 0', [1, 'n1', 0, 0, ...good.slice(4)]],
    ['acked above the sequence', [1, 'n1', 0, 1, 2, good[5]]],
    ['a sequence beyond the window', [1, 'n1', 0, sequenceWindowMax + 1, 1, good[5]]],
    ['writes that are none', [1, 'n1', 0, 1, 1, [7]]],
    ['a value that is text', [1, 'n1', 0, 1, 1, [['k', 0, 'text', null, null]]]],
    ['a write of three fields', [1, 'n1', 0, 1, 1, [['k', 0, value]]]],
    ['odd amounts', [1, 'n1', 0, 1, 1, [['k', 0, value, ['x'], null]]]],
    ['an amount that is text', [1, 'n1', 0, 1, 1, [['k', 0, value, ['x', '1'], null]]]],
    ['one key twice', [1, 'n1', 0, 1, 1, [good[5], good[5]].flat()]],
  ]
  it.each(foreign)('are none when they are %s', (_what, fields) => {
    expect(decodeProposal(pack(good))).not.toBeNull()
    expect(decodeProposal(pack(fields))).toBeNull()
  })

  it('are none when they are noise, whatever the noise', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(txn, fc.nat(), fc.nat(255)).map(([given, at, byte]) => {
        const bytes = encodeProposal(mark, given)
        bytes[at % bytes.length] = byte
        return bytes
      }),
      fc.tuple(txn, fc.nat()).map(([given, at]) => {
        const bytes = encodeProposal(mark, given)
        return bytes.subarray(0, at % bytes.length)
      }),
    )
    fc.assert(
      fc.property(noise, (bytes) => {
        const decoded = decodeProposal(bytes)
        // Never an exception; and what passes is a transaction that could have been proposed.
        if (decoded !== null) expect(decodeProposal(encodeProposal(decoded, decoded.txn))?.txn).toEqual(decoded.txn)
      }),
      { numRuns: 1000 },
    )
  })
})
