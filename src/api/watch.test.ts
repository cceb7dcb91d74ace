import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClientIdentity } from '../host/host.ts'
import { emptyContent, newStoreCore, storeLimits } from '../store/store.ts'
import { type Fixture, type FixtureAnswer, newFixture, settled } from './fixture.ts'

const maps = '/api/v1/namespaces/default/configmaps'

/** One that remembers no more than 50 changes. */
function newForgetful(): Fixture {
  const ring = { changesMax: 50, changeBytesMax: 1_000_000 }
  return newFixture(newStoreCore(emptyContent, { ...storeLimits, ring }))
}

function put({ cluster, world }: Fixture, name: string, label: string | null, namespace = 'default'): void {
  const key = `core/configmaps/${namespace}/${name}`
  const there = world.view.get(key)
  const expected =
    there === undefined ? ({ type: 'absent' } as const) : ({ type: 'revision', revision: there.revision } as const)
  if (label === null) {
    if (there !== undefined) cluster.commit({ writes: [{ type: 'delete', key, expect: expected }] })
    return
  }
  const value = new TextEncoder().encode(JSON.stringify({ metadata: { name, namespace, labels: { l: label } } }))
  cluster.commit({ writes: [{ type: 'put', key, expect: expected, value }] })
}

interface Told {
  readonly type: string
  readonly object: { readonly metadata: { readonly name: string; readonly resourceVersion: string } }
}
const short = ({ type, object }: Told): string =>
  `${type} ${object.metadata.name ?? ''}@${object.metadata.resourceVersion}`

/** The next lines, as many as asked for. */
async function lines(answer: FixtureAnswer, count: number): Promise<string[]> {
  const told: string[] = []
  for (let at = 0; at < count; at++) told.push(short(await answer.line()))
  return told
}

test('a list and a watch from its version together show every change, once and in order', async () => {
  const fixture = newFixture()
  put(fixture, 'a', 'x')
  const { metadata } = await (await fixture.ask('GET', maps)).json()
  put(fixture, 'b', 'x')
  put(fixture, 'c', 'x', 'other')
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=${metadata.resourceVersion}`)
  expect([watch.status, watch.headers['content-type']]).toEqual([200, 'application/json'])
  expect(await lines(watch, 1)).toEqual(['ADDED b@2'])
  const next = lines(watch, 3)
  put(fixture, 'a', 'y')
  put(fixture, 'b', null)
  put(fixture, 'd', 'x', 'other')
  put(fixture, 'b', 'x')
  expect(await next).toEqual(['MODIFIED a@4', 'DELETED b@5', 'ADDED b@7'])
})

test('an event carries the whole object, and a deletion the last of it', async () => {
  const fixture = newFixture()
  const watch = await fixture.ask('GET', `${maps}?watch=1&resourceVersion=0`)
  put(fixture, 'a', 'x')
  put(fixture, 'a', null)
  const metadata = { name: 'a', namespace: 'default', labels: { l: 'x' } }
  const object = { kind: 'ConfigMap', apiVersion: 'v1' }
  expect(await watch.line()).toEqual({
    type: 'ADDED',
    object: { ...object, metadata: { ...metadata, resourceVersion: '1' } },
  })
  expect(await watch.line()).toEqual({
    type: 'DELETED',
    object: { ...object, metadata: { ...metadata, resourceVersion: '2' } },
  })
})

test('without a version it begins with what there is', async () => {
  const fixture = newFixture()
  put(fixture, 'a', 'x')
  put(fixture, 'b', 'x')
  for (const query of ['watch=true', 'watch=true&resourceVersion=0']) {
    expect(await lines(await fixture.ask('GET', `${maps}?${query}`), 2)).toEqual(['ADDED a@1', 'ADDED b@2'])
  }
})

test('a watch list begins with what there is, says so, and goes on', async () => {
  const fixture = newFixture()
  put(fixture, 'a', 'x')
  put(fixture, 'b', 'y')
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await fixture.ask('GET', `${maps}?${query}&labelSelector=l%3Dx`)
  expect(await lines(watch, 1)).toEqual(['ADDED a@1'])
  expect(await watch.line()).toEqual({
    type: 'BOOKMARK',
    object: {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: '2',
        creationTimestamp: null,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    },
  })
  put(fixture, 'c', 'x')
  expect(await lines(watch, 1)).toEqual(['ADDED c@3'])
})

test('an object that begins to be selected is added, one that ceases to be is deleted', async () => {
  const fixture = newFixture()
  put(fixture, 'a', 'x')
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=1&labelSelector=l%3Dx`)
  put(fixture, 'a', 'y')
  put(fixture, 'b', 'y')
  put(fixture, 'a', 'x')
  put(fixture, 'a', 'x')
  put(fixture, 'a', null)
  expect(await lines(watch, 4)).toEqual(['DELETED a@2', 'ADDED a@4', 'MODIFIED a@5', 'DELETED a@6'])
})

test('one object can be watched by its path', async () => {
  const fixture = newFixture()
  const watch = await fixture.ask('GET', `${maps}/b?watch=true&resourceVersion=0`)
  put(fixture, 'a', 'x')
  put(fixture, 'b', 'x')
  put(fixture, 'bb', 'x')
  put(fixture, 'b', null)
  expect(await lines(watch, 2)).toEqual(['ADDED b@2', 'DELETED b@4'])
})

