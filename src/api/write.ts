import type { HttpResponse } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { applyDefaults } from '../objects/defaults.ts'
import { errorCause, type FieldError } from '../objects/field.ts'
import type { Kind } from '../objects/kind.ts'
import { findKindByName } from '../objects/kinds.ts'
import { prepareCreate } from '../objects/prepare.ts'
import { reservationWrites } from '../objects/reserve.ts'
import { keyOf, writeAs } from '../objects/stored.ts'
import type { KubeObject } from '../objects/types.ts'
import { validateCreate } from '../objects/validate.ts'
import type { Outcome, Refusal } from '../store/types.ts'
import { decodeBody, parseBody } from './body.ts'
import type { Call } from './call.ts'
import { drawSuffix, drawUid } from './draw.ts'
import { type WriteOptions, writeOptions } from './query.ts'
import { jsonResponse, renderObject, warningHeaders } from './render.ts'
import { allocate, drawsMax, lostRace } from './reservations.ts'
import {
  alreadyExists,
  badRequest,
  forbidden,
  invalid,
  namespaceTerminating,
  notFound,
  type Subject,
} from './status.ts'
import { catchUp, commit, type World } from './world.ts'

/** How often a generated name may meet one that is there. */
const namesDrawnMax = 8

export async function create(world: World, call: Call): Promise<HttpResponse> {
  const { kind, namespace, form } = call
  const options = writeOptions(call.query, 'CreateOptions')
  const { object, warnings } = decodeBody(kind, parseBody(call.request, kind.name), options)
  checkNamespace(object, namespace)
  await admitToNamespace(world, kind, object.metadata.name ?? '', namespace, call.signal)
  const version = await createObject(world, kind, object, namespace, options, call.signal)
  const body = renderObject(world, { kind, form, includeObject: 'Metadata' }, version)
  return jsonResponse(201, body, warningHeaders(warnings))
}

/** The namespace that the object itself names must be that of the path. */
export function checkNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata?.namespace ?? ''
  if (own !== '' && own !== namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${own} and ${namespace})`,
    )
  }
}

/** Nothing is created in a namespace that is not there, or is going away. */
async function admitToNamespace(
  world: World,
  kind: Kind,
  name: string,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  if (!kind.namespaced) return
  const namespaces = must(findKindByName('v1', 'Namespace'), 'namespaces are served')
  const key = keyOf(namespaces, '', namespace)
  if (world.view.get(key) === undefined) {
    // It may have been created at another node a moment ago.
    await catchUp(world, signal)
  }
  const version = world.view.get(key)
  if (version === undefined) throw notFound(namespaces, namespace)
  const { metadata } = world.objects.read(namespaces, version)
  if (metadata.deletionTimestamp !== undefined) throw namespaceTerminating(kind, name, namespace)
}

async function createObject(
  world: World,
  kind: Kind,
  object: KubeObject,
  namespace: string,
  options: WriteOptions,
  signal: AbortSignal,
): Promise<{ key: string; value: Uint8Array; revision: number; createRevision: number }> {
  const uid = drawUid(world.entropy)
  let fresh = false
  for (let attempt = 1; ; attempt++) {
    const nameSuffix = drawSuffix(world.entropy)
    const birth = { nowMs: world.clock.nowMs(), uid, namespace, nameSuffix }
    const named = applyDefaults(kind, prepareCreate(kind, object, birth))
    refuseInvalid(kind, named, validateCreate(kind, named))
    const { object: born, errors } = allocate(world, kind, named, [])
    if (errors.length > 0) {
      // What stands in the way may be gone since, at another node.
      if (fresh) throw invalid(kind, born.metadata.name, errors.map(errorCause))
      await catchUp(world, signal)
      fresh = true
      continue
    }
    const key = keyOf(kind, namespace, born.metadata.name)
    const value = writeAs(kind, born)
    if (options.dryRun) {
      if (world.view.get(key) !== undefined) throw alreadyExists(kind, born.metadata.name)
      return { key, value, revision: 0, createRevision: 0 }
    }
    const write = { type: 'put', key, expect: { type: 'absent' }, value } as const
    const writes = [write, ...reservationWrites(kind, world.view, born, null)]
    const outcome = await commit(world, { writes }, signal)
    if (outcome.type === 'done') {
      const revision = must(outcome.revisions[0], 'each write has a revision')
      return { key, value, revision, createRevision: revision }
    }
    if (lostRace(outcome.refusals) && attempt < drawsMax) continue
    const generated = (object.metadata.name ?? '') === ''
    if (generated && attempt < namesDrawnMax && isConflict(outcome.refusals)) continue
    throw isConflict(outcome.refusals)
      ? alreadyExists(kind, born.metadata.name)
      : claimRefused(kind, born.metadata.name, outcome)
  }
}

export function refuseInvalid(kind: Kind, object: KubeObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, object.metadata.name ?? '', errors.map(errorCause))
}

export function isConflict(refusals: readonly Refusal[]): boolean {
  return refusals.some((refusal) => refusal.type === 'conflict')
}

/** What the record would take is not there: with figures. */
export function claimRefused(subject: Subject, name: string, outcome: Outcome & { readonly type: 'refused' }): Error {
  const figures = outcome.refusals.map((refusal) =>
    refusal.type === 'claim'
      ? `${refusal.limit}: asked ${refusal.asked}, used ${refusal.used}, limited to ${refusal.capacity}`
      : `${refusal.key} has changed`,
  )
  return forbidden(subject, name, `exceeds what is there: ${figures.join('; ')}`)
}
