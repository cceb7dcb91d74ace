import { describe, expect, it } from 'vitest'
import { decodeProposal } from './codec.ts'
import { newProposals } from './proposals.ts'
import { sequenceWindowMax } from './sessions.ts'
import { InvalidTxnError, type Txn } from './types.ts'

const options = { pendingMax: 3, repeatAfterMs: 400, repeatAfterMaxMs: 1000, commitTimeoutMs: 5000 }
const txn = (key: string): Txn => ({
  writes: [{ type: 'put', key, expect: { type: 'absent' }, value: new Uint8Array(1) }],
})

describe('proposals', () => {
  it('repeat at growing intervals the very same bytes, and then give up', () => {
    const proposals = newProposals<string>('o', 4, options)
    const added = proposals.add(txn('a'), 'a', 1000)
    const bytes = [...(added?.bytes ?? [])]
    const times: number[] = []
    let over: string[] = []
    for (let nowMs = 1000; over.length === 0; nowMs = proposals.nextMs() ?? Number.NaN) {
      over = proposals.overdue(nowMs).map(({ waiter }) => waiter)
      for (const due of proposals.due(nowMs)) {
        times.push(nowMs)
        expect([...due.bytes]).toEqual(bytes)
      }
    }
    expect(times).toEqual([1400, 2200, 3200, 4200, 5200])
    expect(over).toEqual(['a'])
    expect(proposals.nextMs()).toBeNull()
  })

  it('never say of one that may be repeated that it is settled', () => {
    const proposals = newProposals<string>('o', 4, options)
    const marks = ['a', 'b', 'c'].map((key) =>
      decodeProposal(proposals.add(txn(key), key, 0)?.bytes ?? new Uint8Array(0)),
    )
    expect(marks.map((m) => [m?.sequence, m?.acked])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    expect(proposals.add(txn('d'), 'd', 0)).toBeNull()
    proposals.take(2)
    expect(decodeProposal(proposals.add(txn('d'), 'd', 0)?.bytes ?? new Uint8Array(0))).toMatchObject({
      sequence: 4,
      acked: 1,
    })
    proposals.take(1)
    expect(decodeProposal(proposals.add(txn('e'), 'e', 0)?.bytes ?? new Uint8Array(0))).toMatchObject({
      sequence: 5,
      acked: 3,
      since: 4,
    })
    expect(proposals.take(9)).toBeUndefined()
  })

  it('do not run further ahead of the oldest than stores allow', () => {
    const proposals = newProposals<string>('o', 4, options)
    proposals.add(txn('stuck'), 'stuck', 0)
    for (let i = 0; i < sequenceWindowMax - 1; i++) {
      const added = proposals.add(txn('k'), 'k', 0)
      expect(decodeProposal(added?.bytes ?? new Uint8Array(0))).not.toBeNull()
      proposals.take(added?.sequence ?? 0)
    }
    expect(proposals.add(txn('k'), 'k', 0)).toBeNull()
    proposals.take(1)
    expect(proposals.add(txn('k'), 'k', 0)).not.toBeNull()
  })

  it('leave no trace of a transaction that no store would take', () => {
    const proposals = newProposals<string>('o', 4, options)
    expect(() => proposals.add({ writes: [] }, 'a', 0)).toThrow(InvalidTxnError)
    expect(proposals.all()).toEqual([])
    expect(proposals.add(txn('a'), 'a', 0)?.sequence).toBe(1)
  })

  it('begin anew in another session', () => {
    const proposals = newProposals<string>('o', 4, options)
    for (const key of ['a', 'b', 'c']) proposals.add(txn(key), key, 0)
    proposals.take(1)
    proposals.renew('o+1', 77)
    expect(proposals.all().map(({ waiter, bytes }) => [waiter, decodeProposal(bytes)])).toMatchObject([
      ['b', { origin: 'o+1', since: 77, sequence: 1, acked: 1, txn: txn('b') }],
      ['c', { origin: 'o+1', since: 77, sequence: 2, acked: 1, txn: txn('c') }],
    ])
    expect(proposals.add(txn('d'), 'd', 0)?.sequence).toBe(3)
  })
})
