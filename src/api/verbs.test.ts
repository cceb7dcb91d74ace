import { describe, expect, test } from 'vitest'
import { type Fixture, newFixture as newEmptyFixture } from './fixture.ts'

const pods = '/api/v1/namespaces/default/pods'
const maps = '/api/v1/namespaces/default/configmaps'

async function newFixture(): Promise<Fixture> {
  const fixture = newEmptyFixture()
  const made = await fixture.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } })
  expect(made.status).toBe(201)
  return fixture
}

const pod = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'busybox:1' }], ...more },
})
const configMap = (name: string, data: object = { a: '1' }): object => ({ metadata: { name }, data })

describe('create', () => {
  test('gives a new object its uid, time and defaults, and shows it at once', async () => {
    const { ask } = await newFixture()
    const made = await ask('POST', pods, { body: pod('web') })
    expect(made.status).toBe(201)
    const object = await made.json()
    expect(object).toMatchObject({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: 'web',
        namespace: 'default',
        creationTimestamp: '2026-01-02T03:04:05Z',
        resourceVersion: expect.stringMatching(/^\d+$/),
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      spec: { restartPolicy: 'Always', securityContext: {}, terminationGracePeriodSeconds: 30 },
      status: { phase: 'Pending' },
    })
    expect(await (await ask('GET', `${pods}/web`)).json()).toEqual(object)
  })

  test('refuses a name that is taken', async () => {
    const { ask } = await newFixture()
    await ask('POST', pods, { body: pod('web') })
    const again = await ask('POST', pods, { body: pod('web') })
    expect(again.status).toBe(409)
    expect(await again.json()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "web" already exists',
      reason: 'AlreadyExists',
      details: { name: 'web', kind: 'pods' },
      code: 409,
    })
  })

  test('draws a name, and another when that is taken', async () => {
    const { ask, world } = await newFixture()
    const body = { metadata: { generateName: 'job-' } }
    const name = async (): Promise<string> => (await (await ask('POST', maps, { body })).json()).metadata.name
    const first = await name()
    expect(first).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    // The same bytes again for the next name, then others.
    const suffix = [...first.slice(4)].map((letter) => 'bcdfghjklmnpqrstvwxz2456789'.indexOf(letter))
    const { bytes } = world.entropy
    let draws = 0
    Object.assign(world.entropy, {
      bytes: (count: number) => (count === 8 && draws++ === 0 ? Uint8Array.from([...suffix, 0, 0, 0]) : bytes(count)),
    })
    const second = await name()
    expect(draws).toBe(2)
    expect(second).not.toBe(first)
  })

  test('refuses what is in no namespace, or in one that goes', async () => {
    const { ask } = await newFixture()
    const nowhere = await ask('POST', '/api/v1/namespaces/nowhere/pods', { body: pod('web') })
    expect(nowhere.status).toBe(404)
    expect((await nowhere.json()).message).toBe('namespaces "nowhere" not found')
    await ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'shop' } } })
    await ask('DELETE', '/api/v1/namespaces/shop')
    const going = await ask('POST', '/api/v1/namespaces/shop/pods', { body: pod('web') })
    expect(going.status).toBe(403)
    expect(await going.json()).toMatchObject({
      reason: 'Forbidden',
      message: 'pods "web" is forbidden: unable to create new content in namespace shop because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    })
  })

  test('finds a namespace that was made at another node a moment ago', async () => {
    const { ask, cluster } = await newFixture()
    const value = new TextEncoder().encode('{"metadata":{"name":"late"}}')
    cluster.elsewhere({ writes: [{ type: 'put', key: 'core/namespaces//late', expect: { type: 'absent' }, value }] })
    expect((await ask('POST', '/api/v1/namespaces/late/pods', { body: pod('web') })).status).toBe(201)
  })

  test('names every wrong field', async () => {
    const { ask } = await newFixture()
    const wrong = await ask('POST', pods, { body: pod('Web_1', { containers: [{ image: 'x' }] }) })
    expect(wrong.status).toBe(422)
    const status = await wrong.json()
    expect(status.message).toMatch(/^Pod "Web_1" is invalid: \[/)
    expect(status.details).toMatchObject({ name: 'Web_1', kind: 'Pod' })
    const fields = status.details.causes.map((cause: { field: string }) => cause.field)
    expect(fields).toEqual(expect.arrayContaining(['metadata.name', 'spec.containers[0].name']))
  })

  test('with dryRun says what would be, and writes nothing', async () => {
    const { ask, world } = await newFixture()
    const before = world.view.revision
    const dry = await ask('POST', `${pods}?dryRun=All`, { body: pod('web') })
    expect(dry.status).toBe(201)
    expect((await dry.json()).spec.restartPolicy).toBe('Always')
    expect(world.view.revision).toBe(before)
    await ask('POST', pods, { body: pod('web') })
    expect((await ask('POST', `${pods}?dryRun=All`, { body: pod('web') })).status).toBe(409)
    expect((await ask('POST', `${pods}?dryRun=Some`, { body: pod('other') })).status).toBe(422)
  })

  test('takes YAML', async () => {
    const { ask } = await newFixture()
    const body = 'metadata:\n  name: m\ndata:\n  a: "1"\n'
    expect((await ask('POST', maps, { body, type: 'application/yaml' })).status).toBe(201)
    expect((await (await ask('GET', `${maps}/m`)).json()).data).toEqual({ a: '1' })
  })
})

