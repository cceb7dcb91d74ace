import { sameJson } from '../lib/equal.ts'
import type { Field, ObjectType, Type } from '../objects/schema.ts'
import type { Json } from '../objects/types.ts'
import { isRecord } from '../objects/value.ts'
import { type Patched, refused } from './patch.ts'

/**
 * Strategic merge: a merge patch that knows, from the tables of the kinds, that lists of objects are merged by a key.
 * Its directives: `$patch: delete | replace | merge` in an object, `$retainKeys` in an object,
 * `$deleteFromPrimitiveList/<list>` and `$setElementOrder/<list>` beside a list.
 */

type Members = { readonly [name: string]: unknown }

export function strategicMerge(type: ObjectType, document: Json, patch: Json): Patched {
  try {
    return { value: mergeObject(type, document as Members, patch as Members) as Json, error: null }
  } catch (cause) {
    if (cause instanceof PatchError) return refused(400, cause.message)
    throw cause
  }
}

/** Thrown inside this file only. */
class PatchError extends Error {
  override readonly name = 'PatchError'
}

const PATCH = '$patch'
const RETAIN = '$retainKeys'
const DELETE_FROM = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'

/** `type` is null where the schema says nothing: then objects are merged, and lists replaced. */
function mergeObject(type: ObjectType | null, original: Members, patch: Members): Members {
  const directive = patch[PATCH]
  if (directive === 'delete') return {}
  if (directive === 'replace') return withoutDirectives(patch)
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive)
  const members = new Map(Object.entries(original))
  retain(members, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) {
      members.delete(key)
      continue
    }
    members.set(key, mergeMember(type?.fields.get(key), members.get(key), value, patch[ORDER + key]))
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) deleteFrom(members, key.slice(DELETE_FROM.length), value)
    else if (key.startsWith(ORDER)) orderAlone(type, members, patch, key.slice(ORDER.length), value)
    else if (key.startsWith('$') && key !== PATCH && key !== RETAIN) throw unknownDirective(key)
  }
  return Object.fromEntries(members)
}

function mergeMember(field: Field | undefined, original: unknown, patch: unknown, order: unknown): unknown {
  const type = field?.type
  if (isRecord(patch)) {
    const inner = type?.form === 'object' ? type : null
    const emptied = patch[PATCH] === 'delete'
    return mergeObject(inner, isRecord(original) && !emptied ? original : {}, patch)
  }
  if (!Array.isArray(patch)) return patch
  const list = Array.isArray(original) ? original : []
  if (field?.list?.merge === 'key') return mergeByKey(itemType(type), field.list.key, list, patch, order)
  if (field?.list?.merge === 'set') return ordered(union(list, patch), list, patch, order, (item) => item)
  return patch.map(plainItem)
}

function itemType(type: Type | undefined): ObjectType | null {
  return type?.form === 'list' && type.item.form === 'object' ? type.item : null
}

/** Objects with the same key are one; those of the patch that are new come last, unless an order is given. */
function mergeByKey(
  type: ObjectType | null,
  key: string,
  original: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
): readonly unknown[] {
  const items = patch.map((item) => {
    if (!isRecord(item)) throw new PatchError(`expected an object in a list that is merged by ${JSON.stringify(key)}`)
    return item
  })
  const wholes = items.filter((item) => item[PATCH] === 'replace')
  if (wholes.length > 0) {
    return items.filter((item) => item[PATCH] !== 'replace' || hasMore(item)).map(withoutDirectives)
  }
  const keyOf = (item: unknown): unknown => (isRecord(item) ? item[key] : undefined)
  // By position, for an original may hold a key more than once (e.g. a port for two protocols).
  let merged: readonly unknown[] = original
  for (const item of items) {
    const id = item[key]
    if (id === undefined) throw new PatchError(`map: ${excerpt(item)} does not contain declared merge key: ${key}`)
    if (item[PATCH] === 'delete') {
      merged = merged.filter((candidate) => !sameJson(keyOf(candidate), id))
      continue
    }
    const at = merged.findIndex((candidate) => sameJson(keyOf(candidate), id))
    const found = merged[at]
    const next = mergeObject(type, isRecord(found) ? found : {}, item)
    merged = at === -1 ? [...merged, next] : merged.with(at, next)
  }
  const kept = items.filter((item) => item[PATCH] !== 'delete')
  return ordered(merged, original, kept, order, keyOf)
}

