import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { parseToken } from '../auth/tokens.ts'
import { CallError } from './calls.ts'
import { exitCodes } from './exit.ts'
import { newFakeWorld, startMs } from './fixture.ts'

const version = () => ({ status: 200, body: {} })

test('a kubeconfig names the node, the authority and an administrator', async () => {
  const { run, out, files } = newFakeWorld()
  await run('up --name n1')
  out.length = 0
  expect(await run('kubeconfig')).toBe(exitCodes.ok)
  const config = parse(out[0] ?? '')
  const plain = (data: string): string => Buffer.from(data, 'base64').toString()
  expect(config.clusters[0].cluster.server).toBe('https://10.0.0.1:6443')
  expect(plain(config.clusters[0].cluster['certificate-authority-data'])).toMatch(/^authority skein-/)
  expect(plain(config.users[0].user['client-certificate-data'])).toMatch(/^client skein:admin by authority/)
  expect(plain(config.users[0].user['client-key-data'])).toBe('key of skein:admin')
  expect(config.contexts[0]).toMatchObject({ name: config['current-context'], context: { user: config.users[0].name } })
  expect(await run('kubeconfig --out /k --server https://lb:443')).toBe(exitCodes.ok)
  expect(parse(files.get('/k') ?? '').clusters[0].cluster.server).toBe('https://lb:443')
  expect(out[1]).toContain('kubectl --kubeconfig /k get nodes')
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const good = {
  clusters: [{ name: 'c', cluster: { server: 'https://h:7001/', 'certificate-authority-data': base64('CA') } }],
  users: [{ name: 'u', user: { 'client-certificate': 'u.crt', 'client-key': '/keys/u.key' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
}

test('with --kubeconfig its cluster is asked, by its user, with files found beside it', async () => {
  const { run, files, asked, err } = newFakeWorld({ answer: () => ({ status: 200, body: { items: [] } }) })
  files.set('/home/k', stringify(good))
  files.set('/home/u.crt', 'CERT')
  files.set('/keys/u.key', 'KEY')
  expect(await run('token list --kubeconfig /home/k')).toBe(exitCodes.ok)
  expect(err).toEqual([])
  expect(asked[0]?.target).toEqual({
    host: 'h',
    port: 7001,
    caPem: 'CA',
    client: { certificatePem: 'CERT', keyPem: 'KEY' },
  })
  files.set('/home/k', stringify({ ...good, users: [{ name: 'u', user: { token: 'secret' } }] }))
  await run('token list --kubeconfig /home/k')
  expect(asked[1]?.target).toEqual({ host: 'h', port: 7001, caPem: 'CA', token: 'secret' })
})

test.each<[string, string | null, RegExp]>([
  ['is not there', null, /there is no such file/],
  ['is not YAML', 'a: [', /is not YAML/],
  ['is empty', '', /names no cluster/],
  ['has no current context', stringify({ ...good, 'current-context': '' }), /names no cluster/],
  ['lists nothing', stringify({ ...good, clusters: 3 }), /names no cluster/],
  [
    'names a server that is none',
    stringify({ ...good, clusters: [{ name: 'c', cluster: { server: 'http://h' } }] }),
    /"http:\/\/h" is not https/,
  ],
  ['names a file that is missing', stringify(good), /client-certificate: there is no such file/],
])('a kubeconfig that %s is refused', async (_, text, words) => {
  const { run, files, err } = newFakeWorld({ answer: version })
  if (text !== null) files.set('/k', text)
  expect(await run('status --kubeconfig /k')).toBe(exitCodes.usage)
  expect(err[0]).toMatch(words)
  expect(err[0]).toMatch(/^error: \/k: .*\nhint: {2}make a good one with: skein kubeconfig$/)
})

test('a node that listens on its own address alone is found there; one that does not run is told how to start', async () => {
  const answers = newFakeWorld({
    answer: (_, { host }) => {
      if (host === '127.0.0.1') throw new CallError('unreachable', 'connection refused')
      return { status: 200, body: { items: [] } }
    },
  })
  await answers.run('up')
  expect(await answers.run('token list')).toBe(exitCodes.ok)
  const silent = newFakeWorld({
    answer: () => {
      throw new CallError('unreachable', 'connection refused')
    },
  })
  await silent.run('up --data-dir /d')
  expect(await silent.run('status --data-dir /d')).toBe(exitCodes.unreachable)
  expect(silent.err[0]).toMatch(/no daemon answers at 127\.0\.0\.1:6443: connection refused\n.*skein up --data-dir \/d/)
})

test('a new token is shown once, and the cluster learns its hash alone', async () => {
  const { run, out, asked } = newFakeWorld({ answer: () => ({ status: 201, body: {} }) })
  await run('up --name n1')
  out.length = 0
  expect(await run('token create --ttl 30m')).toBe(exitCodes.ok)
  const printed = /^skein join 10\.0\.0\.1:6443 --token (\S+)$/m.exec(out[0] ?? '')
  const parsed = parseToken(printed?.[1] ?? '')
  if (parsed.type === 'invalid') throw new Error(parsed.reason)
  expect(out[0]).toContain(`good for 30m; take it back with: skein token delete ${parsed.token.id}`)
  expect(asked[0]?.request).toMatchObject({
    method: 'POST',
    path: '/apis/skein.dev/v1/jointokens',
    body: {
      metadata: { name: parsed.token.id },
      spec: { scope: 'full', expiresAt: new Date(startMs + 1_800_000).toISOString().replace('.000', '') },
    },
  })
  expect(JSON.stringify(asked)).not.toContain(parsed.token.secret)
})

test('tokens are listed with the time they have left, and deleted by their id', async () => {
  const items = [
    { metadata: { name: 'a' }, spec: { scope: 'full', secretHash: 'x', expiresAt: '2026-01-02T15:04:05Z' } },
    { metadata: { name: 'b' }, spec: { scope: 'full', secretHash: 'x', expiresAt: '2026-01-01T00:00:00Z' } },
    { metadata: { name: 'c' }, spec: { scope: 'worker', secretHash: 'x' } },
  ]
  const { run, out, asked } = newFakeWorld({ answer: () => ({ status: 200, body: { items } }) })
  await run('up')
  out.length = 0
  expect(await run('token list')).toBe(exitCodes.ok)
  expect(out[0]?.split('\n')).toEqual([
    'ID   SCOPE    EXPIRES',
    'a    full     in 12h',
    'b    full     expired',
    'c    worker   never',
  ])
  expect(await run('token delete a')).toBe(exitCodes.ok)
  expect(asked[1]?.request).toEqual({ method: 'DELETE', path: '/apis/skein.dev/v1/jointokens/a' })
})

test.each([
  [404, exitCodes.refused],
  [503, exitCodes.quorum],
])('an answer %i ends with %i', async (status, code) => {
  const { run, err } = newFakeWorld({ answer: () => ({ status, body: { message: 'the reason' } }) })
  await run('up')
  expect(await run('token delete a')).toBe(code)
  expect(err[0]).toContain('cannot delete the token: the reason')
})
