import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Fixture, type FixtureCall, newFixture } from './fixture.ts'

const pods = '/api/v1/namespaces/default/pods'

async function newCluster(): Promise<Fixture> {
  const fixture = newFixture()
  await fixture.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } })
  return fixture
}

describe('who may do what', () => {
  const ann = { user: 'ann', groups: ['ops'] }

  test('nobody is let in but to ask for health and version', async () => {
    const { ask } = await newCluster()
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
      expect((await ask('GET', path, { client: null })).status).toBe(200)
      expect((await ask('GET', path, { client: ann })).status).toBe(200)
    }
    for (const path of [
      '/',
      '/api',
      '/apis',
      '/api/v1',
      pods,
      `${pods}/x`,
      '/openapi/v3',
      '/skein/v1/status',
      '/nix',
    ]) {
      const answer = await ask('GET', path, { client: null })
      expect([path, answer.status]).toEqual([path, 401])
      expect(await answer.json()).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' })
    }
  })

  test('who is known but no administrator is refused in Kubernetes words', async () => {
    const { ask } = await newCluster()
    const refusal = async (method: string, path: string): Promise<string> => {
      const answer = await ask(method, path, { client: ann, body: {} })
      expect(answer.status).toBe(403)
      return (await answer.json()).message
    }
    const core = 'in API group ""'
    expect(await refusal('GET', pods)).toBe(
      `pods is forbidden: User "ann" cannot list resource "pods" ${core} in the namespace "default"`,
    )
    expect(await refusal('PUT', `${pods}/web/status`)).toBe(
      `pods "web" is forbidden: User "ann" cannot update resource "pods/status" ${core} in the namespace "default"`,
    )
    expect(await refusal('DELETE', '/apis/skein.dev/v1/jointokens/t')).toBe(
      'jointokens.skein.dev "t" is forbidden: User "ann" cannot delete resource "jointokens" in API group "skein.dev" at the cluster scope',
    )
    expect(await refusal('GET', '/skein/v1/status')).toBe('forbidden: User "ann" cannot get path "/skein/v1/status"')
  })
})

