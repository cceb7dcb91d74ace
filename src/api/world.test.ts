import { expect, test } from 'vitest'
import { type Fixture, newFixture } from './fixture.ts'

const maps = '/api/v1/namespaces/default/configmaps'

async function newCluster(): Promise<Fixture> {
  const fixture = newFixture()
  await fixture.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } })
  await fixture.ask('POST', maps, { body: { metadata: { name: 'm' } } })
  return fixture
}

/** A write at another node that has not come here yet. */
function elsewhere({ cluster }: Fixture, name: string): void {
  const value = new TextEncoder().encode(JSON.stringify({ metadata: { name, namespace: 'default' } }))
  cluster.elsewhere({
    writes: [{ type: 'put', key: `core/configmaps/default/${name}`, expect: { type: 'absent' }, value }],
  })
}

test('reads see what was acknowledged at another node, unless they ask for whatever is here', async () => {
  const fixture = await newCluster()
  elsewhere(fixture, 'n')
  expect((await fixture.ask('GET', `${maps}/n?resourceVersion=0`)).status).toBe(404)
  const stale = await (await fixture.ask('GET', `${maps}?resourceVersion=0`)).json()
  expect(stale.items).toHaveLength(1)
  expect((await fixture.ask('GET', `${maps}/n`)).status).toBe(200)
})

test('a read that names a version waits for it, and is told when it is not there', async () => {
  const fixture = await newCluster()
  const { revision } = fixture.world.view
  elsewhere(fixture, 'n')
  expect((await fixture.ask('GET', `${maps}/m?resourceVersion=${revision}`)).status).toBe(200)
  expect(fixture.world.view.revision).toBe(revision)
  const newer = await (await fixture.ask('GET', `${maps}?resourceVersion=${revision + 1}`)).json()
  expect(newer.items).toHaveLength(2)
  for (const query of ['', '&watch=true']) {
    const never = await fixture.ask('GET', `${maps}?resourceVersion=${revision + 100}${query}`)
    expect(never.status).toBe(504)
    expect(await never.json()).toMatchObject({
      message: `Timeout: Too large resource version: ${revision + 100}, current: ${revision + 1}`,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    })
  }
})

test('without a majority reads are refused after a few seconds, and stale ones answered', async () => {
  const fixture = await newCluster()
  fixture.cluster.state = 'lost'
  let settledAtMs: number | null = null
  const refused = fixture.ask('GET', maps).then((answer) => {
    settledAtMs = fixture.clock.monotonicMs()
    return answer
  })
  await fixture.clock.advance(10_000)
  const answer = await refused
  expect(answer.status).toBe(503)
  expect(settledAtMs).toBeLessThanOrEqual(5_000)
  // Without Retry-After: a client that sees it asks again ten times before it says anything.
  expect(answer.headers).not.toHaveProperty('retry-after')
  const status = await answer.json()
  expect(status.reason).toBe('ServiceUnavailable')
  expect(status.message).toContain('no leader with a majority of the voters answers')
  const stale = await fixture.ask('GET', `${maps}?resourceVersion=0`)
  expect((await stale.json()).items).toHaveLength(1)
})

test('a read sits an election out', async () => {
  const fixture = await newCluster()
  fixture.cluster.state = 'lost'
  const answer = fixture.ask('GET', `${maps}/m`)
  await fixture.clock.advance(1_000)
  fixture.cluster.state = 'well'
  await fixture.clock.advance(200)
  expect((await answer).status).toBe(200)
})

test('a write that was surely not made may be repeated, one whose outcome is unknown says so', async () => {
  const fixture = await newCluster()
  fixture.cluster.state = 'losing'
  const refused = await fixture.ask('POST', maps, { body: { metadata: { name: 'n' } } })
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
  expect((await refused.json()).message).toContain('nothing was written')
  fixture.cluster.state = 'unknown'
  const unknown = await fixture.ask('POST', maps, { body: { metadata: { name: 'n' } } })
  expect([unknown.status, unknown.headers['retry-after']]).toEqual([504, undefined])
  expect(await unknown.json()).toMatchObject({
    reason: 'Timeout',
    message: 'Timeout: the cluster did not confirm the write in time; it may or may not have happened',
  })
})

test('without a majority writes are refused after a few seconds, and wait for an election', async () => {
  const fixture = await newCluster()
  fixture.cluster.state = 'lost'
  const body = { metadata: { name: 'n' } }
  const refused = fixture.ask('POST', maps, { body })
  await fixture.clock.advance(5_000)
  const answer = await refused
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, undefined])
  expect((await answer.json()).message).toContain('nothing was written')
  const made = fixture.ask('POST', maps, { body })
  await fixture.clock.advance(1_000)
  fixture.cluster.state = 'well'
  await fixture.clock.advance(200)
  expect((await made).status).toBe(201)
})

test('ready means that it knows a leader; alive means that it answers', async () => {
  const fixture = await newCluster()
  const get = async (path: string): Promise<string> => {
    const answer = await fixture.ask('GET', path, { client: null })
    return `${answer.status} ${await answer.text()}`
  }
  for (const path of ['/healthz', '/livez', '/readyz']) expect(await get(path)).toBe('200 ok')
  fixture.cluster.state = 'lost'
  expect(await get('/livez')).toBe('200 ok')
  expect(await get('/readyz')).toMatch(/^503 .*leader/)
})
