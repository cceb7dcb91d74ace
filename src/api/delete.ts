import type { HttpResponse } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import {
  beginDeletion,
  type Deletion,
  deletionFinished,
  deletionForbidden,
  type Propagation,
  withPropagation,
} from '../objects/deletion.ts'
import type { Kind } from '../objects/kind.ts'
import { reservationWrites } from '../objects/reserve.ts'
import { keyOf, prefixOf, readStored, writeAs } from '../objects/stored.ts'
import type { Json, KubeObject } from '../objects/types.ts'
import type { Key, Version } from '../store/types.ts'
import { parseBody } from './body.ts'
import type { Call } from './call.ts'
import { dryRun, readOptions } from './query.ts'
import { jsonResponse, renderObject, statusResponse } from './render.ts'
import { selectBy } from './select.ts'
import { ApiError, badRequest, conflict, forbidden, invalidOptions, modifiedText, notFound, success } from './status.ts'
import { uidText } from './update.ts'
import { catchUp, commit, type World } from './world.ts'
import { claimRefused, isConflict } from './write.ts'

export async function remove(world: World, call: Call): Promise<HttpResponse> {
  const { kind, namespace, name, form } = call
  const options = deleteOptions(call)
  const ended = await end(world, kind, keyOf(kind, namespace, name), name, options, call.signal)
  if (ended.type === 'gone') {
    const { uid } = ended.object.metadata
    const group = kind.group === '' ? {} : { group: kind.group }
    return statusResponse(success({ name, ...group, kind: kind.plural, ...(uid === undefined ? {} : { uid }) }))
  }
  return jsonResponse(200, renderObject(world, { kind, form, includeObject: 'Metadata' }, ended.version))
}

/** Each object by itself: what one refuses does not keep the others. */
export async function removeCollection(world: World, call: Call): Promise<HttpResponse> {
  const { kind, namespace } = call
  const options = deleteOptions(call)
  const select = selectBy(world, kind, readOptions(call.query))
  await catchUp(world, call.signal)
  for (const version of world.view.list(prefixOf(kind, namespace === '' ? undefined : namespace))) {
    if (select !== null && !select(version)) continue
    const { name, uid } = world.objects.read(kind, version).metadata
    try {
      // The uid binds it to what was listed, not to what may have taken its name since.
      await end(world, kind, version.key, name, { ...options, uid: uid ?? '' }, call.signal)
    } catch (error) {
      // Gone, or gone and made anew, since it was listed: either way what was listed is no more.
      if (!(error instanceof ApiError) || (error.status.code !== 404 && error.status.code !== 409)) throw error
    }
  }
  const group = kind.group === '' ? {} : { group: kind.group }
  return statusResponse(success({ ...group, kind: kind.plural }))
}

interface DeleteOptions {
  /** Null: as the object says. */
  readonly graceSeconds: number | null
  /** Empty: whichever. */
  readonly uid: string
  readonly resourceVersion: string
  /** Null: as the object says. */
  readonly propagation: Propagation | null
  readonly dryRun: boolean
}

type Ended =
  | { readonly type: 'gone'; readonly object: KubeObject }
  | { readonly type: 'ending'; readonly version: Version }

const attemptsMax = 16

async function end(
  world: World,
  kind: Kind,
  key: Key,
  name: string,
  options: DeleteOptions,
  signal: AbortSignal,
): Promise<Ended> {
  const why = deletionForbidden(kind, name)
  if (why !== null) throw forbidden(kind, name, why)
  let fresh = false
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const version = world.view.get(key)
    const refusal = version === undefined ? notFound(kind, name) : refuse(kind, name, version, options)
    if (version !== undefined && refusal === null) {
      const ended = await tryEnd(world, kind, name, version, options, signal)
      if (ended !== null) return ended
    } else if (fresh) {
      throw must(refusal, 'what is not tried was refused')
    }
    await catchUp(world, signal)
    fresh = true
  }
  throw conflict(kind, name, modifiedText)
}

function refuse(kind: Kind, name: string, version: Version, options: DeleteOptions): Error | null {
  const { uid = '' } = readStored<KubeObject>(kind, version).metadata
  if (options.uid !== '' && options.uid !== uid) return conflict(kind, name, uidText(options.uid, uid))
  const { resourceVersion: asked } = options
  if (asked === '' || asked === String(version.revision)) return null
  const actual = `ResourceVersion in object meta: ${version.revision}`
  return conflict(kind, name, `Precondition failed: ResourceVersion in precondition: ${asked}, ${actual}`)
}