describe('bad input is answered, each with its Status', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const rows: readonly [string, string, string, FixtureCall, number, RegExp][] = [
    ['no JSON', 'POST', pods, { body: '{"metadata":' }, 400, /unrecognized \(must be of type Pod\)/],
    ['nothing', 'POST', pods, { body: '' }, 400, /unrecognized/],
    ['no YAML', 'POST', pods, { body: 'a: [1\nb', type: 'application/yaml' }, 400, /line|unrecognized/],
    ['no UTF-8', 'POST', pods, { body: Uint8Array.of(0xff, 0xfe, 0x7b) }, 400, /./],
    ['no protobuf', 'POST', pods, { body: 'x', type: 'application/vnd.kubernetes.protobuf' }, 400, /./],
    ['a list', 'POST', pods, { body: [] }, 400, /array|list|object/],
    ['a number', 'POST', pods, { body: 7 }, 400, /./],
    ['null', 'POST', pods, { body: 'null' }, 400, /./],
    [
      'wrong types',
      'POST',
      pods,
      { body: { metadata: { name: 'a' }, spec: { containers: 'x' } } },
      400,
      /spec\.containers/,
    ],
    ['metadata of a wrong type', 'POST', pods, { body: { metadata: 7 } }, 400, /metadata/],
    ['no metadata', 'POST', pods, { body: {} }, 422, /name/],
    ['depth', 'POST', pods, { body: nested }, 400, /./],
    ['depth in a patch', 'PATCH', `${pods}/web`, { body: nested, type: 'application/merge-patch+json' }, 400, /./],
    ['another kind', 'POST', pods, { body: { kind: 'Node' } }, 400, /kind in the data \(Node\)/],
    ['another version', 'POST', pods, { body: { apiVersion: 'v2' } }, 400, /API version in the data \(v2\)/],
    ['another namespace', 'POST', pods, { body: { metadata: { name: 'a', namespace: 'b' } } }, 400, /namespace/],
    ['a bad name', 'POST', pods, { body: { metadata: { name: '../x' } } }, 422, /metadata\.name/],
    ['too large', 'POST', pods, { body: null }, 413, /limit is 3145728/],
    ['an unknown type', 'POST', pods, { body: '<a/>', type: 'text/xml' }, 415, /unknown format/],
    ['a compressed body', 'POST', pods, { body: '', headers: { 'content-encoding': 'gzip' } }, 415, /gzip/],
    ['an unknown resource', 'GET', '/api/v1/things', {}, 404, /could not find the requested resource \(.*e things\)$/],
    [
      'an unknown group',
      'POST',
      '/apis/nix.dev/v1/things',
      {},
      404,
      /could not find .* does not serve things\.nix\.dev\)$/,
    ],
    ['a command in a pod', 'POST', `${pods}/web/exec?command=sh`, {}, 404, /does not serve pods\/exec\)$/],
    ['an unknown path', 'GET', '/nix', {}, 404, /could not find/],
    ['an unknown subresource', 'GET', `${pods}/web/nix`, {}, 404, /could not find/],
    ['an object of a namespaced kind without one', 'GET', '/api/v1/pods/web', {}, 404, /could not find/],
    ['a cluster-scoped kind in a namespace', 'GET', '/api/v1/namespaces/a/nodes', {}, 404, /could not find [a-z ]*$/],
    ['a broken escape', 'GET', `${pods}/%zz`, {}, 404, /could not find/],
    ['no such object', 'GET', `${pods}/web`, {}, 404, /pods "web" not found/],
    ['a post to an object', 'POST', `${pods}/web`, { body: {} }, 405, /does not allow this method/],
    ['a put of a collection', 'PUT', pods, { body: {} }, 405, /does not allow/],
    ['a post to all namespaces', 'POST', '/api/v1/pods', { body: {} }, 405, /does not allow/],
    ['a delete of all namespaces', 'DELETE', '/api/v1/pods', {}, 405, /does not allow/],
    ['a method that is none', 'BREW', pods, {}, 405, /does not allow/],
    ['a head', 'HEAD', pods, {}, 405, /./],
    ['a delete of the version', 'DELETE', '/version', {}, 405, /does not allow/],
    ['only protobuf', 'GET', pods, { accept: 'application/vnd.kubernetes.protobuf' }, 406, /media types are accepted/],
    [
      'options of a wrong type',
      'DELETE',
      `${pods}/web`,
      { body: { gracePeriodSeconds: 'x' } },
      400,
      /gracePeriodSeconds/,
    ],
    ['options that are none', 'DELETE', `${pods}/web`, { body: [] }, 400, /./],
    ['a wrong validation', 'POST', `${pods}?fieldValidation=Loose`, { body: {} }, 422, /fieldValidation/],
    ['a long manager', 'POST', `${pods}?fieldManager=${'x'.repeat(200)}`, { body: {} }, 422, /fieldManager/],
    ['many parameters', 'GET', `${pods}?${'a=1&'.repeat(500)}`, {}, 400, /parameters/],
    ['a long selector', 'GET', `${pods}?labelSelector=${'a,'.repeat(20_000)}`, {}, 400, /labelSelector/],
    ['a version that is none', 'GET', `${pods}?resourceVersion=-1`, {}, 422, /resourceVersion/],
  ]

  test.each(rows)('%s: %s %s', async (_what, method, target, call, code, message) => {
    const { ask } = await newCluster()
    const answer = await ask(method, target, call)
    const status = await answer.json()
    expect(answer.status).toBe(code)
    expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code })
    expect(status.message).toMatch(message)
    expect(status.reason).not.toBe('')
  })

  test('names that the prototype lends are no kinds and no fields', async () => {
    const { ask } = await newCluster()
    expect((await ask('GET', '/api/v1/constructor')).status).toBe(404)
    expect((await ask('GET', '/apis/__proto__/v1/toString')).status).toBe(404)
    const body = '{"metadata":{"name":"m","labels":{"__proto__":"x"}},"__proto__":{"a":1}}'
    const answer = await ask('POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Strict', { body })
    expect([400, 422]).toContain(answer.status)
  })

  test('whatever is sent, something is answered that is no bug of ours', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'api',
        'apis',
        'v1',
        'skein.dev',
        'namespaces',
        'default',
        'pods',
        'nodes',
        'jointokens',
        'status',
      ),
      fc.constantFrom('openapi', 'v2', 'v3', 'skein', 'join', 'm', '%2e%2e', '..', '__proto__', 'constructor'),
      fc.string({ maxLength: 4 }),
    )
    const value = fc.oneof(
      fc.constantFrom('true', '0', '1', '-1', 'All', 'x', 'a=b', 'a in (b)', '!', '%'),
      fc.string(),
    )
    const name = fc.constantFrom('limit', 'continue', 'labelSelector', 'fieldSelector', 'resourceVersion', 'dryRun')
    const metadata = fc.record({ name: fc.oneof(fc.constant('m'), fc.jsonValue()), finalizers: fc.jsonValue() })
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ metadata, spec: fc.jsonValue(), data: fc.jsonValue() }),
      fc.array(fc.record({ op: fc.constantFrom('add', 'test', 'move'), path: fc.string(), value: fc.jsonValue() })),
      fc.string(),
      fc.uint8Array(),
    )
    const type = fc.constantFrom(
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
    )
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE')
    const path = fc.oneof(
      fc.constantFrom(pods, `${pods}/m`, '/api/v1/namespaces/default/configmaps/m', '/api/v1/nodes', '/skein/v1/join'),
      fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join('/')}`),
    )
    const query = fc.array(fc.tuple(name, value), { maxLength: 3 })
    const { ask } = await newCluster()
    await ask('POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'm' } } })
    await fc.assert(
      fc.asyncProperty(method, path, query, body, type, async (verb, to, pairs, sent, as) => {
        const target = `${to}?${pairs.map(([key, given]) => `${key}=${encodeURIComponent(given)}`).join('&')}`
        const answer = await ask(verb, target, { body: sent, type: as })
        expect(answer.status).not.toBe(500)
        await answer.text()
      }),
      { numRuns: 500 },
    )
  })

  test('a bug is answered, logged, and ends nothing', async () => {
    const { ask, world } = await newCluster()
    const logged: string[] = []
    Object.assign(world.log, { error: (message: string) => logged.push(message) })
    const { leader } = world
    Object.assign(world, {
      leader: () => {
        throw new Error('a bug')
      },
    })
    expect((await ask('GET', '/readyz')).status).toBe(500)
    expect(logged).toEqual(['request failed'])
    Object.assign(world, { leader })
    expect((await ask('GET', '/readyz')).status).toBe(200)
  })
})

describe('documents', () => {
  test('version', async () => {
    const version = await (await (await newCluster()).ask('GET', '/version')).json()
    expect(version).toMatchObject({ major: '1', minor: '33', gitVersion: 'v1.33.0+skein.0.1.0' })
  })

  test.each(['v2', 'v2beta1'])('aggregated discovery %s', async (version) => {
    const { ask } = await newCluster()
    const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`
    const core = await ask('GET', '/api', { accept })
    expect(core.headers['content-type']).toBe(
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    )
    const document = await core.json()
    expect(document).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` })
    expect(document.items).toHaveLength(1)
    expect(document.items[0].versions[0]).toMatchObject({ version: 'v1', freshness: 'Current' })
    const { resources } = document.items[0].versions[0]
    const pod = resources.find((one: { resource: string }) => one.resource === 'pods')
    expect(pod).toMatchObject({
      responseKind: { group: '', version: 'v1', kind: 'Pod' },
      scope: 'Namespaced',
      singularResource: 'pod',
      shortNames: ['po'],
      categories: ['all'],
      subresources: [
        { subresource: 'log', responseKind: { kind: 'Pod' }, verbs: ['get'] },
        { subresource: 'status', responseKind: { kind: 'Pod' } },
      ],
    })
    const groups = await (await ask('GET', '/apis', { accept })).json()
    expect(groups.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toContain('skein.dev')
  })

  test('discovery as it was before', async () => {
    const { ask } = await newCluster()
    const json = async (path: string): Promise<unknown> => (await ask('GET', path)).json()
    expect(await json('/api')).toEqual({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })
    const group = (name: string): object => ({
      name,
      versions: [{ groupVersion: `${name}/v1`, version: 'v1' }],
      preferredVersion: { groupVersion: `${name}/v1`, version: 'v1' },
    })
    expect(await json('/apis')).toEqual({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: ['apps', 'events.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io', 'skein.dev'].map(group),
    })
    expect(await json('/apis/skein.dev')).toEqual({ kind: 'APIGroup', apiVersion: 'v1', ...group('skein.dev') })
    expect(await json('/apis/apps/v1')).toMatchObject({
      resources: expect.arrayContaining([
        expect.objectContaining({ name: 'deployments/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' }),
      ]),
    })
    expect(await json('/api/v1')).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'v1',
      resources: expect.arrayContaining([
        expect.objectContaining({ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod' }),
        expect.objectContaining({ name: 'pods/status', verbs: ['get', 'patch', 'update'] }),
        expect.objectContaining({ name: 'nodes', namespaced: false }),
      ]),
    })
    expect((await ask('GET', '/apis/nix.dev')).status).toBe(404)
    expect((await ask('GET', '/apis/nix.dev/v1')).status).toBe(404)
    expect((await ask('GET', '/api/v2')).status).toBe(404)
  })

  test('OpenAPI: an index with hashes, documents that may be kept, tags that spare the body', async () => {
    const { ask } = await newCluster()
    const { paths } = await (await ask('GET', '/openapi/v3')).json()
    expect(Object.keys(paths)).toEqual([
      'api/v1',
      'apis/apps/v1',
      'apis/events.k8s.io/v1',
      'apis/coordination.k8s.io/v1',
      'apis/discovery.k8s.io/v1',
      'apis/skein.dev/v1',
    ])
    for (const { serverRelativeURL } of Object.values<{ serverRelativeURL: string }>(paths)) {
      const answer = await ask('GET', serverRelativeURL)
      expect(answer.headers['cache-control']).toContain('immutable')
      expect((await answer.json()).openapi).toMatch(/^3\.0/)
      const { etag = '' } = answer.headers
      const again = await ask('GET', serverRelativeURL, { headers: { 'if-none-match': etag } })
      expect([again.status, await again.text()]).toEqual([304, ''])
      const stale = await ask('GET', serverRelativeURL.replace(/hash=.*/, 'hash=0'))
      expect(stale.headers['cache-control']).not.toContain('immutable')
    }
    expect((await ask('GET', '/openapi/v3/api/v9')).status).toBe(404)
    const old = await ask('GET', '/openapi/v2', {
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    })
    expect(old.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
  })
})
