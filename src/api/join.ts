import { secretMatches } from '../auth/tokens.ts'
import type { HttpRequest, HttpResponse } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { parseTime } from '../lib/rfc3339.ts'
import type { JoinAnswer, JoinRequest } from '../objects/clusterstatus.ts'
import { applyDefaults } from '../objects/defaults.ts'
import { parseJson } from '../objects/json.ts'
import type { Kind } from '../objects/kind.ts'
import { findKindByName } from '../objects/kinds.ts'
import { type Member, memberNode, memberOf } from '../objects/member.ts'
import { prepareCreate } from '../objects/prepare.ts'
import { keyOf, prefixOf, readStored, writeStored } from '../objects/stored.ts'
import type { JoinToken, Json, Node } from '../objects/types.ts'
import { validateCreate } from '../objects/validate.ts'
import type { Version, Write } from '../store/types.ts'
import { bodyBytes } from './body.ts'
import { drawUid } from './draw.ts'
import { newFailures } from './failures.ts'
import { jsonResponse, utf8 } from './render.ts'
import {
  badRequest,
  conflict,
  type FieldCause,
  forbidden,
  invalidOptions,
  methodNotAllowed,
  modifiedText,
  taken,
  tooLarge,
  tooManyRequests,
  unauthorized,
} from './status.ts'
import { catchUp, commit, type World } from './world.ts'
import { refuseInvalid } from './write.ts'

/**
 * `POST /skein/v1/join`: a node that shows the secret of a join token becomes a member. Its Node object and the use of
 * the token are one transaction; a node whose answer was lost may ask again.
 */
export type Join = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>

const limits = {
  failuresPerWindowMax: 10,
  failureWindowMs: 60_000,
  failureAddressesMax: 1_024,
  attemptsMax: 8,
  /** Anybody may send one, so it costs next to nothing to read. */
  requestBytesMax: 16 * 1024,
  textCharsMax: 256,
  addressesMax: 16,
  /** How long after it joined a node that lost the answer may ask for it again, without the token counting a use. */
  repeatWindowMs: 10 * 60_000,
}

export function newJoin(world: World): Join {
  const failures = newFailures({
    perWindowMax: limits.failuresPerWindowMax,
    windowMs: limits.failureWindowMs,
    addressesMax: limits.failureAddressesMax,
  })
  return async (request, signal) => {
    if (request.method !== 'POST') throw methodNotAllowed()
    const from = request.remoteAddress
    const waitMs = failures.waitMs(from, world.clock.monotonicMs())
    if (waitMs > 0) {
      throw tooManyRequests('too many wrong tokens from this address; wait a minute', Math.ceil(waitMs / 1000))
    }
    const asked = readRequest(bodyOf(request))
    await catchUp(world, signal)
    for (let attempt = 1; attempt <= limits.attemptsMax; attempt++) {
      const token = findToken(world, asked)
      if (token === null) {
        failures.failed(from, world.clock.monotonicMs())
        world.log.warn('a node was refused: unknown or expired token', { name: asked.name, from })
        throw unauthorized(
          'the join token is wrong, expired or removed: print a new one with `skein token` at a member of the cluster',
        )
      }
      const outcome = await commit(world, { writes: writesFor(world, asked, token) }, signal)
      if (outcome.type === 'done') {
        world.log.info('a node joined', { name: asked.name, identity: asked.identity, from })
        return jsonResponse(200, utf8(`${JSON.stringify(answerFor(world, asked))}\n`))
      }
      await catchUp(world, signal)
    }
    throw conflict(tokenKind(), asked.tokenId, modifiedText)
  }
}

function tokenKind(): Kind {
  return must(findKindByName('skein.dev/v1', 'JoinToken'), 'join tokens are served')
}

function nodeKind(): Kind {
  return must(findKindByName('v1', 'Node'), 'nodes are served')
}

interface Found {
  readonly version: Version
  readonly token: JoinToken
}

/** The token, if it is there, fits and has not expired: a stranger does not learn which of these it is. */
function findToken(world: World, asked: JoinRequest): Found | null {
  const version = world.view.get(keyOf(tokenKind(), '', asked.tokenId))
  if (version === undefined) return null
  const token = readStored<JoinToken>(tokenKind(), version)
  if (!secretMatches(asked.secret, token.spec.secretHash)) return null
  const { expiresAt } = token.spec
  if (expiresAt !== undefined && (parseTime(expiresAt) ?? 0) <= world.clock.nowMs()) return null
  return { version, token }
}

function writesFor(world: World, asked: JoinRequest, { version, token }: Found): Write[] {
  const { scope, usesLeft } = token.spec
  if (scope !== 'full') {
    throw forbidden(tokenKind(), asked.tokenId, 'its scope is "worker", which this version does not serve yet')
  }
  const known = memberNamed(world, asked)
  const repeated = known !== null && isRecent(world, known.node)
  if (!repeated && usesLeft !== undefined && usesLeft <= 0) {
    throw forbidden(
      tokenKind(),
      asked.tokenId,
      'it has been used as often as it may be: print a new one with `skein token`',
    )
  }
  const spent =
    repeated || usesLeft === undefined ? token : { ...token, spec: { ...token.spec, usesLeft: usesLeft - 1 } }
  // The token is written even where nothing of it changes: two who join by it at once are then decided one by one.
  const expect = { type: 'revision', revision: version.revision } as const
  const tokenWrite: Write = { type: 'put', key: version.key, expect, value: writeStored(spent) }
  return [tokenWrite, nodeWrite(world, asked, known)]
}