/** Null when another write came between. */
async function tryEnd(
  world: World,
  kind: Kind,
  name: string,
  version: Version,
  options: DeleteOptions,
  signal: AbortSignal,
): Promise<Ended | null> {
  const stored = readStored<KubeObject>(kind, version)
  const object = withPropagation(stored, options.propagation)
  const deletion = deletionOf(kind, object, stored, options.graceSeconds, world.clock.nowMs())
  if (deletion.type === 'pending') return { type: 'ending', version }
  const expect = { type: 'revision', revision: version.revision } as const
  const { key } = version
  if (deletion.type === 'gone') {
    if (options.dryRun) return { type: 'gone', object }
    const writes = [{ type: 'delete', key, expect } as const, ...reservationWrites(kind, world.view, null, stored)]
    const outcome = await commit(world, { writes }, signal)
    if (outcome.type === 'done') return { type: 'gone', object }
    if (isConflict(outcome.refusals)) return null
    throw claimRefused(kind, name, outcome)
  }
  const value = writeAs(kind, deletion.object)
  if (options.dryRun) return { type: 'ending', version: { ...version, value } }
  const outcome = await commit(world, { writes: [{ type: 'put', key, expect, value }] }, signal)
  if (outcome.type === 'done') {
    const revision = must(outcome.revisions[0], 'one write has one revision')
    return { type: 'ending', version: { ...version, value, revision } }
  }
  if (isConflict(outcome.refusals)) return null
  throw claimRefused(kind, name, outcome)
}

/** Whoever asks again may ask otherwise: then what kept the object may keep it no longer. */
function deletionOf(
  kind: Kind,
  object: KubeObject,
  stored: KubeObject,
  graceSeconds: number | null,
  nowMs: number,
): Deletion {
  const deletion = beginDeletion(kind, object, graceSeconds, nowMs)
  if (deletion.type !== 'pending' || object === stored) return deletion
  return deletionFinished(kind, object) ? { type: 'gone' } : { type: 'marked', object }
}

/** From the body, or from the query where the body says nothing. */
function deleteOptions(call: Call): DeleteOptions {
  const { query, request } = call
  const empty = request.body !== null && request.body.byteLength === 0
  const body = empty ? {} : members(parseBody(request, 'DeleteOptions').value, 'DeleteOptions')
  const preconditions = members(body.preconditions ?? {}, 'preconditions')
  const dryRuns = body.dryRun ?? query.getAll('dryRun')
  if (!Array.isArray(dryRuns)) throw wrongType('dryRun', 'list of strings')
  return {
    graceSeconds: graceOf(body.gracePeriodSeconds ?? query.get('gracePeriodSeconds')),
    uid: textOf(preconditions.uid, 'preconditions.uid'),
    resourceVersion: textOf(preconditions.resourceVersion, 'preconditions.resourceVersion'),
    propagation: propagationOf(
      textOf(body.propagationPolicy ?? query.get('propagationPolicy'), 'propagationPolicy'),
      body.orphanDependents ?? null,
    ),
    dryRun: dryRun(dryRuns.map(String), 'DeleteOptions'),
  }
}

const propagations = ['Orphan', 'Foreground', 'Background'] as const

/** By its name, or by the older one, which knows two of them. */
function propagationOf(policy: string, orphans: Json): Propagation | null {
  if (policy === '') return orphans === null ? null : orphans === true ? 'Orphan' : 'Background'
  const field = 'propagationPolicy'
  if (orphans !== null) {
    const message = `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`
    throw invalidOptions('DeleteOptions', [{ reason: 'FieldValueInvalid', message, field }])
  }
  const found = propagations.find((one) => one === policy)
  if (found !== undefined) return found
  const supported = propagations.map((one) => JSON.stringify(one)).join(', ')
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`
  throw invalidOptions('DeleteOptions', [{ reason: 'FieldValueNotSupported', message, field }])
}

type Members = { readonly [name: string]: Json | undefined }

function members(value: Json, field: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw wrongType(field, 'object')
}

function graceOf(value: Json): number | null {
  if (value === null || value === '') return null
  const seconds = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds)) return seconds
  throw wrongType('gracePeriodSeconds', 'whole number')
}

function textOf(value: Json | undefined, field: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw wrongType(field, 'string')
}

function wrongType(field: string, wanted: string): Error {
  return badRequest(`DeleteOptions: ${field} must be a ${wanted}`)
}
