import type { DataDirFault, FoundingToken, NodeRecord, NodeSettings } from '../config.ts'

/**
 * What a data directory holds, and whether a daemon may start on it. Decides only; `datadir.io.ts` reads and writes.
 *
 * `node.json` is written first, in phase `beginning`, and again in phase `ready` once everything else is there: so a
 * directory whose founding or joining broke off is told from one that lost a file. Nothing that was once a node is ever
 * taken for a new one, for a member that forgot its log would vote twice.
 */

/** Of `node.json`. A higher number is refused: it may say what this version would lose. */
export const recordFormat = 1

export const fileNames = {
  record: 'node.json',
  identity: 'identity.key',
  caCertificate: 'ca.crt',
  caKey: 'ca.key',
  joinToken: 'join-token',
  peers: 'peers.json',
  lock: 'lock',
  /** The disk's own marks that a database was made. */
  logMade: 'log.made',
  stateMade: 'state.made',
} as const

export const databaseNames = ['log', 'state'] as const

/** What was found in the directory. `files` are the names in it; null when it does not exist. */
export interface DataDirFindings {
  readonly path: string
  readonly files: readonly string[] | null
  /** Text of `node.json`; null when there is none. */
  readonly record: string | null
  /** Databases that are there with something in them. */
  readonly databases: readonly string[]
}

export type DataDirVerdict =
  /** A new node may be made here. */
  { readonly type: 'new' } | { readonly type: 'node'; readonly record: NodeRecord } | DataDirFault

export function judgeDataDir({ path, files, record: text, databases }: DataDirFindings): DataDirVerdict {
  if (files === null) return { type: 'new' }
  if (text === null) return judgeWithoutRecord(path, files.filter(isTelling))
  const record = parseRecord(text)
  if (record === null) {
    return fault('damaged', `${path}/${fileNames.record} is damaged`, restoreHint)
  }
  if (record === 'foreign') {
    return fault('foreign', `${path}/${fileNames.record} was not written by skein`, elsewhereHint)
  }
  if (record === 'newer') {
    return fault('newer', `${path} was made by a newer version of skein`, 'install that version or a later one')
  }
  if (record.phase === 'beginning') return { type: 'new' }
  const needed = [fileNames.identity, fileNames.caCertificate, fileNames.caKey]
  const missing = needed.filter((name) => !files.includes(name))
  if (missing.length > 0) return fault('damaged', `${path} lacks ${missing.join(' and ')}`, restoreHint)
  const emptied = record.databasesMade ? databaseNames.filter((name) => !databases.includes(name)) : []
  if (emptied.length > 0) {
    return fault(
      'emptied',
      `${path} belongs to node ${record.settings.name}, but its ${emptied.map((name) => `${name}/`).join(' and ')} ${emptied.length > 1 ? 'are' : 'is'} gone`,
      `run kubectl delete node ${record.settings.name} at another node, empty ${path}, and join again`,
    )
  }
  return { type: 'node', record }
}

const elsewhereHint = 'choose an empty directory with --data-dir'
const restoreHint = 'restore it from a backup; or delete the node from the cluster, empty the directory, and join again'

function judgeWithoutRecord(path: string, files: readonly string[]): DataDirVerdict {
  if (files.length === 0) return { type: 'new' }
  const strange = files.filter((name) => !ownNames.includes(name))
  if (strange.length > 0) {
    const more = strange.length > 1 ? ` and ${strange.length - 1} more` : ''
    return fault('foreign', `${path} holds files that are not skein's: ${strange[0]}${more}`, elsewhereHint)
  }
  return fault('damaged', `${path} holds ${files.join(', ')}, but its ${fileNames.record} is gone`, restoreHint)
}

const ownNames: readonly string[] = [...Object.values(fileNames), ...databaseNames]

/** Leaves out what says nothing: the lock, files half written, and what a file system puts at its root. */
function isTelling(name: string): boolean {
  return name !== fileNames.lock && name !== 'lost+found' && !name.endsWith('.new')
}

function fault(kind: DataDirFault['fault'], reason: string, hint: string): DataDirFault {
  return { type: 'fault', fault: kind, reason, hint }
}

/** Null: damaged. Every field is checked: an operator may have edited the file. */
function parseRecord(text: string): NodeRecord | 'foreign' | 'newer' | null {
  const value = parseJson(text)
  if (value === null) return null
  const record = value as Partial<NodeRecord>
  if (typeof record.format !== 'number') return 'foreign'
  if (record.format > recordFormat) return 'newer'
  const { phase, clusterId, caSha256, identity, founding, databasesMade, settings } = record
  const whole =
    (phase === 'beginning' || phase === 'ready') &&
    [clusterId, caSha256, identity].every((field) => typeof field === 'string') &&
    isFounding(founding) &&
    typeof databasesMade === 'boolean' &&
    isSettings(settings)
  return whole ? (record as NodeRecord) : null
}

function isFounding(value: unknown): boolean {
  if (value === null) return true
  if (typeof value !== 'object') return false
  const { id, secretHash, expiresAtMs } = value as Partial<FoundingToken>
  return typeof id === 'string' && typeof secretHash === 'string' && Number.isFinite(expiresAtMs)
}

function isSettings(value: unknown): value is NodeSettings {
  if (typeof value !== 'object' || value === null) return false
  const { name, apiPort, gossipPort, advertise, advertiseFound, labels, zone } = value as Partial<NodeSettings>
  return (
    typeof name === 'string' &&
    [apiPort, gossipPort].every((port) => Number.isInteger(port)) &&
    typeof advertise === 'string' &&
    typeof advertiseFound === 'boolean' &&
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((label) => typeof label === 'string') &&
    (zone === undefined || typeof zone === 'string')
  )
}

function parseJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null // The caller says which file is damaged.
  }
}
