import { assert } from '../lib/assert.ts'
import type { Kind } from './kind.ts'
import type { KubeObject } from './value.ts'

/**
 * The form in which objects lie in the store: JSON text that starts with `{"metadata":{`, without kind, apiVersion and
 * resourceVersion. These are known from the key and the revision, and are spliced in when an object is read or served,
 * so that a version is serialised once and never parsed to be served.
 */

/** What of a store's version is needed here. */
export interface StoredVersion {
  readonly value: Uint8Array
  /** The store revision of its last write: its resourceVersion. */
  readonly revision: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const HEAD = '{"metadata":{'
/** `}` */
const BRACE = 0x7d

/** `core/pods/default/web`; an empty namespace for cluster-scoped kinds. */
export function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${prefixOf(kind)}${namespace}/${name}`
}

/** `core/pods/default/`, or `core/pods/` for all namespaces. */
export function prefixOf(kind: Kind, namespace?: string): string {
  const { group, plural } = kind.storedAs?.kind ?? kind
  const all = `${group === '' ? 'core' : group}/${plural}/`
  return namespace === undefined ? all : `${all}${namespace}/`
}

/** Bytes for the store, of an object that came as this kind. */
export function writeAs(kind: Kind, object: KubeObject): Uint8Array {
  return writeStored(kind.storedAs === null ? object : kind.storedAs.toStored(object))
}

/** Bytes for the store, of an object of the kind that is kept. */
export function writeStored(object: KubeObject): Uint8Array {
  const { kind: _kind, apiVersion: _version, metadata, ...rest } = object
  const { resourceVersion: _revision, ...facts } = metadata
  return encoder.encode(JSON.stringify({ metadata: facts, ...rest }))
}

/** The object with kind, apiVersion and resourceVersion. Parses; the caller keeps the outcome if it needs it again. */
export function readStored<T extends KubeObject>(kind: Kind, version: StoredVersion): T {
  const { metadata, ...rest } = JSON.parse(decoder.decode(version.value)) as KubeObject
  const object = {
    kind: kind.name,
    apiVersion: kind.apiVersion,
    metadata: { ...metadata, resourceVersion: String(version.revision) },
    ...rest,
  } as KubeObject
  return (kind.storedAs === null ? object : kind.storedAs.fromStored(object)) as T
}

/** The object's JSON text with kind, apiVersion and resourceVersion. */
export function serve(kind: Kind, version: StoredVersion): Uint8Array {
  if (kind.storedAs !== null) return encoder.encode(JSON.stringify(readStored(kind, version)))
  return splice(`{"kind":"${kind.name}","apiVersion":"${kind.apiVersion}","metadata":{`, version)
}

/** As `serve`, without kind and apiVersion: an item of a list. */
export function serveItem(kind: Kind, version: StoredVersion): Uint8Array {
  if (kind.storedAs !== null) {
    const { kind: _kind, apiVersion: _version, ...item } = readStored<KubeObject>(kind, version)
    return encoder.encode(JSON.stringify(item))
  }
  return splice(HEAD, version)
}

function splice(head: string, { value, revision }: StoredVersion): Uint8Array {
  assert(value.length > HEAD.length && value[2] === HEAD.charCodeAt(2), 'a stored object starts with its metadata')
  const comma = value[HEAD.length] === BRACE ? '' : ','
  const start = encoder.encode(`${head}"resourceVersion":"${revision}"${comma}`)
  const served = new Uint8Array(start.length + value.length - HEAD.length)
  served.set(start)
  served.set(value.subarray(HEAD.length), start.length)
  return served
}
