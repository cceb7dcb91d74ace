import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newApiClient } from '../hosts/client.ts'
import { engineSocket, type LocalCluster, startCluster, waitFor } from '../hosts/cluster.ts'
import { engineCall } from '../hosts/engine.ts'
import { type Kubectl, kubectls, mustKubectl, type Ran, runKubectl } from '../hosts/kubectl.ts'

/** Real kubectl, real daemons, a real Docker Engine: what a person types, and what they see. */
const manifests = fileURLToPath(new URL('../../cluster-configs/manifests/', import.meta.url))
let cluster: LocalCluster

beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3'], () => undefined)
})
afterAll(async () => {
  await cluster?.stop()
})

const cases = kubectls()

describe.each(cases)('kubectl $version', (kubectl: Kubectl) => {
  const k = (...args: string[]): string => mustKubectl(kubectl, cluster.node('n2').kubeconfig, args)
  const tried = (args: string[], input = ''): Ran => runKubectl(kubectl, cluster.node('n3').kubeconfig, args, { input })

  test('sees the nodes', () => {
    const nodes = k('get', 'nodes', '-o', 'wide')
    expect(nodes).toMatch(/NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP/)
    for (const name of ['n1', 'n2', 'n3']) expect(nodes).toMatch(new RegExp(`${name} +Ready`))
    expect(nodes).toMatch(/docker:\/\//)
    expect(k('describe', 'node', 'n1')).toMatch(/Capacity:[\s\S]*cpu:/)
  })

  test('discovers what there is', () => {
    expect(k('api-resources')).toMatch(/pods +po +v1 +true +Pod/)
    expect(k('api-versions')).toMatch(/^v1$/m)
    expect(k('explain', 'pod.spec.containers')).toMatch(/image/)
    expect(k('version')).toMatch(/Server Version/)
  })

  test('a configmap: apply, read, change, label, annotate, patch, delete', () => {
    const manifest = (value: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: ${value}}\n`
    expect(tried(['apply', '-f', '-'], manifest('red')).stdout).toMatch(/created/)
    expect(tried(['apply', '-f', '-'], manifest('red')).stdout).toMatch(/unchanged/)
    expect(tried(['apply', '-f', '-'], manifest('blue')).stdout).toMatch(/configured/)
    expect(k('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('blue')
    k('label', 'configmap', 'settings', 'team=a')
    k('annotate', 'configmap', 'settings', 'why=because')
    expect(k('get', 'cm', '-l', 'team=a', '-o', 'name')).toBe('configmap/settings\n')
    k('patch', 'cm', 'settings', '--type=json', '-p', '[{"op":"replace","path":"/data/colour","value":"green"}]')
    k('patch', 'cm', 'settings', '--type=merge', '-p', '{"data":{"size":"big"}}')
    expect(k('get', 'cm', 'settings', '-o', 'yaml')).toMatch(/colour: green[\s\S]*size: big/)
    expect(k('delete', 'cm', 'settings')).toMatch(/deleted/)
    expect(tried(['get', 'cm', 'settings']).stderr).toMatch(/configmaps "settings" not found/)
  })

  test('create with typed commands', () => {
    k('create', 'namespace', 'typed')
    k('create', 'configmap', 'typed', '-n', 'typed', '--from-literal=a=b')
    expect(k('get', 'cm', 'typed', '-n', 'typed', '-o', 'jsonpath={.data.a}')).toBe('b')
    k('delete', 'namespace', 'typed', '--timeout=60s')
    expect(tried(['get', 'cm', '-n', 'typed']).stdout).toBe('')
  })

  test('pods of a team run on the nodes, and go with their namespace', async () => {
    k('apply', '-f', `${manifests}team.yaml`)
    k('wait', '-n', 'team', '--for=condition=Ready', 'pods', '--all', '--timeout=90s')
    const pods = k('get', 'pods', '-n', 'team', '-o', 'wide')
    expect(pods.match(/1\/1 +Running/g)).toHaveLength(3)
    k('delete', 'namespace', 'team', '--timeout=90s')
    expect(await containersOf('worker-1')).toEqual([])
  })

  test('a pod whose container is killed or removed by hand is back', async () => {
    k('apply', '-f', `${manifests}hello.yaml`)
    k('wait', '--for=condition=Ready', 'pod/hello', '--timeout=60s')
    const [first] = await containersOf('hello', 'main')
    await engineCall(engineSocket, 'POST', `/containers/${first}/kill`)
    await waitFor(
      'a restart',
      60_000,
      () => k('get', 'pod', 'hello', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}') === '1',
    )
    await waitFor('a running container', 60_000, async () => (await containersOf('hello', 'main')).length === 1)
    const [second] = await containersOf('hello', 'main')
    expect(second).not.toBe(first)
    await engineCall(engineSocket, 'DELETE', `/containers/${second}?force=1`)
    await waitFor('another one', 60_000, async () => (await containersOf('hello', 'main')).some((id) => id !== second))
    k('wait', '--for=condition=Ready', 'pod/hello', '--timeout=60s')
    k('delete', 'pod', 'hello')
    expect(await containersOf('hello')).toEqual([])
  })

  test('a pod that keeps failing is shown as such', async () => {
    const failing = `apiVersion: v1\nkind: Pod\nmetadata: {name: failing}\nspec: {containers: [{name: main, image: 'skein.local/demo:1', command: ['false']}]}\n`
    expect(tried(['create', '-f', '-'], failing).stderr).toBe('')
    await waitFor('CrashLoopBackOff', 60_000, () => /CrashLoopBackOff/.test(k('get', 'pod', 'failing')))
    k('delete', 'pod', 'failing', '--now')
  })

  test('a pod that fits nowhere says why, node by node', async () => {
    k('apply', '-f', `${manifests}toobig.yaml`)
    await waitFor('the reason', 30_000, () => /Insufficient cpu/.test(k('get', 'pod', 'toobig', '-o', 'yaml')))
    expect(k('get', 'pod', 'toobig')).toMatch(/0\/1 +Pending/)
    k('delete', 'pod', 'toobig')
  })

  test('an image that is not there is told, and the pod can be deleted', async () => {
    const missing = `apiVersion: v1\nkind: Pod\nmetadata: {name: missing}\nspec: {containers: [{name: main, image: 'skein.local/nowhere:1', imagePullPolicy: Never}]}\n`
    tried(['create', '-f', '-'], missing)
    await waitFor('the reason', 60_000, () => /ErrImage|ImagePull/.test(k('get', 'pod', 'missing')))
    k('delete', 'pod', 'missing', '--timeout=30s')
  })

  const wrong: readonly [what: string, args: string[], input: string, says: RegExp][] = [
    ['malformed YAML', ['create', '-f', '-'], 'apiVersion: v1\nkind: [', /error parsing STDIN|did not find expected/],
    ['an unknown field', ['create', '-f', '-'], pod('x', 'bogus: 1'), /unknown field "spec\.bogus"/],
    [
      'a wrong type',
      ['create', '-f', '-'],
      pod('x', 'terminationGracePeriodSeconds: soon'),
      /cannot unmarshal string|expected/,
    ],
    ['a bad name', ['create', '-f', '-'], pod('Not_A_Name', ''), /metadata\.name: Invalid value: "Not_A_Name"/],
    [
      'no image',
      ['create', '-f', '-'],
      'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: main}]}',
      /spec\.containers\[0\]\.image: Required value/,
    ],
    ['no namespace', ['create', '-n', 'nowhere', '-f', '-'], pod('x', ''), /namespaces "nowhere" not found/],
    [
      'an unknown kind',
      ['create', '-f', '-'],
      'apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}',
      /no matches for kind "Nonsense"/,
    ],
    ['an unknown resource', ['get', 'nonsense'], '', /the server doesn't have a resource type "nonsense"/],
    ['a bad selector', ['get', 'pods', '-l', 'a in ('], '', /unable to parse|found/],
    [
      'a body over 3 MiB',
      ['create', '-f', '-'],
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {a: ${'x'.repeat(3_300_000)}}`,
      /too large|413|limit/i,
    ],
  ]
  test.each(wrong)('wrong input: %s', (_what, args, input, says) => {
    const { status, stderr } = tried(args, input)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/goroutine|panic|\bat .*\.js/)
  })

  test('what this version does not serve is said by name', () => {
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: mute}\nspec: {containers: [{name: c, image: skein.local/none:1}]}'
    expect(tried(['apply', '-f', '-'], pod).status).toBe(0)
    const rows: readonly [string[], RegExp][] = [
      [['exec', 'mute', '--', 'ls'], /does not serve pods\/exec/],
      [['create', 'job', 'j', '--image=x'], /does not serve jobs\.batch/],
      [
        ['create', 'role', 'r', '--verb=get', '--resource=pods'],
        /does not serve roles\.rbac\.authorization\.k8s\.io|the server could not find/,
      ],
      [['auth', 'can-i', 'get', 'pods'], /does not serve selfsubjectaccessreviews\.authorization\.k8s\.io/],
    ]
    for (const [args, says] of rows) {
      const { status, stderr } = tried(args)
      expect([args[0], status === 0]).toEqual([args[0], false])
      expect(stderr).toMatch(says)
    }
    k('delete', 'pod', 'mute', '--now')
  })
})

