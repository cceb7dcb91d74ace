import type { HttpHandler, HttpRequest, HttpResponse } from '../host/host.ts'
import { sha256Hex } from '../lib/hash.ts'
import { findKind } from '../objects/kinds.ts'
import { openApiV2 } from '../objects/openapi.ts'
import { authorize, type Verb } from './access.ts'
import type { Call } from './call.ts'
import { remove, removeCollection } from './delete.ts'
import { discoveryGroup, discoveryGroupVersion, discoveryRoot, discoveryType } from './discovery.ts'
import { health } from './health.ts'
import type { Join } from './join.ts'
import { list } from './list.ts'
import { podLog } from './logs.ts'
import { negotiateDiscovery, negotiateForm } from './negotiate.ts'
import { openApiV3Document, openApiV3Index } from './openapi.ts'
import { splitTarget } from './query.ts'
import { get } from './read.ts'
import { errorResponse, jsonResponse, utf8 } from './render.ts'
import { parseRoute, type ResourceRoute, type Route } from './routes.ts'
import { ApiError, internalError, methodNotAllowed, notServed, tooManyRequests, unknownPath } from './status.ts'
import { patch, update } from './update.ts'
import { versionDocument } from './version.ts'
import { watch } from './watch.ts'
import type { World } from './world.ts'
import { create } from './write.ts'

const limits = { requestsMax: 2_000, watchesMax: 20_000, retryAfterSeconds: 1 }

/** Answers every request. What goes wrong is answered too: nothing that a client sends ends the daemon. */
export function newHandler(world: World, join: Join): HttpHandler {
  let requests = 0
  let watches = 0
  return async (request, signal) => {
    if (requests >= limits.requestsMax || watches >= limits.watchesMax) {
      return errorResponse(tooManyRequests('too many requests, please try again later', limits.retryAfterSeconds))
    }
    requests++
    try {
      const response = await answer(world, join, request, signal)
      if (response.body instanceof Uint8Array) return response
      return { ...response, body: counted(response.body, (by) => (watches += by)) }
    } catch (error) {
      if (error instanceof ApiError) return errorResponse(error)
      if (signal.aborted) throw error
      // A broken invariant in here lost a request and nothing else. Ending the daemon for it would let one poisonous
      // request, repeated by its client at node after node, end the cluster.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      world.log.error('request failed', { method: request.method, target: request.target, error: text })
      return errorResponse(internalError('see the log of the node that answered'))
    } finally {
      requests--
    }
  }
}

async function* counted(stream: AsyncIterable<Uint8Array>, count: (by: number) => void): AsyncGenerator<Uint8Array> {
  count(1)
  try {
    yield* stream
  } finally {
    count(-1)
  }
}

async function answer(world: World, join: Join, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const { path, query } = splitTarget(request.target)
  const route = parseRoute(path)
  if (route.type === 'resource') return answerResource(world, request, route, query, signal)
  if (route.type === 'join') return join(request, signal)
  if (!open.has(route.type)) {
    authorize(request.client, { type: 'path', verb: request.method.toLowerCase(), path })
  }
  if (route.type === 'unknown') throw unknownPath()
  if (request.method !== 'GET') throw methodNotAllowed()
  return answerDocument(world, request, route, query)
}

/** What anybody may ask. */
const open: ReadonlySet<Route['type']> = new Set<Route['type']>(['health', 'version'])

function answerDocument(
  world: World,
  request: HttpRequest,
  route: Exclude<Route, { readonly type: 'resource' | 'join' | 'unknown' }>,
  query: URLSearchParams,
): HttpResponse {
  switch (route.type) {
    case 'health':
      return health(route.check, world.leader())
    case 'version':
      return document(request, versionDocument(world.config.version))
    case 'cluster-status':
      return jsonResponse(200, utf8(`${JSON.stringify(world.clusterStatus())}\n`))
    case 'root':
      return document(request, { paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] })
    case 'discovery': {
      const version = negotiateDiscovery(request.headers.accept)
      return document(request, discoveryRoot(route.root, version), discoveryType(version))
    }
    case 'group':
      return document(request, discoveryGroup(route.group))
    case 'group-version':
      return document(request, discoveryGroupVersion(route.group, route.version))
    case 'openapi-v2':
      return {
        status: 200,
        headers: { 'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' },
        body: openApiV2,
      }
    case 'openapi-v3':
      return document(request, openApiV3Index())
    case 'openapi-v3-document': {
      const found = openApiV3Document(route.document)
      if (found === null) throw unknownPath()
      return tagged(request, found.bytes, found.hash, 'application/json', query.get('hash') === found.hash)
    }
  }
}

function document(request: HttpRequest, value: object | null, type = 'application/json'): HttpResponse {
  if (value === null) throw unknownPath()
  const bytes = utf8(`${JSON.stringify(value)}\n`)
  return tagged(request, bytes, sha256Hex(bytes), type, false)
}

/** With a tag, so that who has it already is told no more than that. */
function tagged(request: HttpRequest, bytes: Uint8Array, hash: string, type: string, immutable: boolean): HttpResponse {
  const etag = `"${hash.toUpperCase()}"`
  const kept = immutable ? 'public, max-age=31536000, immutable' : 'public'
  const headers = { 'content-type': type, etag, vary: 'Accept', 'cache-control': kept }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: new Uint8Array(0) }
  return { status: 200, headers, body: bytes }
}

async function answerResource(
  world: World,
  request: HttpRequest,
  route: ResourceRoute,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { namespace, name, subresource } = route
  const kind = findKind(route.group, route.version, route.resource)
  const served = subresource === '' ? kind : kind?.subresources.find((one) => one.name === subresource)
  const misplaced = kind?.namespaced === false && namespace !== ''
  if (kind === undefined || served === undefined || misplaced) {
    const { path } = splitTarget(request.target)
    authorize(request.client, { type: 'path', verb: request.method.toLowerCase(), path })
    throw misplaced ? unknownPath() : notServed(world.config.version, resourceText(route))
  }
  const verb = verbOf(request.method, name, query)
  if (verb === null) throw methodNotAllowed()
  authorize(request.client, { type: 'resource', verb, kind, namespace, name, subresource })
  // A single object of a namespaced kind has no path without its namespace.
  if (kind.namespaced && namespace === '' && name !== '') throw unknownPath()
  if (!served.verbs.includes(verb)) throw methodNotAllowed()
  if (kind.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch') throw methodNotAllowed()
  const call: Call = {
    request,
    kind,
    namespace,
    name,
    subresource,
    query,
    form: negotiateForm(request.headers.accept),
    signal,
  }
  if (subresource === 'log') return podLog(world, call)
  return verbs[verb](world, call)
}

/** `pods/log`, `deployments.apps`. */
function resourceText({ group, resource, subresource }: ResourceRoute): string {
  return `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
}

const verbs: Readonly<Record<Verb, (world: World, call: Call) => Promise<HttpResponse>>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb | null {
  const one = name !== ''
  switch (method) {
    case 'GET': {
      const watches = !['', 'false', '0'].includes(query.get('watch') ?? '')
      if (watches) return 'watch'
      return one ? 'get' : 'list'
    }
    case 'POST':
      return one ? null : 'create'
    case 'PUT':
      return one ? 'update' : null
    case 'PATCH':
      return one ? 'patch' : null
    case 'DELETE':
      return one ? 'delete' : 'deletecollection'
    default:
      return null
  }
}