function hasMore(item: Members): boolean {
  return Object.keys(item).some((key) => key !== PATCH)
}

/**
 * As the client wants it: what its order names stands in that order; what only the server has keeps its place before
 * what it stood before.
 */
function ordered(
  merged: readonly unknown[],
  original: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
  keyOf: (item: unknown) => unknown,
): readonly unknown[] {
  if (order === undefined) return merged
  if (!Array.isArray(order)) throw new PatchError('$setElementOrder is not a list')
  const wanted = order.map(keyOf)
  checkOrder(patch.map(keyOf), wanted)
  const place = (list: readonly unknown[], item: unknown): number => {
    const id = keyOf(item)
    return list.findIndex((candidate) => sameJson(candidate, id))
  }
  const before = original.map(keyOf)
  const named = merged.filter((item) => place(wanted, item) !== -1).sort((a, b) => place(wanted, a) - place(wanted, b))
  const others = merged.filter((item) => place(wanted, item) === -1)
  const result: unknown[] = []
  for (const item of named) {
    const at = place(before, item)
    for (let other = others[0]; other !== undefined && at !== -1 && place(before, other) < at; other = others[0]) {
      result.push(other)
      others.shift()
    }
    result.push(item)
  }
  return [...result, ...others]
}

/** What the patch brings must stand in the order that it gives. */
function checkOrder(patched: readonly unknown[], wanted: readonly unknown[]): void {
  let from = 0
  for (const id of patched) {
    const at = wanted.findIndex((candidate, i) => i >= from && sameJson(candidate, id))
    if (at === -1) {
      throw new PatchError(
        `The order in patch list: ${excerpt(patched)} doesn't match $setElementOrder list: ${excerpt(wanted)}`,
      )
    }
    from = at
  }
}

/** An order for a list that the patch does not change otherwise. */
function orderAlone(
  type: ObjectType | null,
  members: Map<string, unknown>,
  patch: Members,
  name: string,
  order: unknown,
): void {
  const list = members.get(name)
  if (Object.hasOwn(patch, name) || !Array.isArray(list)) return
  const keys = type?.fields.get(name)?.list
  if (keys === undefined) return
  const keyOf = (item: unknown): unknown =>
    keys.merge === 'key' ? (isRecord(item) ? item[keys.key] : undefined) : item
  members.set(name, ordered(list, list, [], order, keyOf))
}

function deleteFrom(members: Map<string, unknown>, name: string, values: unknown): void {
  const list = members.get(name)
  if (!Array.isArray(values)) throw new PatchError(`${DELETE_FROM}${name} is not a list`)
  if (!Array.isArray(list)) return
  members.set(
    name,
    list.filter((item) => !values.some((value) => sameJson(value, item))),
  )
}

/** Of a union, what the patch sets names the only members that stay. */
function retain(members: Map<string, unknown>, patch: Members): void {
  const keys = patch[RETAIN]
  if (keys === undefined) return
  if (!Array.isArray(keys)) throw new PatchError('$retainKeys is not a list')
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith('$') && value !== null && !keys.includes(key)) {
      throw new PatchError(`$retainKeys does not contain ${JSON.stringify(key)}, which the patch sets`)
    }
  }
  for (const key of [...members.keys()]) if (!keys.includes(key)) members.delete(key)
}

function union(list: readonly unknown[], patch: readonly unknown[]): readonly unknown[] {
  const added = patch.filter((item) => !list.some((known) => sameJson(known, item)))
  return [...list, ...added.filter((item, i) => added.findIndex((other) => sameJson(other, item)) === i)]
}

/** An object as it is meant: no directives, no nulls. */
function withoutDirectives(patch: Members): Members {
  const entries = Object.entries(patch).filter(([key, value]) => !key.startsWith('$') && value !== null)
  return Object.fromEntries(entries.map(([key, value]) => [key, plainItem(value)]))
}

function plainItem(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainItem)
  return isRecord(value) ? withoutDirectives(value) : value
}

function unknownDirective(what: unknown): PatchError {
  return new PatchError(`Unknown patch type found: ${excerpt(what)}`)
}

function excerpt(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200)
}
