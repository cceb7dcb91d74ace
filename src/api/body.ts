import type { HttpRequest } from '../host/host.ts'
import { decodeObject } from '../objects/decode.ts'
import { parseJson } from '../objects/json.ts'
import type { Kind } from '../objects/kind.ts'
import { decodeProtobuf } from '../objects/protobuf.ts'
import type { Json, KubeObject } from '../objects/types.ts'
import { parseYaml } from '../objects/yaml.ts'
import { mediaType } from './negotiate.ts'
import type { WriteOptions } from './query.ts'
import { badRequest, tooLarge, unsupportedMediaType } from './status.ts'

export const bodyBytesMax = 3 * 1024 * 1024

/** A body as it was sent. */
export interface Body {
  readonly value: Json
  /** Field paths that stood twice. */
  readonly duplicates: readonly string[]
}

const protobuf = 'application/vnd.kubernetes.protobuf'
const accepted = ['application/json', 'application/yaml', protobuf]

/** The bytes of a body that must be there and must fit. */
export function bodyBytes(request: HttpRequest): Uint8Array {
  if (request.body === null) throw tooLarge(bodyBytesMax)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw unsupportedMediaType(`content-encoding ${JSON.stringify(encoding)} is not taken`)
  return request.body
}

/** JSON, YAML or Kubernetes' protobuf, by the content type; JSON when none is given. */
export function parseBody(request: HttpRequest, expected: string): Body {
  const bytes = bodyBytes(request)
  const { type } = mediaType(request.headers['content-type'] ?? 'application/json')
  switch (type) {
    case '':
    case 'application/json':
      return parsed(parseJson(bytes), expected)
    case 'application/yaml':
    case 'application/x-yaml':
    case 'text/yaml':
      return parsed(parseYaml(bytes), expected)
    case protobuf: {
      const decoded = decodeProtobuf(bytes)
      if (decoded.error !== null) throw unrecognized(expected, decoded.error)
      return { value: withType(decoded.value, decoded.apiVersion, decoded.kind), duplicates: [] }
    }
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
      )
  }
}

function parsed(result: ReturnType<typeof parseJson>, expected: string): Body {
  if (result.error !== null) throw unrecognized(expected, result.error)
  return result
}

function unrecognized(expected: string, why: string): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${expected}): ${why}`)
}

/** The envelope names the type; the message inside does not repeat it. */
function withType(value: Json, apiVersion: string, kind: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { apiVersion, kind, ...value } : value
}

export interface DecodedBody {
  readonly object: KubeObject
  /** For the client to print; empty with Strict, which refuses instead. */
  readonly warnings: readonly string[]
}

/** What was sent, as an object of this kind. */
export function decodeBody(kind: Kind, body: Body, options: WriteOptions): DecodedBody {
  checkType(kind, body.value)
  const decoded = decodeObject(kind, body.value)
  const cannot = `${kind.name} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.name}`
  if (decoded.error !== null) throw badRequest(`${cannot}: ${decoded.error}`)
  const problems = [
    ...decoded.unknown.map((field) => `unknown field ${JSON.stringify(field)}`),
    ...body.duplicates.map((field) => `duplicate field ${JSON.stringify(field)}`),
  ]
  if (problems.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(`${cannot}: strict decoding error: ${problems.join(', ')}`)
  }
  return { object: decoded.object, warnings: options.fieldValidation === 'Warn' ? problems : [] }
}

/** What says nothing of its type is taken for what the path says. */
function checkType(kind: Kind, value: Json): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const { apiVersion, kind: name } = value as { readonly apiVersion?: Json; readonly kind?: Json }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${kind.apiVersion})`,
    )
  }
  if (name !== undefined && name !== '' && name !== kind.name) {
    throw badRequest(`the kind in the data (${String(name)}) does not match the expected kind (${kind.name})`)
  }
}
