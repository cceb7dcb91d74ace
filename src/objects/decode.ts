import { formatTime, parseTime } from '../lib/rfc3339.ts'
import { depthMax } from './json.ts'
import type { Kind } from './kind.ts'
import { canonicalQuantity, QUANTITY_ERROR } from './quantity.ts'
import type { Field, ObjectType, ScalarType, Type } from './schema.ts'
import { isRecord, type Json, type KubeObject } from './value.ts'

/**
 * Decoding: a parsed value becomes an object in normal form, or is refused in the words of Go's decoder.
 * In normal form two objects that mean the same have the same bytes: fields in declared order, map keys sorted, nulls and
 * empty optional values dropped, quantities and times canonical.
 */

/**
 * `unknown`: paths of fields that the kind does not have; the object does not have them either.
 * `error`: the first wrong type, or a broken limit.
 */
export type Decoded =
  | { readonly object: KubeObject; readonly unknown: readonly string[]; readonly error: null }
  | { readonly object: null; readonly unknown: readonly string[]; readonly error: string }

/** More would only repeat the message. */
const unknownMax = 100

/** The value's own apiVersion and kind are not looked at; the object has the kind's. */
export function decodeObject(kind: Kind, value: Json): Decoded {
  const walk: Walk = { unknown: [], path: [] }
  try {
    const { kind: _kind, apiVersion: _version, ...rest } = record(kind.type, value, null)
    const fields = decodeFields(walk, kind.type, rest)
    return {
      object: { kind: kind.name, apiVersion: kind.apiVersion, ...fields } as KubeObject,
      unknown: walk.unknown,
      error: null,
    }
  } catch (cause) {
    if (cause instanceof DecodeError) return { object: null, unknown: walk.unknown, error: cause.message }
    throw cause
  }
}

/** Thrown inside this file only. */
class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

interface Walk {
  readonly unknown: string[]
  /** Where the walk stands: names and `[index]`es. */
  readonly path: string[]
}

/** Where a value stands, as Go names it: the struct, and the path without indexes. */
interface Place {
  readonly struct: string
  readonly walk: Walk
}

function decodeFields(walk: Walk, type: ObjectType, value: { readonly [key: string]: unknown }): object {
  for (const key of Object.keys(value)) {
    if (!type.fields.has(key) && walk.unknown.length < unknownMax) walk.unknown.push(pathTo(walk, key))
  }
  const place: Place = { struct: type.name, walk }
  const members: [string, unknown][] = []
  for (const field of type.fields.values()) {
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    const decoded = given === undefined || given === null ? undefined : decodeField(place, field, given)
    const kept = decoded === undefined || isDropped(field, decoded) ? zeroOf(walk, field) : decoded
    if (kept !== undefined) members.push([field.name, kept])
  }
  return Object.fromEntries(members)
}

function decodeField(place: Place, field: Field, value: unknown): unknown {
  place.walk.path.push(field.name)
  const decoded = decodeValue(place, field.type, value)
  place.walk.path.pop()
  return decoded
}

function isDropped(field: Field, value: unknown): boolean {
  if (field.always || field.explicit) return false
  if (field.type.form === 'object' || field.type.form === 'any') return false
  return value === '' || value === 0 || value === false || isEmpty(value)
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0
}

/** What stands for an absent field that is always written. */
function zeroOf(walk: Walk, field: Field): unknown {
  if (!field.always || field.explicit) return undefined
  switch (field.type.form) {
    case 'string':
    case 'bytes':
      return ''
    case 'int32':
    case 'int64':
    case 'intOrString':
      return 0
    case 'bool':
      return false
    case 'quantity':
      return '0'
    case 'list':
      return []
    case 'object':
      return decodeFields(walk, field.type, {})
    default:
      return undefined
  }
}

function decodeValue(place: Place, type: Type, value: unknown): unknown {
  switch (type.form) {
    case 'object':
      return decodeFields(place.walk, type, record(type, value, place))
    case 'list':
      return decodeList(place, type.item, type, value)
    case 'map':
      return decodeMap(place, type.value, type, value)
    default:
      return decodeScalar(place, type, value)
  }
}

function decodeList(place: Place, item: Type, type: Type, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw mismatch(place, type, value)
  return value.map((element: unknown, index) => {
    place.walk.path.push(`[${index}]`)
    const decoded = element === null ? zeroItem(place, item) : decodeValue(place, item, element)
    place.walk.path.pop()
    return decoded
  })
}

