import { expect, test } from 'vitest'
import { hashSecret, newToken, parseToken, tokenEntropyBytes, tokenText } from '../auth/tokens.ts'
import { sha256Hex } from '../lib/hash.ts'
import { CallError } from './calls.ts'
import { exitCodes } from './exit.ts'
import { type Fakes, newFakeWorld, startMs } from './fixture.ts'

const dayMs = 86_400_000

test('up founds a cluster and prints the exact command that joins it', async () => {
  const { run, out, dirs, started } = newFakeWorld()
  expect(await run('up --label disk=ssd --label tier=a --zone z1')).toBe(exitCodes.ok)
  const contents = dirs.get('/var/lib/skein')
  const printed = /^ {2}skein join (\S+) --token (\S+)$/m.exec(out.join('\n'))
  expect(printed?.[1]).toBe('10.0.0.1:6443')
  expect(printed?.[2]).toBe(contents?.joinToken)
  const parsed = parseToken(printed?.[2] ?? '')
  if (parsed.type === 'invalid') throw new Error(parsed.reason)
  expect(parsed.token.caSha256).toBe(contents?.record.caSha256)
  const { config } = started[0] ?? {}
  expect(config).toMatchObject({
    version: '0.1.0',
    node: { name: 'host1', identity: 'p-new', labels: { disk: 'ssd', tier: 'a' }, zone: 'z1', podsMax: 110 },
    founding: {
      joinToken: { id: parsed.token.id, secretHash: hashSecret(parsed.token.secret), expiresAtMs: startMs + dayMs },
    },
    api: { address: '0.0.0.0', port: 6443, advertise: '10.0.0.1:6443' },
    gossip: { address: '0.0.0.0', port: 7946, advertise: '10.0.0.1:7946', preset: 'lan' },
    peers: [],
  })
  expect(Object.isFrozen(config?.node.labels)).toBe(true)
  expect(JSON.stringify(contents?.record)).not.toContain(parsed.token.secret)
  expect(out.join('\n')).toContain('good for 24h')
})

test('a node that is started again remembers what it was told, and tells how tokens are made once its own expired', async () => {
  const fake = newFakeWorld()
  const { run, out, started, dirs } = fake
  await run('up --data-dir /d --name n1 --api-port 7001 --gossip-port 7002 --advertise 10.0.0.7')
  out.length = 0
  expect(await run('up --data-dir /d')).toBe(exitCodes.ok)
  expect(started[1]?.config).toEqual(started[0]?.config)
  expect(out.join('\n')).toContain('is back in cluster')
  expect(out.join('\n')).toContain('skein join 10.0.0.7:7001 --token SKEIN1-')
  const contents = dirs.get('/d')
  if (contents?.record.founding == null) throw new Error('the founder is in /d')
  dirs.set('/d', {
    ...contents,
    record: { ...contents.record, founding: { ...contents.record.founding, expiresAtMs: startMs } },
  })
  out.length = 0
  await run('up --data-dir /d --zone b')
  expect(out.join('\n')).toContain('skein token create --data-dir /d')
  expect(out.join('\n')).not.toContain('SKEIN1')
  expect(dirs.get('/d')?.record.settings.zone).toBe('b')
})

test('an address that was found is found anew when the machine has lost it; one that was said stays', async () => {
  const fakes: { addresses: string[] } = { addresses: ['10.0.0.1'] }
  const fake = newFakeWorld(fakes)
  await fake.run('up --data-dir /found')
  await fake.run('up --data-dir /said --advertise 10.0.0.1')
  const moved = newFakeWorld({ addresses: ['10.9.9.9'] })
  for (const [path, contents] of fake.dirs) moved.dirs.set(path, contents)
  moved.world.machine.address = async () => '10.9.9.9'
  await moved.run('up --data-dir /found')
  await moved.run('up --data-dir /said')
  expect(moved.started.map(({ config }) => config.api.advertise)).toEqual(['10.9.9.9:6443', '10.0.0.1:6443'])
})

const fault = { type: 'fault', fault: 'in-use', reason: 'the reason', hint: 'the hint' } as const

