import { spawn } from 'node:child_process'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataDirContents, DataDirFault, KeyPair, NodeRecord, OpenedDataDir, PeerConfig } from '../config.ts'
import { type DataDirVerdict, databaseNames, fileNames, judgeDataDir, recordFormat } from './datadir.ts'
import { makeFolder, readIfThere, writeWhole } from './files.io.ts'
import type { OwnIdentity } from './identity.io.ts'
import { readCertificate } from './pem.io.ts'

/** What the directory holds. Changes nothing, takes no lock: for `status` and `kubeconfig` beside a running daemon. */
export async function readDataDir(path: string): Promise<OpenedDataDir> {
  try {
    const verdict = await judge(path)
    if (verdict.type !== 'node') return verdict
    const ca = {
      certificatePem: await text(join(path, fileNames.caCertificate)),
      keyPem: await text(join(path, fileNames.caKey)),
    }
    const token = await readIfThere(join(path, fileNames.joinToken))
    const peers = await readPeers(join(path, fileNames.peers))
    if (peers === null) return damaged(`${path}/${fileNames.peers} is damaged`)
    const wrong = wrongAuthority(path, ca, verdict.record)
    if (wrong !== null) return wrong
    const joinToken = token === null ? null : new TextDecoder().decode(token).trim()
    return { type: 'node', record: verdict.record, ca, joinToken, peers }
  } catch (error) {
    return unreadable(path, error)
  }
}

/** Makes the directory, and in it the record of a node that is about to be made, and its identity. */
export async function beginNode(path: string, settings: NodeRecord['settings']): Promise<OwnIdentity> {
  await makeFolder(path)
  await writeRecord(path, {
    format: recordFormat,
    phase: 'beginning',
    clusterId: '',
    caSha256: '',
    identity: '',
    founding: null,
    databasesMade: false,
    settings,
  })
  return await openOwn(path)
}

/** Writes all that makes it a node; the record last. */
export async function finishNode(path: string, { record, ca, joinToken, peers }: DataDirContents): Promise<void> {
  await writeWhole(join(path, fileNames.caKey), ca.keyPem, 0o600)
  await writeWhole(join(path, fileNames.caCertificate), ca.certificatePem, 0o644)
  await writeWhole(join(path, fileNames.peers), `${JSON.stringify(peers, null, 2)}\n`, 0o600)
  if (joinToken !== null) await writeWhole(join(path, fileNames.joinToken), `${joinToken}\n`, 0o600)
  await writeRecord(path, record)
}

export async function writeRecord(path: string, record: NodeRecord): Promise<void> {
  await writeWhole(join(path, fileNames.record), `${JSON.stringify(record, null, 2)}\n`, 0o600)
}

/** The identity whose key is kept here, which must be the one that the record names. */
export async function readIdentity(path: string, record: NodeRecord): Promise<OwnIdentity | DataDirFault> {
  const own = await openOwn(path)
  if (own.identity === record.identity) return own
  return damaged(`${path}/${fileNames.identity} is the key of another node`)
}

/** libp2p is loaded only where a key is wanted: commands that but look into the directory do not wait for it. */
async function openOwn(path: string): Promise<OwnIdentity> {
  const { openIdentity } = await import('./identity.io.ts')
  return await openIdentity(join(path, fileNames.identity))
}

/** Locks held by this process; a handle that is forgotten would be closed, and its lock lost. */
const locks = new Map<string, FileHandle>()

/**
 * Keeps every other daemon off this directory until the process ends, however it ends: the kernel's lock on an open
 * file, taken by flock(1) for want of a call in Node. Where that command is missing, the databases' own locks remain.
 */
export async function lockDataDir(path: string): Promise<'locked' | DataDirFault> {
  try {
    await makeFolder(path)
    const file = await open(join(path, fileNames.lock), 'a+', 0o600)
    if (await flock(file)) {
      locks.set(path, file)
      await file.truncate(0)
      await file.write(`${process.pid}\n`)
      return 'locked'
    }
    const holder = (await file.readFile('utf8')).trim()
    await file.close()
    const who = holder === '' ? 'another daemon' : `another daemon (process ${holder})`
    const hint = 'one node runs once; for a second node choose another directory with --data-dir and other ports'
    return { type: 'fault', fault: 'in-use', reason: `${path} is in use by ${who}`, hint }
  } catch (error) {
    return unreadable(path, error)
  }
}

/** False when another process holds it. */
function flock(file: FileHandle): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const taking = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] })
    taking.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(true) : reject(error)))
    taking.once('exit', (code) => resolve(code === 0))
  })
}

async function judge(path: string): Promise<DataDirVerdict> {
  const files = await namesIn(path)
  const record = files === null ? null : await readIfThere(join(path, fileNames.record))
  const databases: string[] = []
  for (const name of databaseNames) {
    // LevelDB's own entry point: without it the rest cannot be read, and it would begin anew.
    if ((await readIfThere(join(path, name, 'CURRENT'))) !== null) databases.push(name)
  }
  return judgeDataDir({ path, files, record: record === null ? null : new TextDecoder().decode(record), databases })
}

async function namesIn(path: string): Promise<string[] | null> {
  try {
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('it is not a directory'), { code: 'ENOTDIR' })
    return (await readdir(path)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function text(path: string): Promise<string> {
  const bytes = await readIfThere(path)
  if (bytes === null) throw new Error(`${path} is gone`)
  return new TextDecoder().decode(bytes)
}

async function readPeers(path: string): Promise<PeerConfig[] | null> {
  const bytes = await readIfThere(path)
  if (bytes === null) return []
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(value) && value.every(isPeer) ? value : null
  } catch {
    return null // The caller says which file is damaged.
  }
}

function isPeer(value: unknown): value is PeerConfig {
  const { identity, name, addresses, asOf } = (value ?? {}) as Partial<PeerConfig>
  return (
    (asOf === undefined || Number.isSafeInteger(asOf)) &&
    typeof identity === 'string' &&
    typeof name === 'string' &&
    Array.isArray(addresses) &&
    addresses.every((address) => typeof address === 'string')
  )
}

function wrongAuthority(path: string, ca: KeyPair, record: NodeRecord): DataDirFault | null {
  try {
    const certificate = readCertificate(ca.certificatePem)
    if (certificate.sha256 !== record.caSha256) {
      const reason = `${path}/${fileNames.caCertificate} is that of another cluster`
      return { type: 'fault', fault: 'foreign', reason, hint: restoreHint }
    }
    if (certificate.belongsTo(ca.keyPem)) return null
    return damaged(`${path}/${fileNames.caKey} is not the key of ${fileNames.caCertificate}`)
  } catch {
    return damaged(`${path}/${fileNames.caCertificate} is damaged`)
  }
}

const restoreHint =
  'restore the file from a backup; or delete the node from the cluster, empty the directory, and join again'

function damaged(reason: string): DataDirFault {
  return { type: 'fault', fault: 'damaged', reason, hint: restoreHint }
}

function unreadable(path: string, error: unknown): DataDirFault {
  const cause = (error as Error).cause ?? error
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'run skein as root, or choose a directory of your own with --data-dir'
    return { type: 'fault', fault: 'unreadable', reason: `the data directory ${path} is not open to this user`, hint }
  }
  if (code === 'ENOTDIR') {
    const reason = `the data directory ${path} is not a directory`
    return { type: 'fault', fault: 'unreadable', reason, hint: 'choose a directory with --data-dir' }
  }
  const hint = 'see whether the disk is there, writable and not full'
  return { type: 'fault', fault: 'unreadable', reason: `the data directory ${path} cannot be used: ${message}`, hint }
}