function decodeMap(place: Place, item: Type, type: Type, value: unknown): object {
  if (!isRecord(value)) throw mismatch(place, type, value)
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => {
        place.walk.path.push(key)
        const element = value[key]
        const decoded = element === null ? zeroItem(place, item) : decodeValue(place, item, element)
        place.walk.path.pop()
        return [key, decoded]
      }),
  )
}

/** A null among others is the zero value, as in Go. */
function zeroItem(place: Place, type: Type): unknown {
  if (type.form === 'object') return decodeFields(place.walk, type, {})
  if (type.form === 'list') return []
  if (type.form === 'map') return {}
  if (type.form === 'int32' || type.form === 'int64' || type.form === 'intOrString') return 0
  if (type.form === 'bool') return false
  if (type.form === 'quantity') return '0'
  return type.form === 'any' ? null : ''
}

function decodeScalar(place: Place, type: ScalarType, value: unknown): unknown {
  switch (type.form) {
    case 'string':
      if (typeof value === 'string') return value
      break
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'int32':
      if (Number.isInteger(value) && value === ((value as number) | 0)) return value === 0 ? 0 : value
      break
    case 'int64':
      if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
      break
    case 'intOrString':
      if (typeof value === 'string') return value
      if (Number.isInteger(value) && value === ((value as number) | 0)) return value === 0 ? 0 : value
      break
    case 'bytes':
      if (typeof value === 'string') return base64(value)
      break
    case 'quantity':
      return decodeQuantity(place, type, value)
    case 'time':
      if (typeof value === 'string') return decodeTime(value, type.micro === true)
      break
    case 'any':
      return plain(value, 0)
  }
  throw mismatch(place, type, value)
}

function decodeQuantity(place: Place, type: ScalarType, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw mismatch(place, type, value)
  const canonical = value === '' ? '0' : canonicalQuantity(String(value))
  if (canonical === null) throw new DecodeError(QUANTITY_ERROR)
  return canonical
}

function decodeTime(text: string, micro: boolean): string | undefined {
  if (text === '') return undefined
  const ms = parseTime(text)
  if (ms === null) {
    throw new DecodeError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse`)
  }
  if (!micro) return formatTime(ms)
  const digits = /\.(\d{1,6})/.exec(text)?.[1] ?? ''
  return formatTime(ms).replace('Z', `.${digits.padEnd(6, '0')}Z`)
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function base64(text: string): string {
  const compact = text.replaceAll(/[\r\n]/g, '')
  if (BASE64.test(compact)) return compact
  const wrong = compact.search(/[^A-Za-z0-9+/]/)
  throw new DecodeError(`illegal base64 data at input byte ${wrong === -1 ? compact.length : wrong}`)
}

/** A value of no declared type: finite, not too deep, members in order. */
function plain(value: unknown, depth: number): unknown {
  if (depth > depthMax) throw new DecodeError(`exceeded max depth of ${depthMax}`)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new DecodeError('a number is too large')
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, plain(value[key], depth + 1)]),
  )
}

function record(type: ObjectType, value: unknown, place: Place | null): { readonly [key: string]: unknown } {
  if (isRecord(value)) return value
  if (place !== null) throw mismatch(place, type as Type, value)
  throw new DecodeError(`json: cannot unmarshal ${said(value)} into Go value of type ${goType(type as Type)}`)
}

/** In Go's words: the innermost struct, the path from the root without indexes, the type. */
function mismatch(place: Place, type: Type, value: unknown): DecodeError {
  const path = place.walk.path.filter((part) => !part.startsWith('[')).join('.')
  const number = type.form === 'int32' || type.form === 'int64' || type.form === 'intOrString'
  const shown = number && typeof value === 'number' ? `number ${value}` : said(value)
  return new DecodeError(
    `json: cannot unmarshal ${shown} into Go struct field ${place.struct}.${path} of type ${goType(type)}`,
  )
}

function said(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goType(type: Type): string {
  switch (type.form) {
    case 'object':
      return `v1.${type.name}`
    case 'list':
      return `[]${goType(type.item)}`
    case 'map':
      return `map[string]${goType(type.value)}`
    case 'bytes':
      return '[]uint8'
    case 'quantity':
      return 'resource.Quantity'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'time':
      return type.micro ? 'v1.MicroTime' : 'v1.Time'
    case 'any':
      return 'runtime.RawExtension'
    default:
      return type.form
  }
}

/** `spec.containers[0].bogus`. */
function pathTo(walk: Walk, last: string): string {
  return [...walk.path, last].reduce(
    (path, part) => (path === '' || part.startsWith('[') ? path + part : `${path}.${part}`),
    '',
  )
}
