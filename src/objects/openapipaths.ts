import type { Kind } from './kind.ts'
import { scale } from './kinds/scale.ts'
import { gvk, schemaName } from './openapischemas.ts'
import type { JsonObject } from './value.ts'

/** The paths of one kind: which calls there are, what they take, and that they know `fieldValidation`. */
export function pathsOf(kind: Kind, schema: string): JsonObject {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const base = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`
  const item = `${base}/{name}`
  const call: Caller = (action, method, options) => operation(kind, schema, action, method, options)
  const scaleCall: Caller = (action, method, options) =>
    operation(scale, schemaName(scale.type, scale.group), action, method, options)
  const list = call('list', 'get', { query: LIST, returns: `${schema}List` })
  return {
    [base]: {
      parameters: pathParameters(kind, false),
      get: list,
      post: call('post', 'post', { query: CREATE, body: ['application/json', 'application/yaml', PROTOBUF] }),
      delete: call('deletecollection', 'delete', { query: [...LIST, 'dryRun', 'propagationPolicy'] }),
    },
    ...(kind.namespaced && { [`${root}/${kind.plural}`]: { get: list } }),
    [item]: { parameters: pathParameters(kind, true), ...itemCalls(call) },
    ...Object.fromEntries(
      kind.subresources.map(({ name, verbs, kind: shown }) => {
        const { get, put, patch } = itemCalls(shown === null ? call : scaleCall)
        const writes = verbs.includes('update') ? { put, patch } : {}
        return [`${item}/${name}`, { parameters: pathParameters(kind, true), get, ...writes }]
      }),
    ),
  }
}

type Caller = (action: string, method: string, options: CallOptions) => JsonObject

interface CallOptions {
  readonly query: readonly string[]
  readonly body?: readonly string[]
  readonly returns?: string
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const CREATE = ['dryRun', 'fieldManager', 'fieldValidation']
const LIST = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
]
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

function itemCalls(call: Caller) {
  return {
    get: call('get', 'get', { query: [] }),
    put: call('put', 'put', { query: CREATE, body: ['application/json', 'application/yaml', PROTOBUF] }),
    patch: call('patch', 'patch', { query: [...CREATE, 'force'], body: PATCHES }),
    delete: call('delete', 'delete', { query: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'] }),
  }
}

function operation(kind: Kind, schema: string, action: string, method: string, options: CallOptions): JsonObject {
  const { query, body, returns = schema } = options
  const content = (types: readonly string[], name: string): JsonObject =>
    Object.fromEntries(types.map((type) => [type, { schema: { $ref: `#/components/schemas/${name}` } }]))
  const patched = method === 'patch'
  const sent = patched
    ? Object.fromEntries(PATCHES.map((type) => [type, { schema: { type: 'object' } }]))
    : content(body ?? [], schema)
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind),
    parameters: query.map(queryParameter),
    ...(body !== undefined && { requestBody: { required: true, content: sent } }),
    responses: { 200: { description: 'OK', content: content(['application/json'], returns) } },
  }
}

const INTEGERS = ['limit', 'timeoutSeconds', 'gracePeriodSeconds']
const FLAGS = ['allowWatchBookmarks', 'sendInitialEvents', 'watch', 'force']

function queryParameter(name: string): JsonObject {
  const type = INTEGERS.includes(name) ? 'integer' : FLAGS.includes(name) ? 'boolean' : 'string'
  return { in: 'query', name, schema: { type, uniqueItems: true } }
}

function pathParameters(kind: Kind, named: boolean): readonly JsonObject[] {
  const names = [...(kind.namespaced ? ['namespace'] : []), ...(named ? ['name'] : [])]
  return names.map((name) => ({ in: 'path', name, required: true, schema: { type: 'string', uniqueItems: true } }))
}
