import { describe, expect, test } from 'vitest'
import type { Pool } from '../objects/kind.ts'
import { reservationKey, reservationName } from '../objects/reserve.ts'
import { type Fixture, newFixture } from './fixture.ts'

const path = '/api/v1/namespaces/default/services'

async function newCluster(): Promise<Fixture> {
  const fixture = newFixture()
  const answer = await fixture.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } })
  expect(answer.status).toBe(201)
  return fixture
}

function service(name: string, spec: object = {}): object {
  return { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }
}

function held({ world }: Fixture): Pool['has'] {
  return (name) => world.view.get(reservationKey(name)) !== undefined
}

function reserved({ world }: Fixture): string[] {
  return world.view.list(reservationKey('')).map(({ key }) => reservationName(key) ?? '')
}

test('a hundred created at once have a hundred addresses and ports', async () => {
  const fixture = await newCluster()
  const names = Array.from({ length: 100 }, (_, i) => `s${i}`)
  const answers = await Promise.all(
    names.map((name) => fixture.ask('POST', path, { body: service(name, { type: 'NodePort' }) })),
  )
  const made = await Promise.all(answers.map((answer) => answer.json()))
  expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201))
  expect(new Set(made.map(({ spec }) => spec.clusterIP)).size).toBe(100)
  expect(new Set(made.map(({ spec }) => spec.ports[0].nodePort)).size).toBe(100)
  expect(reserved(fixture)).toHaveLength(200)
})

test('whoever loses the race for what was drawn draws again', async () => {
  const fixture = await newCluster()
  const { world, cluster } = fixture
  const commit = world.writer.commit.bind(world.writer)
  // At another node somebody takes, each time a moment before, what is about to be taken here.
  let thefts = 0
  const writer = {
    ...world.writer,
    commit: (...[txn, signal]: Parameters<typeof commit>) => {
      const address = txn.writes.find(({ key }) => key.includes('/ip-'))
      if (address?.type === 'put' && thefts++ < 5) cluster.elsewhere({ writes: [address] })
      return commit(txn, signal)
    },
  }
  Object.assign(world, { writer })
  const made = await (await fixture.ask('POST', path, { body: service('web') })).json()
  expect(thefts).toBe(6)
  expect(held(fixture)(`ip-${made.spec.clusterIP}`)).toBe(true)
  expect(reserved(fixture)).toHaveLength(6)
})

describe('one address', () => {
  const given = { clusterIP: '10.96.0.10' }

  test('is one service alone, until that is gone', async () => {
    const fixture = await newCluster()
    expect((await fixture.ask('POST', path, { body: service('a', given) })).status).toBe(201)
    const refused = await fixture.ask('POST', path, { body: service('b', given) })
    expect(refused.status).toBe(422)
    expect((await refused.json()).message).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: ' +
        'failed to allocate IP 10.96.0.10: provided IP is already allocated',
    )
    expect((await fixture.ask('DELETE', `${path}/a`)).status).toBe(200)
    expect(reserved(fixture)).toEqual([])
    expect((await fixture.ask('POST', path, { body: service('b', given) })).status).toBe(201)
  })

  test('of two that ask at once one has it', async () => {
    const fixture = await newCluster()
    const answers = await Promise.all(
      ['a', 'b'].map((name) => fixture.ask('POST', path, { body: service(name, given) })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422])
  })

  test('that has become free at another node is given', async () => {
    const fixture = await newCluster()
    await fixture.ask('POST', path, { body: service('a', given) })
    const keys = [reservationKey('ip-10.96.0.10'), 'core/services/default/a']
    const writes = keys.map((key) => {
      const revision = fixture.world.view.get(key)?.revision ?? 0
      return { type: 'delete', key, expect: { type: 'revision', revision } } as const
    })
    fixture.cluster.elsewhere({ writes })
    expect((await fixture.ask('POST', path, { body: service('b', given) })).status).toBe(201)
  })
})

test('a name that is taken is refused as such, and takes no address', async () => {
  const fixture = await newCluster()
  await fixture.ask('POST', path, { body: service('web') })
  const again = await fixture.ask('POST', path, { body: service('web') })
  expect([again.status, (await again.json()).reason]).toEqual([409, 'AlreadyExists'])
  expect(reserved(fixture)).toHaveLength(1)
})

test('a dry run shows an address and takes none', async () => {
  const fixture = await newCluster()
  const answer = await fixture.ask('POST', `${path}?dryRun=All`, { body: service('web') })
  expect((await answer.json()).spec.clusterIP).toMatch(/^10\.96\./)
  expect(reserved(fixture)).toEqual([])
})

test('a change of type takes and gives back with it', async () => {
  const fixture = await newCluster()
  await fixture.ask('POST', path, { body: service('web') })
  const patch = async (spec: object): Promise<{ clusterIP?: string; ports: readonly { nodePort?: number }[] }> => {
    const call = { type: 'application/merge-patch+json', body: { spec } }
    const answer = await fixture.ask('PATCH', `${path}/web`, call)
    expect(answer.status).toBe(200)
    return (await answer.json()).spec
  }
  const open = await patch({ type: 'NodePort' })
  const names = [`ip-${open.clusterIP}`, `port-${open.ports[0]?.nodePort}`]
  expect(reserved(fixture)).toEqual(names)
  expect((await patch({ type: 'ClusterIP' })).ports[0]).not.toHaveProperty('nodePort')
  expect(reserved(fixture)).toEqual(names.slice(0, 1))
  expect(await patch({ type: 'ExternalName', externalName: 'a.b' })).not.toHaveProperty('clusterIP')
  expect(reserved(fixture)).toEqual([])
})

test('a finalizer holds a service, and what it holds', async () => {
  const fixture = await newCluster()
  const body = { ...service('web'), metadata: { name: 'web', finalizers: ['a.b/c'] } }
  await fixture.ask('POST', path, { body })
  await fixture.ask('DELETE', `${path}/web`)
  expect(reserved(fixture)).toHaveLength(1)
  const patch = { type: 'application/merge-patch+json', body: { metadata: { finalizers: null } } }
  expect((await fixture.ask('PATCH', `${path}/web`, patch)).status).toBe(200)
  expect((await fixture.ask('GET', `${path}/web`)).status).toBe(404)
  expect(reserved(fixture)).toEqual([])
})

test('all of a collection give back what they hold', async () => {
  const fixture = await newCluster()
  for (const name of ['a', 'b']) await fixture.ask('POST', path, { body: service(name) })
  expect((await fixture.ask('DELETE', path)).status).toBe(200)
  expect(reserved(fixture)).toEqual([])
})
