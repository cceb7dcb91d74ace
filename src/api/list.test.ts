import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyContent, newStoreCore, storeLimits } from '../store/store.ts'
import { type Fixture, newFixture } from './fixture.ts'

const maps = '/api/v1/namespaces/default/configmaps'

/** One that remembers no more than 50 changes. */
function newForgetful(): Fixture {
  const ring = { changesMax: 50, changeBytesMax: 1_000_000 }
  return newFixture(newStoreCore(emptyContent, { ...storeLimits, ring }))
}

function put({ cluster, world }: Fixture, name: string, data: string | null, namespace = 'default'): void {
  const key = `core/configmaps/${namespace}/${name}`
  const there = world.view.get(key)
  const expected =
    there === undefined ? ({ type: 'absent' } as const) : ({ type: 'revision', revision: there.revision } as const)
  if (data === null) {
    if (there !== undefined) cluster.commit({ writes: [{ type: 'delete', key, expect: expected }] })
    return
  }
  const value = new TextEncoder().encode(
    JSON.stringify({ metadata: { name, namespace, labels: { data } }, data: { data } }),
  )
  cluster.commit({ writes: [{ type: 'put', key, expect: expected, value }] })
}

interface Item {
  readonly metadata: { readonly name: string }
  readonly data: { readonly data: string }
}
const shown = (items: readonly Item[]): string[] => items.map((item) => `${item.metadata.name}=${item.data.data}`)

test('items come in the order of their names, without kind and apiVersion, at one resourceVersion', async () => {
  const fixture = newFixture()
  put(fixture, 'b', '1')
  put(fixture, 'a', '1')
  put(fixture, 'c', '1', 'other')
  const list = await (await fixture.ask('GET', maps)).json()
  expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '3' } })
  expect(shown(list.items)).toEqual(['a=1', 'b=1'])
  expect(list.items[0].metadata.resourceVersion).toBe('2')
  expect(list.items[0]).not.toHaveProperty('kind')
  const all = await (await fixture.ask('GET', '/api/v1/configmaps')).json()
  expect(shown(all.items)).toEqual(['a=1', 'b=1', 'c=1'])
})

test('an empty list is a list', async () => {
  const list = await (await newFixture().ask('GET', maps)).json()
  expect(list).toMatchObject({ kind: 'ConfigMapList', items: [], metadata: { resourceVersion: '0' } })
})

test('selectors pick by labels and fields, and wrong ones are refused', async () => {
  const fixture = newFixture()
  for (const [name, data] of ['ab', 'bb', 'cc'].map((text) => [text[0] ?? '', text[1] ?? ''] as const))
    put(fixture, name, data)
  const by = async (query: string): Promise<string[]> =>
    shown((await (await fixture.ask('GET', `${maps}?${query}`)).json()).items)
  expect(await by('labelSelector=data%3Db')).toEqual(['a=b', 'b=b'])
  expect(await by('labelSelector=data+in+(c,x)')).toEqual(['c=c'])
  expect(await by('fieldSelector=metadata.name%3Db')).toEqual(['b=b'])
  expect(await by('labelSelector=data%3Db&limit=1')).toEqual(['a=b'])
  expect((await fixture.ask('GET', `${maps}?labelSelector=a%3D%3D%3D`)).status).toBe(400)
  const unknown = await fixture.ask('GET', `${maps}?fieldSelector=data.x%3D1`)
  expect(unknown.status).toBe(400)
  expect((await unknown.json()).message).toContain('field label not supported: data.x')
})

/** All pages, with a change before each but the first. */
async function pages(
  fixture: Fixture,
  limit: number,
  between: () => void,
): Promise<{ all: string[]; versions: string[] }> {
  const all: string[] = []
  const versions: string[] = []
  let token = ''
  do {
    const answer = await fixture.ask('GET', `${maps}?limit=${limit}&continue=${token}`)
    expect(answer.status).toBe(200)
    const list = await answer.json()
    expect(list.items.length).toBeLessThanOrEqual(limit)
    all.push(...shown(list.items))
    versions.push(list.metadata.resourceVersion)
    token = list.metadata.continue ?? ''
    between()
  } while (token !== '')
  return { all, versions }
}

