import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { HostsError } from './command.ts'
import type { Side } from './lan.ts'
import { type HostPlace, type Place, placeOf, root } from './names.ts'
import { lives, type ProcessId } from './processes.ts'

/** What a set of hosts is, for whoever comes next. What changes is on the machine itself, or in `HostRecord`. */
export interface SetRecord {
  readonly prefix: string
  readonly count: number
  /** Which range of addresses (`rangeOf`). */
  readonly range: number
  /** The process that makes it, or for which it was made: without that process it is a left-over. Null: made to stay. */
  readonly owner: ProcessId | null
}

export interface HostRecord {
  /** The first process of the host; null: power off. */
  readonly init: ProcessId | null
  /** Where its cable leads, also while it is off. */
  readonly side: Side
}

const recordName = 'hosts.json'

/** Makes the folder with the record in it, at once or not at all: of two who begin the same set, one is refused. */
export function beginSet(record: SetRecord): void {
  const { folder } = placeOf(record.prefix)
  const next = mkdtempSync(join(root, begunName(record.prefix)))
  writeFileSync(join(next, recordName), JSON.stringify(record))
  try {
    renameSync(next, folder)
  } catch (error) {
    rmSync(next, { recursive: true })
    if (!existsSync(folder)) throw error
    throw new HostsError(`hosts ${record.prefix}1 … are being made already`, 'choose another --prefix')
  }
}

/** Folders of this prefix that never became a set. */
export function begunIn(prefix: string): string[] {
  if (!existsSync(root)) return []
  const names = readdirSync(root).filter((name) => name.startsWith(begunName(prefix)))
  return names.map((name) => join(root, name))
}

function begunName(prefix: string): string {
  return `.next-${prefix}-`
}

/** Says that the set is whole, and stays when its maker ends. */
export function releaseSet(record: SetRecord): void {
  writeJson(join(placeOf(record.prefix).folder, recordName), { ...record, owner: null })
}

/** Null when there is no such set, or its making was broken off before it was one. */
export function readSet({ folder }: Place): SetRecord | null {
  return readJson<SetRecord>(join(folder, recordName))
}

/** The prefixes of all sets on this machine. */
export function allSets(): string[] {
  if (!existsSync(root)) return []
  return readdirSync(root).filter((name) => !name.startsWith('.') && existsSync(join(root, name, recordName)))
}

/** Sets whose owner has ended without taking them along. */
export function orphans(): string[] {
  return allSets().filter((prefix) => isOrphan(readSet(placeOf(prefix))))
}

export function isOrphan(set: SetRecord | null): boolean {
  return set !== null && set.owner !== null && !lives(set.owner)
}

export function readHost({ folder }: HostPlace): HostRecord {
  return readJson<HostRecord>(join(folder, 'host.json')) ?? { init: null, side: 'joined' }
}

export function writeHost({ folder }: HostPlace, record: HostRecord): void {
  writeJson(join(folder, 'host.json'), record)
}

export function makeHostFolders({ disk }: HostPlace): void {
  mkdirSync(disk, { recursive: true, mode: 0o755 })
}

function writeJson(path: string, value: object): void {
  writeFileSync(`${path}.next`, JSON.stringify(value))
  renameSync(`${path}.next`, path)
}

function readJson<T>(path: string): T | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : null
}