interface Known {
  readonly version: Version
  readonly node: Node
}

/** The node that has this name and this identity already; refuses when only one of the two fits. */
function memberNamed(world: World, asked: JoinRequest): Known | null {
  for (const version of world.view.list(prefixOf(nodeKind()))) {
    const node = readStored<Node>(nodeKind(), version)
    const identity = memberOf(node)?.identity
    const sameName = node.metadata.name === asked.name
    if (sameName && identity === asked.identity) return { version, node }
    if (sameName) {
      throw taken(
        `the name "${asked.name}" is taken by another node: choose another with --name, ` +
          `or remove the old one with \`kubectl delete node ${asked.name}\``,
      )
    }
    if (identity === asked.identity) {
      const name = node.metadata.name
      throw taken(
        `this node is a member already, by the name "${name}": start it with --name ${name}, ` +
          `or remove it with \`kubectl delete node ${name}\``,
      )
    }
  }
  return null
}

function isRecent(world: World, node: Node): boolean {
  const joinedMs = parseTime(node.metadata.creationTimestamp ?? '') ?? 0
  return world.clock.nowMs() - joinedMs < limits.repeatWindowMs
}

function nodeWrite(world: World, asked: JoinRequest, known: Known | null): Write {
  const kind = nodeKind()
  const { name, identity, addresses: gossipAddresses, apiAddress } = asked
  const wanted = memberNode({ name, identity, gossipAddresses, apiAddress }, {})
  if (known !== null) {
    // Its addresses may have changed since.
    const annotations = { ...known.node.metadata.annotations, ...wanted.metadata.annotations }
    const node = { ...known.node, metadata: { ...known.node.metadata, annotations } }
    const expect = { type: 'revision', revision: known.version.revision } as const
    return { type: 'put', key: known.version.key, expect, value: writeStored(node) }
  }
  const birth = { nowMs: world.clock.nowMs(), uid: drawUid(world.entropy), namespace: '', nameSuffix: '' }
  const node = applyDefaults(kind, prepareCreate(kind, wanted, birth))
  refuseInvalid(kind, node, validateCreate(kind, node))
  return { type: 'put', key: keyOf(kind, '', name), expect: { type: 'absent' }, value: writeStored(node) }
}

function answerFor(world: World, asked: JoinRequest): JoinAnswer {
  const members = world.view
    .list(prefixOf(nodeKind()))
    .map((version) => memberOf(readStored<Node>(nodeKind(), version)))
    .filter((member): member is Member => member !== null && member.identity !== asked.identity)
  return {
    clusterId: world.config.clusterId,
    caCertificate: world.ca.certificatePem,
    caKey: world.ca.keyPem,
    members: members.map(({ identity, name, gossipAddresses }) => {
      return { identity, name, addresses: gossipAddresses, asOf: world.view.revision }
    }),
  }
}

/** JSON and nothing else, whatever it is called: other forms are read more slowly than a stranger may ask for. */
function bodyOf(request: HttpRequest): Json {
  const bytes = bodyBytes(request)
  if (bytes.byteLength > limits.requestBytesMax) throw tooLarge(limits.requestBytesMax)
  const parsed = parseJson(bytes)
  if (parsed.error !== null) throw badRequest(`a join request is JSON: ${parsed.error}`)
  return parsed.value
}

function readRequest(value: Json): JoinRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('a join request is an object')
  const fields = value as { readonly [name: string]: Json | undefined }
  const causes: FieldCause[] = []
  const text = (field: string, shape: RegExp, wanted: string): string => {
    const given = fields[field]
    if (typeof given === 'string' && given.length <= limits.textCharsMax && shape.test(given)) return given
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: must be ${wanted}`, field })
    return ''
  }
  const asked: JoinRequest = {
    tokenId: text('tokenId', /^[a-z0-9]+$/, 'the id of a token'),
    secret: text('secret', /^[a-z0-9]+$/, 'the secret of a token'),
    name: text(
      'name',
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
      'a DNS label: at most 63 of a-z, 0-9 and -, not at its ends',
    ),
    identity: text('identity', /^[A-Za-z0-9]{16,128}$/, "a peer's id"),
    addresses: addressesOf(fields.addresses, causes),
    apiAddress: text('apiAddress', address, 'host:port'),
    version: text('version', /^[-+.0-9A-Za-z]+$/, 'a version'),
  }
  if (causes.length > 0) throw invalidOptions('JoinRequest', causes)
  return asked
}

const address = /^(\[[0-9A-Fa-f:.]+\]|[-.0-9A-Za-z]+):\d{1,5}$/

function addressesOf(value: Json | undefined, causes: FieldCause[]): readonly string[] {
  const list = Array.isArray(value) ? value : []
  const good = list.filter(
    (one): one is string => typeof one === 'string' && one.length <= limits.textCharsMax && address.test(one),
  )
  if (good.length === 0 || good.length !== list.length || good.length > limits.addressesMax) {
    const message = `Invalid value: must be 1 to ${limits.addressesMax} of host:port`
    causes.push({ reason: 'FieldValueInvalid', message, field: 'addresses' })
  }
  return good
}
