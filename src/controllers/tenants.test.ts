import { describe, expect, it } from 'vitest'
import type { ConfigMap, Node, ServiceAccount } from '../objects/types.ts'
import { newAccounts } from './accounts.ts'
import { newFixtureStore } from './fixture.ts'
import { configMapKind, namespaceKind, nodeKind, serviceAccountKind } from './objects.ts'
import { newQueue } from './queue.ts'
import { subnets } from './subnets.ts'

describe('what a namespace has', () => {
  it('is there again whoever takes it away, and says what it should', () => {
    const store = newFixtureStore()
    store.put(namespaceKind, { metadata: { name: 'default', uid: 'u' } })
    const accounts = newAccounts('pem')
    const look = () => store.follow(accounts.reconcile('default', store.cluster, 0))
    expect(look()).toEqual(['done', 'done'])
    expect(look()).toEqual([])
    const read = () => store.read<ConfigMap>(configMapKind, 'kube-root-ca.crt')
    expect(read()?.data).toEqual({ 'ca.crt': 'pem' })
    expect(store.read<ServiceAccount>(serviceAccountKind, 'default')?.metadata.uid).toBeDefined()
    store.put(configMapKind, {
      metadata: { name: 'kube-root-ca.crt', namespace: 'default' },
      data: { 'ca.crt': 'false' },
    } as ConfigMap)
    look()
    expect(read()?.data).toEqual({ 'ca.crt': 'pem' })
    store.put(namespaceKind, { metadata: { name: 'default', uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z' } })
    expect(accounts.reconcile('default', store.cluster, 0).steps).toEqual([])
  })
})

describe('subnets', () => {
  it('each node has its own, for as long as it is there', () => {
    const store = newFixtureStore()
    for (const name of ['n1', 'n2', 'n3']) store.node(name)
    const look = () => store.follow(subnets.reconcile('', store.cluster, 0))
    const of = (name: string) => store.read<Node>(nodeKind, name)?.spec
    expect(look()).toEqual(['done', 'done', 'done'])
    expect(of('n1')).toMatchObject({ podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] })
    expect([of('n2')?.podCIDR, of('n3')?.podCIDR]).toEqual(['10.244.1.0/24', '10.244.2.0/24'])
    expect(look()).toEqual([])
    // Two leaders at once give the same one; the books let one of them.
    store.node('n4')
    store.node('n5')
    const one = subnets.reconcile('', store.cluster, 0)
    expect(store.follow({ steps: one.steps.slice(0, 1) })).toEqual(['done'])
    const [, second] = one.steps
    expect(store.follow({ steps: second === undefined ? [] : [second] })).toEqual(['done'])
    expect(store.follow(one)).toEqual(['refused', 'refused'])
  })
})

describe('the queue', () => {
  const item = { controller: 0, key: 'a' }
  it('holds a key once, and gives it out in turn', () => {
    const queue = newQueue()
    for (const key of ['a', 'b', 'a', 'c']) queue.add({ controller: 0, key })
    expect(queue.take(0, 2).map(({ key }) => key)).toEqual(['a', 'b'])
    expect(queue.take(0, 2).map(({ key }) => key)).toEqual(['c'])
    expect(queue.nextMs()).toBeNull()
  })

  it('brings a key back at the earlier of two times', () => {
    const queue = newQueue()
    queue.later(item, 500, 0)
    queue.later(item, 200, 0)
    queue.later(item, 900, 0)
    expect(queue.nextMs()).toBe(200)
    expect(queue.take(199, 9)).toEqual([])
    expect(queue.take(200, 9)).toEqual([item])
    expect(queue.take(1_000, 9)).toEqual([])
  })

  it('waits longer with each failure, and begins anew after a success', () => {
    const queue = newQueue()
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      queue.failed(item, 0)
      waits.push(queue.nextMs() ?? 0)
      queue.take(10_000, 9)
    }
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(5_000)
    queue.succeeded(item)
    queue.failed(item, 0)
    expect(queue.nextMs()).toBe(5)
  })

  it('a key that rests is not given out before, and not forgotten', () => {
    const queue = newQueue()
    queue.rest(item, 50, 0)
    queue.add(item)
    expect(queue.take(49, 9)).toEqual([])
    expect(queue.take(50, 9)).toEqual([item])
    queue.add(item)
    expect(queue.take(51, 9)).toEqual([item])
  })
})