test('pages show one moment, whatever happens between them', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    data: fc.option(fc.constantFrom('1', '2', '3')),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 12 }),
      fc.array(change, { maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (before, between, limit) => {
        const fixture = newFixture()
        for (const { name, data } of before) put(fixture, name, data)
        const expected = shown((await (await fixture.ask('GET', maps)).json()).items)
        const rest = [...between]
        const { all, versions } = await pages(fixture, limit, () => {
          for (const { name, data } of rest.splice(0, 3)) put(fixture, name, data)
        })
        expect(all).toEqual(expected)
        expect(new Set(versions).size).toBe(1)
      },
    ),
    { numRuns: 100 },
  )
})

test('a past moment is shown exactly, when it is asked for and still known', async () => {
  const fixture = newFixture()
  put(fixture, 'a', '1')
  put(fixture, 'a', '2')
  put(fixture, 'b', '1')
  const at = async (revision: number): Promise<string[]> =>
    shown(
      (await (await fixture.ask('GET', `${maps}?resourceVersion=${revision}&resourceVersionMatch=Exact`)).json()).items,
    )
  expect([await at(1), await at(2), await at(3)]).toEqual([['a=1'], ['a=2'], ['a=2', 'b=1']])
})

test('what is no longer known is expired', async () => {
  const fixture = newForgetful()
  for (let change = 0; change < 100; change++) put(fixture, 'a', String(change % 2))
  const answer = await fixture.ask('GET', `${maps}?resourceVersion=1&resourceVersionMatch=Exact`)
  expect(answer.status).toBe(410)
  expect((await answer.json()).reason).toBe('Expired')
})

test('a token of another list, or none of ours, is refused', async () => {
  const fixture = newFixture()
  for (const name of ['a', 'b']) put(fixture, name, '1')
  const { metadata } = await (await fixture.ask('GET', `${maps}?limit=1`)).json()
  expect(metadata.continue).toMatch(/^[\w-]+$/)
  for (const token of ['x', '%%%', 'AAAA', metadata.continue.slice(3), 'a'.repeat(5_000)]) {
    expect((await fixture.ask('GET', `${maps}?limit=1&continue=${token}`)).status).toBe(400)
  }
  const elsewhere = `/api/v1/namespaces/other/configmaps?limit=1&continue=${metadata.continue}`
  expect((await fixture.ask('GET', elsewhere)).status).toBe(400)
})

test('a long list comes in slices and is whole', async () => {
  const fixture = newFixture()
  const names = Array.from({ length: 1_203 }, (_, index) => `m${String(index).padStart(4, '0')}`)
  for (const name of names) put(fixture, name, '1')
  const list = await (await fixture.ask('GET', maps)).json()
  expect(list.items.map((item: Item) => item.metadata.name)).toEqual(names)
})

test('tables and metadata alone', async () => {
  const fixture = newFixture()
  put(fixture, 'a', '1')
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const table = await (await fixture.ask('GET', maps, { accept })).json()
  expect(table).toMatchObject({ kind: 'Table', metadata: { resourceVersion: '1' } })
  expect(table.columnDefinitions[0]).toMatchObject({ name: 'Name' })
  expect(table.rows[0].cells[0]).toBe('a')
  expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } })
  const one = await (await fixture.ask('GET', `${maps}/a?includeObject=Object`, { accept })).json()
  expect(one.rows[0].object).toMatchObject({ data: { data: '1' } })
  const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
  const metadata = await (await fixture.ask('GET', maps, { accept: partial })).json()
  expect(metadata).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] })
  expect(metadata.items[0]).not.toHaveProperty('data')
})

test('options that contradict one another are refused as Kubernetes does', async () => {
  const fixture = newFixture()
  const refused = async (query: string, field: string): Promise<void> => {
    const answer = await fixture.ask('GET', `${maps}?${query}`)
    expect([query, answer.status]).toEqual([query, 422])
    expect((await answer.json()).details.causes[0].field).toBe(field)
  }
  await refused('resourceVersionMatch=Exact', 'resourceVersionMatch')
  await refused('resourceVersionMatch=Sometimes&resourceVersion=1', 'resourceVersionMatch')
  await refused('resourceVersionMatch=Exact&resourceVersion=0', 'resourceVersionMatch')
  await refused('resourceVersion=abc', 'resourceVersion')
  await refused('watch=true&sendInitialEvents=true', 'resourceVersionMatch')
  await refused('watch=true&resourceVersionMatch=Exact&resourceVersion=1', 'resourceVersionMatch')
  expect((await fixture.ask('GET', `${maps}?limit=many`)).status).toBe(400)
  expect((await fixture.ask('GET', `${maps}?pretty=true&timeout=32s&limit=`)).status).toBe(200)
})