describe('unknown fields', () => {
  const body = { ...configMap('m'), bogus: 1 }

  test('are refused when asked to be strict', async () => {
    const { ask } = await newFixture()
    const strict = await ask('POST', `${maps}?fieldValidation=Strict`, { body })
    expect(strict.status).toBe(400)
    expect((await strict.json()).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "bogus"',
    )
  })

  test('are warned of, or dropped in silence', async () => {
    const { ask } = await newFixture()
    const warned = await ask('POST', `${maps}?fieldValidation=Warn`, { body })
    expect(warned.status).toBe(201)
    expect(warned.headers.warning).toBe('299 - "unknown field \\"bogus\\""')
    const ignored = await ask('PUT', `${maps}/m?fieldValidation=Ignore`, { body })
    expect(ignored.headers.warning).toBeUndefined()
    expect(await ignored.json()).not.toHaveProperty('bogus')
  })

  test('that stand twice are found too', async () => {
    const { ask } = await newFixture()
    const twice = await ask('POST', `${maps}?fieldValidation=Strict`, {
      body: '{"metadata":{"name":"m"},"data":{"a":"1","a":"2"}}',
    })
    expect((await twice.json()).message).toContain('duplicate field "data.a"')
  })
})

describe('update', () => {
  test('replaces what was read, and refuses what has changed since', async () => {
    const { ask } = await newFixture()
    const first = await (await ask('POST', maps, { body: configMap('m') })).json()
    const second = await ask('PUT', `${maps}/m`, { body: { ...first, data: { a: '2' } } })
    expect(second.status).toBe(200)
    const stale = await ask('PUT', `${maps}/m`, { body: { ...first, data: { a: '3' } } })
    expect(stale.status).toBe(409)
    expect(await stale.json()).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again',
    })
    expect((await (await ask('GET', `${maps}/m`)).json()).data).toEqual({ a: '2' })
  })

  test('without a resourceVersion replaces whatever is there, also what came in between', async () => {
    const { ask, cluster, world } = await newFixture()
    await ask('POST', maps, { body: configMap('m') })
    const revision = world.view.revision
    const value = new TextEncoder().encode('{"metadata":{"name":"m","namespace":"default"},"data":{"other":"x"}}')
    const expected = { type: 'revision', revision } as const
    cluster.elsewhere({ writes: [{ type: 'put', key: 'core/configmaps/default/m', expect: expected, value }] })
    expect((await ask('PUT', `${maps}/m`, { body: configMap('m', { a: '9' }) })).status).toBe(200)
    expect((await (await ask('GET', `${maps}/m`)).json()).data).toEqual({ a: '9' })
  })

  test('believes a client that has seen more than this node', async () => {
    const { ask, cluster, world } = await newFixture()
    const first = await (await ask('POST', maps, { body: configMap('m') })).json()
    const { revision } = world.view
    const value = new TextEncoder().encode(JSON.stringify({ metadata: { ...first.metadata }, data: { b: '1' } }))
    const expected = { type: 'revision', revision } as const
    cluster.elsewhere({ writes: [{ type: 'put', key: 'core/configmaps/default/m', expect: expected, value }] })
    const body = { ...first, metadata: { ...first.metadata, resourceVersion: String(revision + 1) }, data: { c: '1' } }
    expect((await ask('PUT', `${maps}/m`, { body })).status).toBe(200)
  })

  test('that changes nothing writes nothing', async () => {
    const { ask, world } = await newFixture()
    const first = await (await ask('POST', maps, { body: configMap('m') })).json()
    const before = world.view.revision
    expect(await (await ask('PUT', `${maps}/m`, { body: first })).json()).toEqual(first)
    expect(world.view.revision).toBe(before)
  })

  test('refuses another uid, another name, another namespace, and what is not there', async () => {
    const { ask } = await newFixture()
    await ask('POST', maps, { body: configMap('m') })
    const put = async (metadata: object, name = 'm'): Promise<number> =>
      (await ask('PUT', `${maps}/${name}`, { body: { metadata } })).status
    expect(await put({ name: 'm', uid: 'another' })).toBe(409)
    expect(await put({ name: 'n' })).toBe(400)
    expect(await put({ name: 'm', namespace: 'other' })).toBe(400)
    expect(await put({ name: 'nix' }, 'nix')).toBe(404)
  })

  test('leaves the status alone, and /status leaves all else alone', async () => {
    const { ask } = await newFixture()
    const first = await (await ask('POST', pods, { body: pod('web') })).json()
    const main = await ask('PUT', `${pods}/web`, { body: { ...first, status: { phase: 'Running' } } })
    expect((await main.json()).status.phase).toBe('Pending')
    const labels = { ...first.metadata.labels }
    const body = { ...first, spec: { ...first.spec, priority: 7 }, status: { phase: 'Running' } }
    const status = await (await ask('PUT', `${pods}/web/status`, { body })).json()
    expect(status.status.phase).toBe('Running')
    expect(status.spec).toEqual(first.spec)
    expect(status.metadata.labels).toEqual(labels)
  })
})

