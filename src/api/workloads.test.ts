import { describe, expect, test } from 'vitest'
import { type Fixture, newFixture } from './fixture.ts'

const path = '/apis/apps/v1/namespaces/default/deployments'
const deployment = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } },
  },
}
const merge = (body: object) => ({ type: 'application/merge-patch+json', body })

async function newCluster(): Promise<Fixture> {
  const fixture = newFixture()
  await fixture.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } })
  const answer = await fixture.ask('POST', path, { body: deployment })
  expect(answer.status).toBe(201)
  return fixture
}

describe('/scale', () => {
  test('shows the numbers alone, and writes the number alone', async () => {
    const { ask } = await newCluster()
    const shown = await (await ask('GET', `${path}/web/scale`)).json()
    expect(shown).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=web' },
    })
    const patched = await ask('PATCH', `${path}/web/scale`, merge({ spec: { replicas: 5 } }))
    expect(await patched.json()).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } })
    const { spec, metadata } = await (await ask('GET', `${path}/web`)).json()
    expect([spec.replicas, metadata.generation, spec.template.spec.containers[0].image]).toEqual([5, 2, 'nginx:1'])
  })

  test('is bound by the resourceVersion, as any write', async () => {
    const { ask } = await newCluster()
    const shown = await (await ask('GET', `${path}/web/scale`)).json()
    const put = (body: object) => ask('PUT', `${path}/web/scale`, { body })
    expect((await put({ ...shown, spec: { replicas: 3 } })).status).toBe(200)
    expect((await put({ ...shown, spec: { replicas: 4 } })).status).toBe(409)
    expect((await put({ ...shown, metadata: { name: 'web' }, spec: { replicas: 0 } })).status).toBe(200)
    expect((await (await ask('GET', `${path}/web`)).json()).spec.replicas).toBe(0)
  })

  test('refuses what is no number of pods, and what cannot be scaled', async () => {
    const { ask } = await newCluster()
    const refused = await ask('PATCH', `${path}/web/scale`, merge({ spec: { replicas: -1 } }))
    expect([refused.status, (await refused.json()).message]).toEqual([
      422,
      'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ])
    expect((await ask('GET', `${path}/nix/scale`)).status).toBe(404)
    expect((await ask('GET', '/api/v1/namespaces/default/services/web/scale')).status).toBe(404)
    expect((await ask('DELETE', `${path}/web/scale`)).status).toBe(405)
  })

  test('is a table for those who want one', async () => {
    const { ask } = await newCluster()
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const table = await (await ask('GET', `${path}/web/scale`, { accept })).json()
    expect(table.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Desired',
      'Available',
      'Age',
    ])
    expect(table.rows[0].cells.slice(0, 3)).toEqual(['web', 2, 0])
  })
})

test('the status has a path of its own, and the main path leaves it alone', async () => {
  const { ask } = await newCluster()
  const status = { observedGeneration: 1, replicas: 2 }
  expect((await (await ask('PATCH', `${path}/web`, merge({ status }))).json()).status).toEqual({})
  const answer = await ask('PATCH', `${path}/web/status`, merge({ status, spec: { replicas: 9 } }))
  const { spec, metadata, status: written } = await answer.json()
  expect([written, spec.replicas, metadata.generation]).toEqual([status, 2, 1])
})

