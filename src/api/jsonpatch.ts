import { sameJson } from '../lib/equal.ts'
import type { Json } from '../objects/types.ts'
import { isRecord } from '../objects/value.ts'
import { type Patched, refused } from './patched.ts'

/**
 * JSON patch (RFC 6902). Works on a copy whose objects have no prototype, so that no key means more than itself; a
 * failed operation leaves nothing half done.
 */

export const operationsMax = 10_000
/** What `copy` may add up to; else a few hundred copies of copies fill the memory. */
const copiedCharsMax = 3 * 1024 * 1024
const pointerCharsMax = 8192

export function jsonPatch(document: Json, patch: Json): Patched {
  if (!Array.isArray(patch)) return refused(400, 'json: cannot unmarshal: a JSON patch is a list of operations')
  if (patch.length > operationsMax) {
    const words = `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}`
    return refused(413, words)
  }
  const operations: Operation[] = []
  for (const [i, item] of patch.entries()) {
    const operation = operationOf(item)
    if (operation === null) return refused(400, `operation ${i} of the patch is not one: ${excerpt(item)}`)
    operations.push(operation)
  }
  const work: Work = { root: copy(document), copied: 0 }
  for (const operation of operations) {
    const error = apply(work, operation)
    if (error !== null) return refused(422, error)
  }
  return { value: work.root as Json, error: null }
}

interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  readonly path: Pointer
  readonly from: Pointer
  readonly value: unknown
}

interface Pointer {
  readonly text: string
  readonly parts: readonly string[]
}

interface Work {
  root: unknown
  copied: number
}

const OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const

function operationOf(item: unknown): Operation | null {
  if (!isRecord(item)) return null
  const op = OPS.find((name) => name === item.op)
  const path = pointerOf(item.path)
  const moves = op === 'move' || op === 'copy'
  const from = moves ? pointerOf(item.from) : path
  const needsValue = op === 'add' || op === 'replace' || op === 'test'
  if (op === undefined || path === null || from === null) return null
  if (needsValue && !Object.hasOwn(item, 'value')) return null
  return { op, path, from, value: item.value }
}

/** RFC 6901. */
function pointerOf(text: unknown): Pointer | null {
  if (typeof text !== 'string' || text.length > pointerCharsMax) return null
  if (text !== '' && !text.startsWith('/')) return null
  const parts = text.split('/').slice(1)
  return { text, parts: parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')) }
}

/** What is wrong, or null when it is done. */
function apply(work: Work, { op, path, from, value }: Operation): string | null {
  switch (op) {
    case 'add':
      return add(work, path, copy(value)) ? null : missing('add', path, 'path')
    case 'remove':
      return remove(work, path) ? null : missing('remove', path, 'key')
    case 'replace': {
      if (find(work.root, path.parts) === undefined) return missing('replace', path, 'key')
      return replace(work, path, copy(value)) ? null : missing('replace', path, 'key')
    }
    case 'test': {
      const found = find(work.root, path.parts)
      // Go takes a missing member for null.
      return sameJson(found ?? null, value) ? null : `testing value ${path.text} failed: test failed`
    }
    case 'move': {
      const moved = find(work.root, from.parts)
      if (path.parts.length > from.parts.length && path.text.startsWith(`${from.text}/`)) {
        return `move operation does not apply: ${JSON.stringify(path.text)} lies within ${JSON.stringify(from.text)}`
      }
      if (moved === undefined || !remove(work, from)) return missing('move', from, 'key')
      return add(work, path, moved) ? null : missing('move', path, 'path')
    }
    case 'copy': {
      const found = find(work.root, from.parts)
      if (found === undefined) return missing('copy', from, 'key')
      work.copied += (JSON.stringify(found) ?? '').length
      if (work.copied > copiedCharsMax) return `copy operations add up to more than ${copiedCharsMax} characters`
      return add(work, path, copy(found)) ? null : missing('copy', path, 'path')
    }
  }
}

function missing(op: string, { text }: Pointer, what: 'key' | 'path'): string {
  return `${op} operation does not apply: doc is missing ${what}: ${JSON.stringify(text)}: missing value`
}

function find(root: unknown, parts: readonly string[]): unknown {
  let at = root
  for (const part of parts) {
    if (Array.isArray(at)) at = at[indexOf(part, at.length - 1) ?? -1]
    else if (isRecord(at) && Object.hasOwn(at, part)) at = at[part]
    else return undefined
    if (at === undefined) return undefined
  }
  return at
}

function add(work: Work, { parts }: Pointer, value: unknown): boolean {
  const last = parts.at(-1)
  if (last === undefined) {
    work.root = value
    return true
  }
  const parent = find(work.root, parts.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : indexOf(last, parent.length)
    if (index === null) return false
    parent.splice(index, 0, value)
    return true
  }
  return setMember(parent, last, value)
}

function replace(work: Work, { parts }: Pointer, value: unknown): boolean {
  const last = parts.at(-1)
  if (last === undefined) {
    work.root = value
    return true
  }
  const parent = find(work.root, parts.slice(0, -1))
  if (!Array.isArray(parent)) return setMember(parent, last, value)
  const index = indexOf(last, parent.length - 1)
  if (index === null) return false
  parent[index] = value
  return true
}

function remove(work: Work, { parts }: Pointer): boolean {
  const last = parts.at(-1)
  if (last === undefined) return false
  const parent = find(work.root, parts.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = indexOf(last, parent.length - 1)
    if (index === null) return false
    parent.splice(index, 1)
    return true
  }
  if (!isRecord(parent) || !Object.hasOwn(parent, last)) return false
  return Reflect.deleteProperty(parent, last)
}

function setMember(parent: unknown, key: string, value: unknown): boolean {
  // The copy's objects have no prototype: `__proto__` is a member like any other.
  return isRecord(parent) && Reflect.set(parent, key, value)
}

/** Null unless it is one of 0 … most, without leading zeros. */
function indexOf(part: string, most: number): number | null {
  if (!/^(0|[1-9]\d{0,8})$/.test(part)) return null
  const index = Number(part)
  return index <= most ? index : null
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (!isRecord(value)) return value
  const bare: { [key: string]: unknown } = Object.create(null)
  for (const key of Object.keys(value)) bare[key] = copy(value[key])
  return bare
}

function excerpt(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100)
}
