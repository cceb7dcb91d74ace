import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { authorityForm } from '../../src/auth/ca.ts'
import type { DataDirContents } from '../../src/config.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import { beginNode, finishNode, lockDataDir, readDataDir, readIdentity } from '../../src/host/datadir.io.ts'
import { readCertificate } from '../../src/host/pem.io.ts'

/** Data directories on a real file system, and what may have happened to them. */
const settings = {
  name: 'n1',
  apiPort: 6443,
  gossipPort: 7946,
  advertise: '10.0.0.1',
  advertiseFound: false,
  labels: {},
}
let root: string
let path: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skein-datadir-'))
  path = join(root, 'data')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function found(): Promise<DataDirContents> {
  const own = await beginNode(path, settings)
  const ca = await issueCertificate(authorityForm('c1', Date.now()), null)
  const contents: DataDirContents = {
    record: {
      format: 1,
      phase: 'ready',
      clusterId: 'c1',
      caSha256: readCertificate(ca.certificatePem).sha256,
      identity: own.identity,
      founding: { id: 't1', secretHash: 'cd', expiresAtMs: 1 },
      databasesMade: false,
      settings,
    },
    ca,
    joinToken: 'SKEIN1-…',
    peers: [{ identity: 'p2', name: 'n2', addresses: ['10.0.0.2:7946'] }],
  }
  await finishNode(path, contents)
  return contents
}

test('what was written is read back, and secrets are for the owner only', async () => {
  expect(await readDataDir(path)).toEqual({ type: 'new' })
  const contents = await found()
  expect(await readDataDir(path)).toEqual({ type: 'node', ...contents })
  expect(await readIdentity(path, contents.record)).toMatchObject({ identity: contents.record.identity })
  for (const name of ['node.json', 'identity.key', 'ca.key', 'join-token']) {
    expect(statSync(join(path, name)).mode & 0o077, name).toBe(0)
  }
  expect(statSync(path).mode & 0o077).toBe(0)
})

test('where no directory can be made, that is told', async () => {
  expect(await lockDataDir('/proc/skein/data')).toMatchObject({ fault: 'unreadable' })
  expect(await lockDataDir(join(root, 'a', 'b', 'c'))).toBe('locked')
})

test('founding that broke off is begun again, as the same identity', async () => {
  const first = await beginNode(path, settings)
  expect(await readDataDir(path)).toEqual({ type: 'new' })
  expect((await beginNode(path, settings)).identity).toBe(first.identity)
})

test.each<[string, string, () => void, RegExp]>([
  [
    'unreadable',
    'a file in its place',
    () => [rmSync(path, { recursive: true }), writeFileSync(path, '')],
    /not a directory/,
  ],
  ['damaged', 'a cut record', () => writeFileSync(join(path, 'node.json'), '{"for'), /node\.json is damaged/],
  ['damaged', 'no record', () => rmSync(join(path, 'node.json')), /node\.json is gone/],
  ['damaged', 'no CA key', () => rmSync(join(path, 'ca.key')), /lacks ca\.key/],
  ['damaged', 'a damaged certificate', () => writeFileSync(join(path, 'ca.crt'), 'x'), /ca\.crt is damaged/],
  [
    'damaged',
    'a damaged list of peers',
    () => writeFileSync(join(path, 'peers.json'), '[{"identity":3}]'),
    /peers\.json is damaged/,
  ],
])('%s: %s', async (fault, _, break_, reason) => {
  await found()
  break_()
  expect(await readDataDir(path)).toMatchObject({ type: 'fault', fault, reason: expect.stringMatching(reason) })
})

test('an authority or an identity of another cluster is refused', async () => {
  const { record } = await found()
  const other = await issueCertificate(authorityForm('c1', Date.now()), null)
  const mine = readFileSync(join(path, 'ca.crt'))
  writeFileSync(join(path, 'ca.crt'), other.certificatePem)
  expect(await readDataDir(path)).toMatchObject({
    fault: 'foreign',
    reason: expect.stringContaining('another cluster'),
  })
  writeFileSync(join(path, 'ca.crt'), mine)
  writeFileSync(join(path, 'ca.key'), other.keyPem)
  expect(await readDataDir(path)).toMatchObject({ fault: 'damaged', reason: expect.stringContaining('not the key of') })
  const stranger = { ...record, identity: 'p9' }
  expect(await readIdentity(path, stranger)).toMatchObject({
    fault: 'damaged',
    reason: expect.stringContaining('another node'),
  })
})

test('databases that are gone are missed, once they were made', async () => {
  const contents = await found()
  const record = { ...contents.record, databasesMade: true }
  await finishNode(path, { ...contents, record })
  expect(await readDataDir(path)).toMatchObject({ fault: 'emptied' })
  for (const name of ['log', 'state']) {
    mkdirSync(join(path, name))
    writeFileSync(join(path, name, 'CURRENT'), 'MANIFEST-000001\n')
  }
  expect(await readDataDir(path)).toMatchObject({ type: 'node' })
})

test.skipIf(process.getuid?.() === 0)('a directory of someone else is told as such', async () => {
  await found()
  chmodSync(path, 0o000)
  expect(await readDataDir(path)).toMatchObject({ fault: 'unreadable', hint: expect.stringContaining('root') })
  chmodSync(path, 0o700)
})

test('one process at a time holds the lock, and its end frees it', async () => {
  mkdirSync(path)
  const holding = 'exec 9>"$0"; flock -x 9; echo held; exec sleep 60'
  const other = spawn('sh', ['-c', holding, join(path, 'lock')], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await new Promise((resolve) => other.stdout.once('data', resolve))
    writeFileSync(join(path, 'lock'), '4711\n')
    expect(await lockDataDir(path)).toMatchObject({ fault: 'in-use', reason: expect.stringContaining('4711') })
  } finally {
    other.kill('SIGKILL')
  }
  await expect.poll(() => lockDataDir(path)).toBe('locked')
  expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(`${process.pid}\n`)
})
