import { formatTime } from '../lib/rfc3339.ts'
import { depthMax, parseJson } from './json.ts'
import { findKindByName } from './kinds.ts'
import { DeleteOptions } from './meta.ts'
import type { Field, MapType, ObjectType, ScalarType, Type } from './schema.ts'
import type { Json } from './value.ts'
import { newWireReader, ProtobufError, varintsOf, type WireValue } from './wire.ts'

/**
 * Request bodies in Kubernetes' protobuf: an envelope that names the type, and the message, whose fields are found by
 * the numbers in the tables of `kinds/`. (proto2 as gogo writes it: scalars always written, pointers only when set.)
 */

export type ProtobufBody =
  | { readonly apiVersion: string; readonly kind: string; readonly value: Json; readonly error: null }
  | { readonly value: null; readonly error: string }

const MAGIC = [0x6b, 0x38, 0x73, 0x00]

/** Served kinds and DeleteOptions. The value goes on to `decodeObject`, as JSON would. */
export function decodeProtobuf(body: Uint8Array): ProtobufBody {
  if (!MAGIC.every((byte, i) => body[i] === byte)) {
    return { value: null, error: 'provided data does not appear to be a protobuf message, expected prefix 6b387300' }
  }
  try {
    return decodeEnvelope(body.subarray(MAGIC.length))
  } catch (cause) {
    if (cause instanceof ProtobufError) return { value: null, error: `proto: ${cause.message}` }
    throw cause
  }
}

function decodeEnvelope(bytes: Uint8Array): ProtobufBody {
  const unknown = fieldsOf(bytes)
  const type = fieldsOf(bytesOf(unknown.get(1)))
  const [apiVersion, kind] = [textOf(type.get(1)), textOf(type.get(2))]
  if (textOf(unknown.get(3)) !== '') throw new ProtobufError('an encoded content is not supported')
  const schema = kind === 'DeleteOptions' ? DeleteOptions : findKindByName(apiVersion, kind)?.type
  if (schema === undefined) {
    return {
      value: null,
      error: `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    }
  }
  const value = Object.fromEntries(decodeMessage(schema, bytesOf(unknown.get(2)), 0)) as Json
  return { apiVersion, kind, value, error: null }
}

function decodeMessage(type: ObjectType, bytes: Uint8Array, depth: number): [string, unknown][] {
  if (depth > depthMax) throw new ProtobufError(`exceeded max depth of ${depthMax}`)
  const fields = fieldsOf(bytes)
  return type.rows.flatMap((field): [string, unknown][] => {
    const values = fields.get(field.number)
    if (values === undefined) return []
    if (field.inline && field.type.form === 'object') return decodeMessage(field.type, bytesOf(values), depth + 1)
    return [[field.name, decodeField(field, values, depth)]]
  })
}

function decodeField(field: Field, values: readonly WireValue[], depth: number): unknown {
  const { type } = field
  if (type.form === 'map') return decodeMap(type, values, depth)
  if (type.form !== 'list') return decodeValue(type, last(values), depth)
  const { item } = type
  const packed = item.form === 'int32' || item.form === 'int64' || item.form === 'bool'
  return values.flatMap((value) =>
    packed && value instanceof Uint8Array
      ? varintsOf(value).map((one) => decodeValue(item, one, depth))
      : [decodeValue(item, value, depth)],
  )
}

function decodeMap(type: MapType, entries: readonly WireValue[], depth: number): object {
  return Object.fromEntries(
    entries.map((entry) => {
      const fields = fieldsOf(bytesOf([entry]))
      const value = fields.get(2)
      return [textOf(fields.get(1)), value === undefined ? null : decodeValue(type.value, last(value), depth)]
    }),
  )
}

function decodeValue(type: Type, value: WireValue, depth: number): unknown {
  switch (type.form) {
    case 'object':
      return Object.fromEntries(decodeMessage(type, bytesOf([value]), depth + 1))
    case 'list':
    case 'map':
      throw new ProtobufError('a list of lists')
    default:
      return decodeScalar(type, value)
  }
}

function decodeScalar(type: ScalarType, value: WireValue): unknown {
  switch (type.form) {
    case 'string':
      return textOf([value])
    case 'bytes':
      return base64(bytesOf([value]))
    case 'int32':
    case 'int64':
      return numberOf([value])
    case 'bool':
      return numberOf([value]) !== 0
    case 'quantity':
      return textOf(fieldsOf(bytesOf([value])).get(1))
    case 'intOrString': {
      const fields = fieldsOf(bytesOf([value]))
      return numberOf(fields.get(1)) === 0 ? numberOf(fields.get(2)) : textOf(fields.get(3))
    }
    case 'time':
      return timeOf(fieldsOf(bytesOf([value])), type.micro === true)
    case 'any': {
      const parsed = parseJson(bytesOf(fieldsOf(bytesOf([value])).get(1)))
      if (parsed.error !== null) throw new ProtobufError(parsed.error)
      return parsed.value
    }
  }
}

/** The zero time of Go, year 1, and that of protobuf both mean that there is none. */
const GO_ZERO_SECONDS = -62_135_596_800

function timeOf(fields: Fields, micro: boolean): string | null {
  const [seconds, nanos] = [numberOf(fields.get(1)), numberOf(fields.get(2))]
  if ((seconds === 0 && nanos === 0) || seconds === GO_ZERO_SECONDS) return null
  if (Math.abs(seconds) > -GO_ZERO_SECONDS * 4) throw new ProtobufError('a time is out of range')
  const text = formatTime(seconds * 1000)
  return micro ? text.replace('Z', `.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`) : text
}

type Fields = ReadonlyMap<number, readonly WireValue[]>

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, WireValue[]>()
  const reader = newWireReader(bytes)
  for (let field = reader.next(); field !== null; field = reader.next()) {
    const values = fields.get(field.number)
    if (values === undefined) fields.set(field.number, [field.value])
    else values.push(field.value)
  }
  return fields
}

/** Of a field that stands more than once, the last counts. */
function last(values: readonly WireValue[]): WireValue {
  const value = values.at(-1)
  if (value === undefined) throw new ProtobufError('a value is missing')
  return value
}

const NOTHING = new Uint8Array(0)

function bytesOf(values: readonly WireValue[] | undefined): Uint8Array {
  const value = values?.at(-1) ?? NOTHING
  if (!(value instanceof Uint8Array)) throw new ProtobufError('wrong wireType')
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(values: readonly WireValue[] | undefined): string {
  try {
    return utf8.decode(bytesOf(values))
  } catch (cause) {
    if (cause instanceof TypeError) throw new ProtobufError('invalid UTF-8')
    throw cause
  }
}

/** Integers beyond what a double holds are refused. */
function numberOf(values: readonly WireValue[] | undefined): number {
  const value = values?.at(-1) ?? 0
  if (typeof value !== 'number') throw new ProtobufError('wrong wireType')
  return value
}

const chunkBytes = 0x8000

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + chunkBytes))
  }
  return btoa(text)
}
