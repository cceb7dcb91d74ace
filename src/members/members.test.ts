import { describe, expect, test } from 'vitest'
import { memberNode } from '../objects/member.ts'
import { writeStored } from '../objects/stored.ts'
import type { Version } from '../store/types.ts'
import { decodeNews, encodeNews } from './codec.ts'
import { newMembers } from './members.ts'
import { mayFail } from './status.ts'

const member = (name: string) => ({
  name,
  identity: `id-${name}`,
  gossipAddresses: [`${name}:7946`],
  apiAddress: `${name}:6443`,
})

const peer = (name: string) => ({ name, identity: `id-${name}`, addresses: [`${name}:7946`] })

/** A store with nothing but Node objects. */
function storeOf(): { revision: number; list(): Version[]; put(name: string): void; remove(name: string): void } {
  const nodes = new Map<string, Version>()
  const store = {
    revision: 0,
    list: () => [...nodes.values()],
    put(name: string) {
      store.revision += 1
      const value = writeStored(memberNode(member(name), {}))
      nodes.set(name, { key: `core/nodes//${name}`, value, revision: store.revision, createRevision: store.revision })
    },
    remove(name: string) {
      store.revision += 1
      nodes.delete(name)
    },
  }
  return store
}

const nobody = () => ({ voters: [], votersOutgoing: [] })

const names = (members: ReturnType<typeof newMembers>): string[] => members.list().map(({ name }) => name)

describe('who is a member', () => {
  test('an empty store: those named at joining', () => {
    const members = newMembers(storeOf(), [peer('n1'), peer('n2')], nobody)
    expect(names(members)).toEqual(['n1', 'n2'])
    expect(members.admits('id-n1')).toBe(true)
    expect(members.admits('id-n3')).toBe(false)
  })

  test('once the store holds anything, the store alone', () => {
    const store = storeOf()
    const members = newMembers(store, [peer('n1'), peer('stranger')], nobody)
    store.put('n1')
    store.put('n2')
    expect(members.look()).toBe(true)
    expect(members.look()).toBe(false)
    expect(names(members)).toEqual(['n1', 'n2'])
    expect(members.admits('id-stranger')).toBe(false)
    store.remove('n2')
    expect(members.look()).toBe(true)
    expect(members.admits('id-n2')).toBe(false)
    expect(members.node('n2')).toBeUndefined()
  })

  test('away while others came: what a member tells holds until the own store is as new', () => {
    const store = storeOf()
    store.put('n1')
    const members = newMembers(store, [], nobody)
    members.told([member('n1'), member('n4')], 3)
    expect(names(members)).toEqual(['n1', 'n4'])
    store.put('n2')
    members.look()
    expect(members.admits('id-n4')).toBe(true)
    store.put('n3')
    members.look()
    expect(names(members)).toEqual(['n1', 'n2', 'n3'])
  })

  test('joined: who was named holds until the own store is as new as the one that answered', () => {
    const store = storeOf()
    const asOf = 3
    const members = newMembers(
      store,
      [
        { ...peer('n2'), asOf },
        { ...peer('n3'), asOf },
      ],
      nobody,
    )
    store.put('n1')
    members.look()
    expect(names(members)).toEqual(['n1', 'n2', 'n3'])
    store.put('n2')
    store.put('n4')
    members.look()
    expect(names(members)).toEqual(['n1', 'n2', 'n4'])
  })

  test('joined: a member that knows less than who answered tells nothing', () => {
    const members = newMembers(storeOf(), [{ ...peer('n2'), asOf: 9 }], nobody)
    members.told([member('n1')], 5)
    expect(names(members)).toEqual(['n2'])
    members.told([member('n3')], 10)
    expect(names(members)).toEqual(['n3'])
  })

  test('who was removed is let in as long as Raft counts its vote', () => {
    const store = storeOf()
    let configuration = { voters: ['id-n1', 'id-n2'], votersOutgoing: [] as string[] }
    const members = newMembers(store, [], () => configuration)
    store.put('n1')
    store.put('n2')
    members.look()
    store.remove('n2')
    expect(members.look()).toBe(true)
    expect(names(members)).toEqual(['n1'])
    expect(members.admits('id-n2')).toBe(true)
    configuration = { voters: ['id-n1'], votersOutgoing: ['id-n1', 'id-n2'] }
    expect(members.look()).toBe(false)
    expect(members.admits('id-n2')).toBe(true)
    configuration = { voters: ['id-n1'], votersOutgoing: [] }
    expect(members.look()).toBe(true)
    expect(members.admits('id-n2')).toBe(false)
  })

  test('what an older store tells is not taken', () => {
    const store = storeOf()
    store.put('n1')
    store.put('n2')
    const members = newMembers(store, [], nobody)
    members.told([member('n9')], 2)
    expect(members.admits('id-n9')).toBe(false)
  })
})

test('news survive the wire; anything else is refused', () => {
  const news = { members: [member('n1')], revision: 7 }
  expect(decodeNews(encodeNews(news.members, news.revision))).toEqual(news)
  expect(() => decodeNews(new Uint8Array([1, 2, 3]))).toThrow()
  expect(() => decodeNews(encodeNews([{ ...member('n1'), identity: 5 as unknown as string }], 7))).toThrow(TypeError)
})

describe('how many more may fail', () => {
  const rows: readonly [what: string, groups: readonly string[][], alive: string, spare: number][] = [
    ['one voter', [['a'], []], 'a', 0],
    ['three, all alive', [['a', 'b', 'c'], []], 'abc', 1],
    ['three, one dead', [['a', 'b', 'c'], []], 'ab', 0],
    ['three, two dead', [['a', 'b', 'c'], []], 'a', 0],
    ['five, all alive', [['a', 'b', 'c', 'd', 'e'], []], 'abcde', 2],
    ['a change from one to three', [['a', 'b', 'c'], ['a']], 'abc', 0],
    ['nobody known yet', [[], []], '', 0],
  ]
  test.each(rows)('%s', (_what, groups, alive, spare) => {
    expect(mayFail(groups, (voter) => alive.includes(voter))).toBe(spare)
  })
})
