import type { Field, ObjectType, Type } from '../objects/schema.ts'
import type { Json } from '../objects/types.ts'
import { isRecord } from '../objects/value.ts'
import { type Patched, refused } from './patched.ts'

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
  if (field?.list?.merge === 'set') return ordered(union(list, patch), list, patch, order, identity)
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
  const idOf = (item: unknown): string => identity(isRecord(item) ? item[key] : undefined)
  for (const item of items) {
    if (item[key] === undefined) {
      throw new PatchError(`map: ${excerpt(item)} does not contain declared merge key: ${key}`)
    }
  }
  const deleted = new Set(items.filter((item) => item[PATCH] === 'delete').map(idOf))
  const kept = items.filter((item) => item[PATCH] !== 'delete')
  const merged = original.filter((item) => !deleted.has(idOf(item)))
  // The first of them, where an original holds a key more than once (e.g. a port for two protocols).
  const places = placesOf(merged.map(idOf))
  for (const item of kept) {
    const at = places.get(idOf(item)) ?? merged.length
    const found = merged[at]
    places.set(idOf(item), at)
    merged[at] = mergeObject(type, isRecord(found) ? found : {}, item)
  }
  return ordered(merged, original, kept, order, idOf)
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
  idOf: (item: unknown) => string,
): readonly unknown[] {
  if (order === undefined) return merged
  if (!Array.isArray(order)) throw new PatchError('$setElementOrder is not a list')
  const wanted = placesOf(order.map(idOf))
  checkOrder(patch.map(idOf), wanted)
  const before = placesOf(original.map(idOf))
  const place = (places: ReadonlyMap<string, number>, item: unknown): number => places.get(idOf(item)) ?? -1
  const named = merged.filter((item) => place(wanted, item) !== -1)
  const others = merged.filter((item) => place(wanted, item) === -1)
  named.sort((a, b) => place(wanted, a) - place(wanted, b))
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const at = place(before, item)
    while (next < others.length && at !== -1 && place(before, others[next]) < at) result.push(others[next++])
    result.push(item)
  }
  return [...result, ...others.slice(next)]
}

/** What the patch brings must stand in the order that it gives. */
function checkOrder(patched: readonly string[], wanted: ReadonlyMap<string, number>): void {
  let last = -1
  for (const id of patched) {
    const at = wanted.get(id)
    if (at === undefined || at < last) {
      const listed = excerpt([...wanted.keys()])
      throw new PatchError(
        `The order in patch list: ${excerpt(patched)} doesn't match $setElementOrder list: ${listed}`,
      )
    }
    last = at
  }
}

/** Equal for values that say the same. */
function identity(value: unknown): string {
  return JSON.stringify(value) ?? ''
}

/** Where each stands first. */
function placesOf(ids: readonly string[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const [i, id] of ids.entries()) if (!places.has(id)) places.set(id, i)
  return places
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
  const idOf = (item: unknown): string =>
    identity(keys.merge === 'key' ? (isRecord(item) ? item[keys.key] : undefined) : item)
  members.set(name, ordered(list, list, [], order, idOf))
}

function deleteFrom(members: Map<string, unknown>, name: string, values: unknown): void {
  const list = members.get(name)
  if (!Array.isArray(values)) throw new PatchError(`${DELETE_FROM}${name} is not a list`)
  if (!Array.isArray(list)) return
  const gone = new Set(values.map(identity))
  members.set(
    name,
    list.filter((item) => !gone.has(identity(item))),
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
  const known = new Map([...list, ...patch].map((item) => [identity(item), item]))
  return [...known.values()]
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