describe('patch', () => {
  const merge = 'application/merge-patch+json'

  test('changes an object, by each kind of patch', async () => {
    const { ask } = await newFixture()
    await ask('POST', maps, { body: configMap('m') })
    const patched = async (type: string, body: unknown): Promise<object> =>
      (await (await ask('PATCH', `${maps}/m`, { type, body })).json()).data
    expect(await patched(merge, { data: { b: '2' } })).toEqual({ a: '1', b: '2' })
    expect(await patched('application/strategic-merge-patch+json', { data: { a: null } })).toEqual({ b: '2' })
    const operations = [{ op: 'add', path: '/data/c', value: '3' }]
    expect(await patched('application/json-patch+json', operations)).toEqual({ b: '2', c: '3' })
  })

  test('is made anew on what came in between, unless it is bound to a version', async () => {
    const { ask, cluster, world } = await newFixture()
    const { metadata } = await (await ask('POST', maps, { body: configMap('m') })).json()
    const change = (data: object): void => {
      const { revision } = must(world.view.get('core/configmaps/default/m'))
      const value = new TextEncoder().encode(JSON.stringify({ metadata, data }))
      const expected = { type: 'revision', revision } as const
      cluster.elsewhere({ writes: [{ type: 'put', key: 'core/configmaps/default/m', expect: expected, value }] })
    }
    change({ x: '1' })
    const free = await ask('PATCH', `${maps}/m`, { type: merge, body: { data: { b: '2' } } })
    expect((await free.json()).data).toEqual({ b: '2', x: '1' })
    const { revision } = must(world.view.get('core/configmaps/default/m'))
    change({ x: '2' })
    const bound = { metadata: { resourceVersion: String(revision) }, data: { b: '3' } }
    expect((await ask('PATCH', `${maps}/m`, { type: merge, body: bound })).status).toBe(409)
  })

  test('refuses server-side apply with what to do instead, and types that are none', async () => {
    const { ask } = await newFixture()
    await ask('POST', maps, { body: configMap('m') })
    const apply = await ask('PATCH', `${maps}/m`, { type: 'application/apply-patch+yaml', body: {} })
    expect(apply.status).toBe(415)
    expect((await apply.json()).message).toContain('without --server-side')
    for (const type of ['text/plain', 'constructor', '__proto__']) {
      expect((await ask('PATCH', `${maps}/m`, { type, body: {} })).status).toBe(415)
    }
    expect((await ask('PATCH', `${maps}/m`, { type: merge, body: '{' })).status).toBe(400)
    const missing = [{ op: 'remove', path: '/data/nix' }]
    expect((await ask('PATCH', `${maps}/m`, { type: 'application/json-patch+json', body: missing })).status).toBe(422)
  })
})