test('it ends when its time is over, after a last bookmark', async () => {
  const fixture = newFixture()
  const watch = await fixture.ask(
    'GET',
    `${maps}?watch=true&resourceVersion=0&timeoutSeconds=70&allowWatchBookmarks=true`,
  )
  const told = lines(watch, 2)
  await settled()
  put(fixture, 'a', 'x', 'other')
  await fixture.clock.advance(60_000)
  put(fixture, 'b', 'x', 'other')
  await fixture.clock.advance(10_000)
  expect(await told).toEqual(['BOOKMARK @1', 'BOOKMARK @2'])
  expect(await watch.line()).toBeNull()
})

test('it ends when its client goes, and holds nothing any more', async () => {
  const core = newStoreCore()
  let subscribed = 0
  const { subscribe } = core.view
  const view = {
    ...core.view,
    subscribe: (listener: Parameters<typeof subscribe>[0]) => {
      subscribed++
      const end = subscribe(listener)
      return () => {
        subscribed--
        end()
      }
    },
  }
  const fixture = newFixture({ ...core, view: Object.setPrototypeOf({ subscribe: view.subscribe }, core.view) })
  const gone = new AbortController()
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=0`, { signal: gone.signal })
  const end = watch.line()
  await settled()
  expect(subscribed).toBe(1)
  gone.abort(new Error('gone'))
  expect(await end).toBeNull()
  expect(subscribed).toBe(0)
})

test('what is too old to go on from is told, in the stream', async () => {
  const fixture = newForgetful()
  for (let change = 0; change < 100; change++) put(fixture, 'a', String(change % 2))
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=1`)
  expect(watch.status).toBe(200)
  expect(await watch.line()).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
  expect(await watch.line()).toBeNull()
})

test('a quiet watcher keeps its place while others write much', async () => {
  const fixture = newForgetful()
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=0`)
  const next = lines(watch, 1)
  await settled()
  for (let change = 0; change < 100; change++) put(fixture, 'a', String(change % 2), 'other')
  put(fixture, 'b', 'x')
  expect(await next).toEqual(['ADDED b@101'])
})

test('a slow watcher holds nothing, and is told to begin anew when it has lost its place', async () => {
  const fixture = newForgetful()
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=0`)
  put(fixture, 'a', 'x')
  expect(await lines(watch, 1)).toEqual(['ADDED a@1'])
  for (let change = 0; change < 100; change++) put(fixture, 'a', String(change % 2))
  expect(await watch.line()).toMatchObject({ type: 'ERROR', object: { code: 410 } })
})

test('in tables only the first event describes the columns', async () => {
  const fixture = newFixture()
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  const watch = await fixture.ask('GET', `${maps}?watch=true&resourceVersion=0`, { accept })
  put(fixture, 'a', 'x')
  put(fixture, 'a', null)
  const first = await watch.line()
  expect(first).toMatchObject({
    type: 'ADDED',
    object: { kind: 'Table', rows: [{ cells: expect.arrayContaining(['a']) }] },
  })
  expect(first.object.columnDefinitions.length).toBeGreaterThan(1)
  const second = await watch.line()
  expect(second).toMatchObject({
    type: 'DELETED',
    object: { rows: [{ object: { metadata: { resourceVersion: '2' } } }] },
  })
  expect(second.object.columnDefinitions).toEqual([])
})

test('whoever may not watch is told so before the stream begins', async () => {
  const client: ClientIdentity = { user: 'ann', groups: [] }
  expect((await newFixture().ask('GET', `${maps}?watch=true`, { client })).status).toBe(403)
})

/** What a watcher knows after what it was told. */
function replay(known: Map<string, string>, { type, object }: Told): void {
  const { name, resourceVersion } = object.metadata
  if (type === 'DELETED') known.delete(name)
  else known.set(name, resourceVersion)
}

test('whatever happens, who follows a watch knows what a list would show', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    label: fc.option(fc.constantFrom('x', 'y')),
    read: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), fc.nat({ max: 10 }), async (changes, start) => {
      const fixture = newFixture()
      for (const { name, label } of changes.slice(0, start)) put(fixture, name, label)
      const select = 'labelSelector=l%3Dx'
      const list = await (await fixture.ask('GET', `${maps}?${select}`)).json()
      const known = new Map<string, string>(
        list.items.map(({ metadata }: Told['object']) => [metadata.name, metadata.resourceVersion]),
      )
      const from = list.metadata.resourceVersion
      // A list that is still empty has version 0, from which a watch begins with what there is: nothing.
      const watch = await fixture.ask('GET', `${maps}?${select}&watch=true&resourceVersion=${from}&timeoutSeconds=1`)
      const following = (async () => {
        for (let told = await watch.line(); told !== null; told = await watch.line()) replay(known, told)
      })()
      for (const { name, label, read } of changes.slice(start)) {
        put(fixture, name, label)
        if (read) await settled()
      }
      await fixture.clock.advance(1_000)
      await following
      const end = await (await fixture.ask('GET', `${maps}?${select}`)).json()
      expect([...known].sort()).toEqual(
        end.items.map(({ metadata }: Told['object']) => [metadata.name, metadata.resourceVersion]),
      )
    }),
    { numRuns: 100 },
  )
})
