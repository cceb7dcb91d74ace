import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeviceError } from '../host/host.ts'
import { encodeProposal } from './codec.ts'
import { newImage, newImageReader } from './image.ts'
import type { Session } from './sessions.ts'
import { type Content, newStoreCore, type StoreCore, type StoredRecord } from './store.ts'

const mark = { index: 0, term: 1, configuration: { voters: ['p'], votersOutgoing: [], learners: [] } }

function filled(count: number, valueBytes: (i: number) => number): StoreCore {
  const store = newStoreCore()
  for (let i = 0; i < count; i++) {
    const value = new Uint8Array(valueBytes(i)).fill(i)
    const claims = i % 3 === 0 ? [{ limit: 'none', amount: 0 }] : []
    const writes = [
      { type: 'put' as const, key: `k/${(i * 7919) % 1000}`, expect: { type: 'absent' as const }, value, claims },
    ]
    const sequence = 1 + Math.floor(i / 5)
    const data = encodeProposal({ origin: `o${i % 5}`, since: 0, sequence, acked: 1 }, { writes })
    store.apply({ index: i + 1, term: 1, data })
  }
  return store
}

function slicesOf(store: StoreCore, sliceBytes: number): Uint8Array[] {
  const image = newImage({ ...mark, index: store.head.index }, store.content(), sliceBytes)
  const slices: Uint8Array[] = []
  for (let slice = image.next(); slice !== null; slice = image.next()) slices.push(slice)
  return slices
}

function read(slices: readonly Uint8Array[], index: number): Content | string {
  const reader = newImageReader({ index, term: 1 })
  const sessions: Session[] = []
  const records: StoredRecord[] = []
  for (const slice of slices) {
    const part = reader.push(slice)
    if (part instanceof DeviceError) return part.message
    sessions.push(...part.sessions)
    records.push(...part.records)
  }
  const head = reader.finish()
  return head instanceof DeviceError ? head.message : { head, sessions, records }
}

describe('an image', () => {
  it.each([5, 100, 4096, 1_000_000])('comes back whole from slices of %d bytes', (sliceBytes) => {
    const store = filled(60, (i) => (i === 30 ? 2_000 : i * 3))
    const slices = slicesOf(store, sliceBytes)
    for (const slice of slices.slice(0, -1)) expect(slice.length).toBe(sliceBytes)
    expect(slices.at(-1)?.length).toBeLessThanOrEqual(sliceBytes)
    expect(read(slices, 60)).toEqual(store.content())
  })

  it('of an empty state is one, too', () => {
    const store = newStoreCore()
    store.apply({ index: 1, term: 1, data: new Uint8Array(0) })
    expect(read(slicesOf(store, 100), 1)).toEqual(store.content())
  })

  it('is of the moment when it was taken', () => {
    const store = filled(20, () => 50)
    const before = store.content()
    const image = newImage({ ...mark, index: 20 }, store.content(), 64)
    const slices = [image.next()]
    for (let i = 0; i < 10; i++) {
      const version = store.view.list('')[0]
      if (version === undefined) throw new Error('the store is filled')
      const writes = [
        {
          type: 'delete' as const,
          key: version.key,
          expect: { type: 'revision' as const, revision: version.revision },
        },
      ]
      store.apply({
        index: 21 + i,
        term: 1,
        data: encodeProposal({ origin: 'late', since: 0, sequence: 1 + i, acked: 1 }, { writes }),
      })
      slices.push(image.next())
    }
    for (let slice = image.next(); slice !== null; slice = image.next()) slices.push(slice)
    expect(store.view.list('').length).toBe(10)
    expect(
      read(
        slices.flatMap((slice) => slice ?? []),
        20,
      ),
    ).toEqual(before)
  })

  it('is refused with any byte changed, missing or added', () => {
    const slices = slicesOf(
      filled(12, (i) => i),
      64,
    )
    const whole = Buffer.concat(slices)
    const damage = fc.oneof(
      fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ change
        return bytes
      }),
      fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((tail) => Buffer.concat([whole, tail])),
      fc.nat(slices.length - 1).map((gone) => Buffer.concat(slices.filter((_, i) => i !== gone))),
      fc
        .nat(slices.length - 2)
        .map((at) => Buffer.concat(slices.map((slice, i) => (i === at ? (slices[at + 1] ?? slice) : slice)))),
    )
    fc.assert(
      fc.property(damage, (bytes) => void expect(read([bytes], 12)).toMatch(/damaged/)),
      { numRuns: 500 },
    )
  })

  it('is refused at another index, and by a daemon that does not know what it uses', () => {
    const store = filled(3, () => 1)
    expect(read(slicesOf(store, 100), 4)).toMatch(/of another index/)
    const later = { ...store.content(), head: { ...store.head, featureLevel: 2 } }
    const slice = newImage({ ...mark, index: 3 }, later, 10_000).next()
    expect(() => read([slice ?? new Uint8Array(0)], 3)).toThrow('upgrade it')
  })
})