test('nobody but an administrator is let in', async () => {
  const { request } = await import('node:https')
  const port = cluster.node('n1').apiPort
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/api/v1/pods', rejectUnauthorized: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(401)
})

test('what is written at one node is read at every other, at once', async () => {
  const clients = cluster.nodes.map(({ kubeconfig }) => newApiClient(kubeconfig))
  try {
    for (let i = 0; i < 20; i++) {
      const [writer, reader] = [clients[i % 3], clients[(i + 1) % 3]]
      const made = await writer?.call('POST', '/api/v1/namespaces/default/configmaps', {
        metadata: { name: `seen-${i}` },
      })
      expect(made?.status).toBe(201)
      expect((await reader?.call('GET', `/api/v1/namespaces/default/configmaps/seen-${i}`))?.status).toBe(200)
    }
  } finally {
    for (const client of clients) client.close()
  }
})

test('one of three left: reads and writes say why they fail, what is known can be read; two are enough again', async () => {
  const [kubectl] = cases
  if (kubectl === undefined) throw new Error('no kubectl')
  const last = cluster.node('n3')
  await cluster.node('n1').kill()
  await cluster.node('n2').kill()
  const read = runKubectl(kubectl, last.kubeconfig, ['get', 'pods', '--request-timeout=20s'])
  expect(read.status).not.toBe(0)
  expect(read.stderr).toMatch(/no leader|majority/)
  const client = newApiClient(last.kubeconfig)
  const written = await client.call(
    'POST',
    '/api/v1/namespaces/default/configmaps',
    { metadata: { name: 'alone' } },
    40_000,
  )
  expect(written.status).toBeGreaterThanOrEqual(500)
  expect((written.body as { kind: string }).kind).toBe('Status')
  const known = await client.call('GET', '/api/v1/namespaces/default/configmaps?resourceVersion=0')
  expect(known.status).toBe(200)
  await cluster.node('n1').start()
  await waitFor('writes to be accepted again', 60_000, async () => {
    const again = await client.call(
      'POST',
      '/api/v1/namespaces/default/configmaps',
      { metadata: { generateName: 'again-' } },
      40_000,
    )
    return again.status === 201
  })
  client.close()
})

function pod(name: string, more: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers: [{name: main, image: 'skein.local/demo:1'}]\n  ${more}\n`
}

/** Ids of the running containers of a pod, or of one by name, as the engine tells. */
async function containersOf(podName: string, container?: string): Promise<string[]> {
  const one = container === undefined ? [] : [`skein.dev/container=${container}`]
  const filter = encodeURIComponent(JSON.stringify({ label: [`skein.dev/pod=${podName}`, ...one] }))
  const { text } = await engineCall(engineSocket, 'GET', `/containers/json?filters=${filter}`)
  return (JSON.parse(text) as { Id: string }[]).map(({ Id }) => Id)
}