describe('delete', () => {
  test('ends an object at once, and says which it was', async () => {
    const { ask } = await newFixture()
    const { metadata } = await (await ask('POST', maps, { body: configMap('m') })).json()
    const gone = await ask('DELETE', `${maps}/m`, { body: { propagationPolicy: 'Background' } })
    expect(await gone.json()).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'm', kind: 'configmaps', uid: metadata.uid },
    })
    expect((await ask('GET', `${maps}/m`)).status).toBe(404)
    expect((await ask('DELETE', `${maps}/m`)).status).toBe(404)
  })

  test('keeps to its preconditions', async () => {
    const { ask } = await newFixture()
    const { metadata } = await (await ask('POST', maps, { body: configMap('m') })).json()
    const remove = async (preconditions: object): Promise<number> =>
      (await ask('DELETE', `${maps}/m`, { body: { preconditions } })).status
    expect(await remove({ uid: 'another' })).toBe(409)
    expect(await remove({ resourceVersion: '1' })).toBe(409)
    expect(await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })).toBe(200)
  })

  test('waits for finalizers', async () => {
    const { ask } = await newFixture()
    await ask('POST', maps, { body: { metadata: { name: 'm', finalizers: ['example.com/hold'] } } })
    const held = await (await ask('DELETE', `${maps}/m`)).json()
    expect(held.metadata).toMatchObject({ deletionTimestamp: '2026-01-02T03:04:05Z', deletionGracePeriodSeconds: 0 })
    await ask('PATCH', `${maps}/m`, { type: 'application/merge-patch+json', body: { metadata: { finalizers: null } } })
    expect((await ask('GET', `${maps}/m`)).status).toBe(404)
  })

  test('gives a pod that runs somewhere its grace, and one that does not none', async () => {
    const { ask } = await newFixture()
    await ask('POST', pods, { body: pod('waits') })
    expect((await (await ask('DELETE', `${pods}/waits`)).json()).kind).toBe('Status')
    await ask('POST', pods, { body: pod('runs', { nodeName: 'n1' }) })
    const first = (await (await ask('DELETE', `${pods}/runs`)).json()).metadata
    expect(first).toMatchObject({ deletionTimestamp: '2026-01-02T03:04:35Z', deletionGracePeriodSeconds: 30 })
    const longer = (await (await ask('DELETE', `${pods}/runs?gracePeriodSeconds=60`)).json()).metadata
    expect(longer).toEqual(first)
    const shorter = (await (await ask('DELETE', `${pods}/runs`, { body: { gracePeriodSeconds: 5 } })).json()).metadata
    expect(shorter).toMatchObject({ deletionTimestamp: '2026-01-02T03:04:10Z', deletionGracePeriodSeconds: 5 })
    const force = await (await ask('DELETE', `${pods}/runs`, { body: { gracePeriodSeconds: 0 } })).json()
    expect(force.status).toBe('Success')
    expect((await ask('GET', `${pods}/runs`)).status).toBe(404)
  })

  test('a namespace stays until it is empty', async () => {
    const { ask } = await newFixture()
    await ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'shop' } } })
    const going = await (await ask('DELETE', '/api/v1/namespaces/shop')).json()
    expect(going).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } })
    expect(going.metadata.deletionTimestamp).toBe('2026-01-02T03:04:05Z')
    const label = { metadata: { labels: { a: 'b' } } }
    await ask('PATCH', '/api/v1/namespaces/shop', { type: 'application/merge-patch+json', body: label })
    expect((await ask('GET', '/api/v1/namespaces/shop')).status).toBe(200)
  })

  test('the namespaces that the cluster lives by stay', async () => {
    const { ask } = await newFixture()
    const kept = await ask('DELETE', '/api/v1/namespaces/default')
    expect(kept.status).toBe(403)
    expect((await kept.json()).message).toBe('namespaces "default" is forbidden: this namespace may not be deleted')
  })

  test('with dryRun ends nothing', async () => {
    const { ask } = await newFixture()
    await ask('POST', maps, { body: configMap('m') })
    expect((await ask('DELETE', `${maps}/m`, { body: { dryRun: ['All'] } })).status).toBe(200)
    expect((await ask('DELETE', `${maps}/m?dryRun=All`)).status).toBe(200)
    expect((await ask('GET', `${maps}/m`)).status).toBe(200)
  })

  test('of a collection ends what is selected', async () => {
    const { ask } = await newFixture()
    for (const name of ['a', 'b', 'c']) {
      const labels = { keep: name === 'b' ? 'yes' : 'no' }
      await ask('POST', maps, { body: { metadata: { name, labels } } })
    }
    expect((await ask('DELETE', `${maps}?labelSelector=keep%3Dno`)).status).toBe(200)
    const { items } = await (await ask('GET', maps)).json()
    expect(items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['b'])
  })
})

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it must be there')
  return value
}