describe('what happens to what a deployment owns', () => {
  const end = async (fixture: Fixture, body: object) => fixture.ask('DELETE', `${path}/web`, { body })
  const finalizers = async ({ ask }: Fixture) => (await (await ask('GET', `${path}/web`)).json()).metadata?.finalizers

  test.each([
    [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' }, ['orphan']],
    [{ orphanDependents: true }, ['orphan']],
  ])('%j waits for the garbage collector', async (options, expected) => {
    const fixture = await newCluster()
    const answer = await (await end(fixture, options)).json()
    expect(answer.metadata.deletionTimestamp).toBeDefined()
    expect(await finalizers(fixture)).toEqual(expected)
  })

  test.each([{}, { propagationPolicy: 'Background' }, { orphanDependents: false }])('%j does not', async (options) => {
    const fixture = await newCluster()
    expect((await (await end(fixture, options)).json()).status).toBe('Success')
    expect((await fixture.ask('GET', `${path}/web`)).status).toBe(404)
  })

  test('whoever asks again may ask otherwise', async () => {
    const fixture = await newCluster()
    await end(fixture, { propagationPolicy: 'Foreground' })
    await end(fixture, { propagationPolicy: 'Orphan' })
    expect(await finalizers(fixture)).toEqual(['orphan'])
    await end(fixture, {})
    expect(await finalizers(fixture)).toEqual(['orphan'])
    await end(fixture, { propagationPolicy: 'Background' })
    expect((await fixture.ask('GET', `${path}/web`)).status).toBe(404)
  })

  test.each([
    [
      { propagationPolicy: 'Somehow' },
      'Unsupported value: "Somehow": supported values: "Orphan", "Foreground", "Background"',
    ],
    [
      { propagationPolicy: 'Orphan', orphanDependents: true },
      'orphanDependents and deletionPropagation cannot be both set',
    ],
  ])('%j is refused', async (options, words) => {
    const answer = await end(await newCluster(), options)
    expect(answer.status).toBe(422)
    expect((await answer.json()).message).toContain(words)
  })
})

describe('events', () => {
  const event = {
    metadata: { name: 'web.1' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' },
    reason: 'Started',
    message: 'it has started',
    type: 'Normal',
  }
  const newer = '/apis/events.k8s.io/v1/namespaces/default/events'

  test('are the same by both groups: written in one, read, listed, selected and changed in the other', async () => {
    const { ask } = await newCluster()
    expect((await ask('POST', '/api/v1/namespaces/default/events', { body: event })).status).toBe(201)
    const read = await (await ask('GET', `${newer}/web.1`)).json()
    expect(read).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'it has started', regarding: { name: 'web' } })
    const list = await (await ask('GET', `${newer}?fieldSelector=regarding.name=web`)).json()
    expect(list.items).toHaveLength(1)
    expect(list.items[0]).toMatchObject({ note: 'it has started' })
    expect((await (await ask('GET', `${newer}?fieldSelector=regarding.name=db`)).json()).items).toEqual([])
    const patched = await ask('PATCH', `${newer}/web.1`, merge({ note: 'it has started again', deprecatedCount: 2 }))
    expect(patched.status).toBe(200)
    const changed = await (await ask('GET', '/api/v1/namespaces/default/events/web.1')).json()
    expect(changed).toMatchObject({ apiVersion: 'v1', message: 'it has started again', count: 2 })
    expect((await ask('DELETE', `${newer}/web.1`)).status).toBe(200)
    expect((await ask('GET', '/api/v1/namespaces/default/events/web.1')).status).toBe(404)
  })

  test('are told to the watchers of each group by its names', async () => {
    const { ask } = await newCluster()
    const watching = new AbortController()
    const { signal } = watching
    const told = await ask('GET', `${newer}?watch=true`, { signal })
    const older = await ask('GET', '/api/v1/namespaces/default/events?watch=true', { signal })
    await ask('POST', newer, {
      body: { metadata: { name: 'web.2' }, regarding: { kind: 'Pod', namespace: 'default', name: 'web' }, note: 'new' },
    })
    expect(await told.line()).toMatchObject({ type: 'ADDED', object: { apiVersion: 'events.k8s.io/v1', note: 'new' } })
    expect(await older.line()).toMatchObject({ type: 'ADDED', object: { apiVersion: 'v1', message: 'new' } })
    watching.abort()
  })
})

test('what this version does not serve is refused by its name', async () => {
  const { ask } = await newCluster()
  const answer = await ask('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', { body: {} })
  expect([answer.status, (await answer.json()).message]).toEqual([
    404,
    'the server could not find the requested resource (skein 0.1.0 does not serve horizontalpodautoscalers.autoscaling)',
  ])
})
