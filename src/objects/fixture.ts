import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { errorMessage } from './field.ts'
import type { Kind } from './kind.ts'
import { prepareCreate } from './prepare.ts'
import { validateCreate } from './validate.ts'
import type { Json, JsonObject, KubeObject } from './value.ts'

/** For tests: objects as they come into the world, and what is wrong with them. */

export const NOT_YET = 'not supported yet by this version'

export function born(kind: Kind, value: Json): KubeObject {
  const decoded = decodeObject(kind, value)
  const object = must(decoded.object, decoded.error ?? 'it decoded')
  const birth = { nowMs: 0, uid: 'u1', namespace: kind.namespaced ? 'default' : '', nameSuffix: 'bcdfg' }
  return prepareCreate(kind, applyDefaults(kind, object), birth)
}

export function faults(kind: Kind, value: Json): string[] {
  return validateCreate(kind, born(kind, value)).map(errorMessage)
}

export const container = { name: 'c', image: 'nginx:1' }
export const podWith = (spec: JsonObject): Json => ({
  metadata: { name: 'web' },
  spec: { containers: [container], ...spec },
})
export const podOf = (more: JsonObject): Json => podWith({ containers: [{ ...container, ...more }] })

export const named = (metadata: JsonObject): Json => ({ metadata })

export const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
export const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
export const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
export const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