test.each<[string, string, Fakes, number, RegExp]>([
  ['a bad directory', 'up', { dirFault: fault }, exitCodes.data, /^error: the reason\nhint: {2}the hint$/],
  ['a directory in use', 'up', { lock: fault }, exitCodes.data, /the reason/],
  [
    'a taken API port',
    'up',
    { portProblem: (port) => (port === 6443 ? 'EADDRINUSE' : null) },
    exitCodes.port,
    /port 6443 is in use.*\n.*--api-port/,
  ],
  [
    'a taken gossip port',
    'up',
    { portProblem: (port) => (port === 7946 ? 'EADDRINUSE' : null) },
    exitCodes.port,
    /port 7946.*\n.*--gossip-port/,
  ],
  [
    'a low port without root',
    'up --api-port 443',
    { portProblem: () => 'EACCES' },
    exitCodes.port,
    /443 is not open to this user/,
  ],
  [
    'no engine',
    'up',
    { engineProblem: 'there is no such socket' },
    exitCodes.engine,
    /no Docker Engine.*no such socket\n.*--docker-socket/,
  ],
  ['one port for both', 'up --api-port 7946', {}, exitCodes.usage, /cannot share port 7946/],
  ['a host without a usable name', 'up', { hostname: '___' }, exitCodes.usage, /--name/],
  ['a missing config file', 'up --config /c.yaml', {}, exitCodes.usage, /cannot read \/c.yaml: there is no such file/],
])('%s: nothing is written, nothing is started', async (_, line, fakes, code, text) => {
  const { run, err, dirs, started } = newFakeWorld(fakes)
  expect(await run(line)).toBe(code)
  expect(err).toHaveLength(1)
  expect(err[0]).toMatch(text)
  expect(err[0]?.split('\n')).toHaveLength(2)
  expect([dirs.size, started.length]).toEqual([0, 0])
})

test('the config file names its own line, and picks the node by its name', async () => {
  const { run, err, files, started } = newFakeWorld()
  files.set('/c.yaml', 'nodes:\n- {name: n1, api: {port: 7001}}\n- {name: n2, prot: 3}\n')
  expect(await run('up --config /c.yaml')).toBe(exitCodes.usage)
  expect(err[0]).toContain('/c.yaml:3: unknown key "nodes[1].prot"')
  files.set('/c.yaml', 'nodes:\n- {name: n1, api: {port: 7001}}\n- {name: n2}\n')
  expect(await run('up --config /c.yaml')).toBe(exitCodes.usage)
  expect(err[1]).toMatch(/lists no node "host1"\n.*n1, n2.*--name/)
  expect(await run('up --config /c.yaml --name n1')).toBe(exitCodes.ok)
  expect(started[0]?.config.api.port).toBe(7001)
})

test('a node keeps its name, and votes on while its engine is away', async () => {
  const fake = newFakeWorld()
  await fake.run('up --data-dir /d --name n1')
  expect(await fake.run('up --data-dir /d --name n2')).toBe(exitCodes.usage)
  expect(fake.err[0]).toContain('that of node n1, which cannot become n2')
  const later = newFakeWorld({ engineProblem: 'nobody listens there' })
  for (const [path, contents] of fake.dirs) later.dirs.set(path, contents)
  expect(await later.run('up --data-dir /d')).toBe(exitCodes.ok)
  expect(later.err[0]).toContain('warning: no Docker Engine')
})

// ---- join --------------------------------------------------------------------------------------------------------

const token = newToken(
  'full',
  sha256Hex('the CA'),
  Uint8Array.from({ length: tokenEntropyBytes }, (_, i) => i),
)
const text = tokenText(token)
const joined = {
  clusterId: 'c1',
  caCertificate: 'the CA',
  caKey: 'the key',
  members: [
    { identity: 'p1', name: 'n1', addresses: ['10.0.0.2:7946'], asOf: 7 },
    { identity: 'p-new', name: 'host1', addresses: ['10.0.0.9:7946'], asOf: 7 },
  ],
}

