import { expect, test } from 'vitest'
import { hashSecret } from '../auth/tokens.ts'
import { type Fixture, type FixtureAnswer, newFixture } from './fixture.ts'

const tokens = '/apis/skein.dev/v1/jointokens'
const secret = 'abcdefghij234567abcdefghij'
const identity = (letter: string): string => `12D3KooW${letter.repeat(44)}`

async function newCluster(spec: object = {}): Promise<Fixture> {
  const fixture = newFixture()
  const body = { metadata: { name: 'tok' }, spec: { scope: 'full', secretHash: hashSecret(secret), ...spec } }
  expect((await fixture.ask('POST', tokens, { body })).status).toBe(201)
  return fixture
}

const asked = (more: object = {}): object => ({
  tokenId: 'tok',
  secret,
  name: 'n2',
  identity: identity('a'),
  addresses: ['10.0.0.2:4001'],
  apiAddress: '10.0.0.2:6443',
  version: '0.1.0',
  ...more,
})

function join({ ask }: Fixture, more: object = {}): Promise<FixtureAnswer> {
  return ask('POST', '/skein/v1/join', { client: null, body: asked(more) })
}

const usesLeft = async ({ ask }: Fixture): Promise<number> =>
  (await (await ask('GET', `${tokens}/tok`)).json()).spec.usesLeft

test('who shows the secret becomes a member, and is told the others', async () => {
  const fixture = await newCluster({ usesLeft: 2 })
  const first = await join(fixture)
  expect(first.status).toBe(200)
  expect(await first.json()).toEqual({
    clusterId: 'c1',
    caCertificate: 'the certificate',
    caKey: 'the key',
    members: [],
  })
  const node = await (await fixture.ask('GET', '/api/v1/nodes/n2')).json()
  expect(node).toMatchObject({
    metadata: {
      name: 'n2',
      uid: expect.any(String),
      annotations: { 'skein.dev/gossip-address': '10.0.0.2:4001', 'skein.dev/api-address': '10.0.0.2:6443' },
    },
    spec: { providerID: `skein://${identity('a')}` },
  })
  const second = await join(fixture, { name: 'n3', identity: identity('b') })
  expect((await second.json()).members).toEqual([
    { identity: identity('a'), name: 'n2', addresses: ['10.0.0.2:4001'], asOf: 5 },
  ])
  expect(await usesLeft(fixture)).toBe(0)
  const third = await join(fixture, { name: 'n4', identity: identity('c') })
  expect(third.status).toBe(403)
  expect((await third.json()).message).toContain('used as often as it may be')
})

test('a node whose answer was lost asks again, and that counts once; later it counts anew', async () => {
  const fixture = await newCluster({ usesLeft: 1 })
  await join(fixture)
  const again = await join(fixture, { addresses: ['10.0.0.9:4001'] })
  expect(again.status).toBe(200)
  expect(await usesLeft(fixture)).toBe(0)
  const node = await (await fixture.ask('GET', '/api/v1/nodes/n2')).json()
  expect(node.metadata.annotations['skein.dev/gossip-address']).toBe('10.0.0.9:4001')
  await fixture.clock.advance(11 * 60_000)
  expect((await join(fixture)).status).toBe(403)
})

test('a wrong, unknown or expired token is one and the same refusal', async () => {
  const fixture = await newCluster({ expiresAt: '2026-01-02T04:04:05Z' })
  const wrong = [await join(fixture, { secret: 'zzz' }), await join(fixture, { tokenId: 'nix' })]
  await fixture.clock.advance(3_600_000)
  wrong.push(await join(fixture))
  const texts = await Promise.all(wrong.map((answer) => answer.text()))
  expect(wrong.map((answer) => answer.status)).toEqual([401, 401, 401])
  expect(new Set(texts).size).toBe(1)
  expect(texts[0]).toContain('skein token')
  expect(texts[0]).not.toContain('the key')
  expect((await fixture.ask('GET', '/api/v1/nodes/n2')).status).toBe(404)
})

test('a name or an identity that is taken is refused, with what to do', async () => {
  const fixture = await newCluster()
  await join(fixture)
  const name = await join(fixture, { identity: identity('b') })
  expect(name.status).toBe(409)
  expect((await name.json()).message).toContain('the name "n2" is taken by another node')
  const same = await join(fixture, { name: 'n5' })
  expect(same.status).toBe(409)
  expect((await same.json()).message).toContain('a member already, by the name "n2"')
})

test('two who join at once by one use are decided one after the other', async () => {
  const fixture = await newCluster({ usesLeft: 1 })
  const answers = await Promise.all([join(fixture), join(fixture, { name: 'n3', identity: identity('b') })])
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 403])
})

test('a token for workers does not let a full node in', async () => {
  expect((await join(await newCluster({ scope: 'worker' }))).status).toBe(403)
})

test('guessing is slowed down', async () => {
  const fixture = await newCluster()
  for (let guess = 0; guess < 10; guess++) expect((await join(fixture, { secret: `g${guess}` })).status).toBe(401)
  const slowed = await join(fixture)
  expect([slowed.status, slowed.headers['retry-after']]).toEqual([429, '60'])
  await fixture.clock.advance(60_000)
  expect((await join(fixture)).status).toBe(200)
})

test.each([
  ['name', { name: 'N_2' }],
  ['name', { name: 'a.b' }],
  ['identity', { identity: '../x' }],
  ['addresses', { addresses: [] }],
  ['addresses', { addresses: ['10.0.0.2'] }],
  ['addresses', { addresses: Array.from({ length: 17 }, () => 'a:1') }],
  ['apiAddress', { apiAddress: 7 }],
  ['tokenId', { tokenId: 'a/b' }],
  ['secret', { secret: null }],
])('a wrong %s is named: %j', async (field, more) => {
  const answer = await join(await newCluster(), more)
  expect(answer.status).toBe(422)
  expect((await answer.json()).details.causes).toEqual([expect.objectContaining({ field })])
})

test('only a POST joins', async () => {
  const { ask } = await newCluster()
  expect((await ask('GET', '/skein/v1/join')).status).toBe(405)
  expect((await ask('POST', '/skein/v1/join', { client: null, body: '[' })).status).toBe(400)
  expect((await ask('POST', '/skein/v1/join', { client: null, body: '[]' })).status).toBe(400)
})

test('what strangers send is small, and JSON whatever they call it', async () => {
  const { ask } = await newCluster()
  const large = { client: null, body: `{"pad":"${'x'.repeat(16 * 1024)}"}` }
  expect((await ask('POST', '/skein/v1/join', large)).status).toBe(413)
  const yaml = { client: null, type: 'application/yaml', body: 'tokenId: tok' }
  expect((await ask('POST', '/skein/v1/join', yaml)).status).toBe(400)
})

test('without a majority nobody joins', async () => {
  const fixture = await newCluster()
  fixture.cluster.state = 'lost'
  const answer = join(fixture)
  await fixture.clock.advance(10_000)
  expect((await answer).status).toBe(503)
})