test('join shows the secret only to the pinned authority, and keeps what it is told', async () => {
  const { run, asked, dirs, started, out } = newFakeWorld({ answer: () => ({ status: 201, body: joined }) })
  expect(await run(`join 10.0.0.2 --token ${text}`)).toBe(exitCodes.ok)
  expect(asked).toEqual([
    {
      target: { host: '10.0.0.2', port: 6443, caPem: 'the CA' },
      request: {
        method: 'POST',
        path: '/skein/v1/join',
        body: {
          tokenId: token.id,
          secret: token.secret,
          name: 'host1',
          identity: 'p-new',
          addresses: ['10.0.0.9:7946'],
          apiAddress: '10.0.0.9:6443',
          version: '0.1.0',
        },
      },
    },
  ])
  expect(dirs.get('/var/lib/skein')).toMatchObject({
    record: { clusterId: 'c1', caSha256: token.caSha256, founding: null, identity: 'p-new' },
    ca: { certificatePem: 'the CA', keyPem: 'the key' },
    peers: [{ identity: 'p1', name: 'n1', addresses: ['10.0.0.2:7946'], asOf: 7 }],
  })
  expect(started[0]?.config).toMatchObject({ founding: null, cluster: { id: 'c1' } })
  expect(out.join('\n')).toContain('joined cluster c1')
})

test('join on a node that is in already starts it again; in another cluster it is refused', async () => {
  const { run, started, asked, err } = newFakeWorld({ answer: () => ({ status: 201, body: joined }) })
  await run(`join 10.0.0.2 --token ${text}`)
  expect(await run(`join 10.0.0.2 --token ${text}`)).toBe(exitCodes.ok)
  expect([started.length, asked.length]).toEqual([2, 1])
  const other = tokenText({ ...token, caSha256: sha256Hex('another') })
  expect(await run(`join 10.0.0.2 --token ${other}`)).toBe(exitCodes.data)
  expect(err[0]).toContain('belongs to node host1 of another cluster (c1)')
})

const status = (code: number, message: string) => ({
  answer: () => ({ status: code, body: { kind: 'Status', message } }),
})
const broken = (why: CallError['why'], message: string) => ({
  pinned: async () => {
    throw new CallError(why, message)
  },
})

test.each<[string, string, Fakes, number, RegExp]>([
  ['no token at all', 'h --token hello', {}, exitCodes.token, /not a join token/],
  ['a typo', `h --token ${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`, {}, exitCodes.token, /typo/],
  ['a worker token', `h --token ${tokenText({ ...token, scope: 'worker' })}`, {}, exitCodes.token, /workers/],
  ['a bad address', `https://h --token ${text}`, {}, exitCodes.usage, /"https:\/\/h" is no address/],
  [
    'an unknown token',
    `h --token ${text}`,
    status(401, 'no'),
    exitCodes.token,
    /h:6443 does not take the token: it is wrong, expired or was deleted\n.*skein token create/,
  ],
  ['an expired token', `h --token ${text}`, status(403, 'the token expired'), exitCodes.token, /expired/],
  [
    'a taken name',
    `h --token ${text}`,
    status(409, 'nodes "host1" already exists'),
    exitCodes.refused,
    /already exists\n.*--name/,
  ],
  ['no quorum', `h --token ${text}`, status(503, 'x'), exitCodes.quorum, /its cluster has no quorum/],
  ['another refusal', `h --token ${text}`, status(400, 'bad name'), exitCodes.refused, /bad name/],
  [
    'an answer that is none',
    `h --token ${text}`,
    { answer: () => ({ status: 200, body: { clusterId: 'c' } }) },
    exitCodes.refused,
    /HTTP status 200/,
  ],
  [
    'nobody there',
    `h --token ${text}`,
    broken('unreachable', 'connection refused'),
    exitCodes.unreachable,
    /nobody answers at h:6443: connection refused/,
  ],
  [
    'somebody else there',
    `h --token ${text}`,
    broken('untrusted', 'its certificates are others'),
    exitCodes.untrusted,
    /h:6443 is not the cluster of this token/,
  ],
  [
    'the gossip port',
    `h:7946 --token ${text}`,
    broken('not-tls', 'it hung up'),
    exitCodes.unreachable,
    /no API of skein at h:7946: it hung up\n.*port of the API/,
  ],
])('join with %s', async (_, line, fakes, code, words) => {
  const { run, err, dirs, started } = newFakeWorld(fakes)
  expect(await run(`join ${line}`)).toBe(code)
  expect(err.join('\n')).toMatch(words)
  expect(err.join('\n')).not.toContain(token.secret)
  expect([dirs.size, started.length]).toEqual([0, 0])
})
