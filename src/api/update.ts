import type { HttpResponse } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { deletionFinished } from '../objects/deletion.ts'
import { errorCause } from '../objects/field.ts'
import { parseJson } from '../objects/json.ts'
import type { Kind } from '../objects/kind.ts'
import { prepareStatusUpdate, prepareUpdate } from '../objects/prepare.ts'
import { reservationWrites } from '../objects/reserve.ts'
import { keyOf, readStored, writeAs } from '../objects/stored.ts'
import type { KubeObject } from '../objects/types.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from '../objects/validate.ts'
import type { Version, Write } from '../store/types.ts'
import { type Body, bodyBytes, type DecodedBody, decodeBody, parseBody } from './body.ts'
import type { Call } from './call.ts'
import { type Lens, lensOf } from './lens.ts'
import { mediaType } from './negotiate.ts'
import { applyPatch, type PatchType } from './patch.ts'
import { type WriteOptions, writeOptions } from './query.ts'
import { jsonResponse, renderThrough, warningHeaders } from './render.ts'
import { allocate } from './reservations.ts'
import { badRequest, conflict, invalid, modifiedText, notFound, patchRefused, unsupportedMediaType } from './status.ts'
import { catchUp, commit, type World } from './world.ts'
import { checkNamespace, claimRefused, isConflict, refuseInvalid } from './write.ts'

/** Replaces an object. Without a resourceVersion in the body it replaces whatever is there. */
export async function update(world: World, call: Call): Promise<HttpResponse> {
  const options = writeOptions(call.query, 'UpdateOptions')
  const { kind } = lensOf(call.kind, call.subresource)
  const body = decodeBody(kind, parseBody(call.request, kind.name), options)
  return change(world, call, options, () => body)
}

/** Changes an object as it stands when the change is made; a patch may carry a resourceVersion to bind it. */
export async function patch(world: World, call: Call): Promise<HttpResponse> {
  const options = writeOptions(call.query, 'PatchOptions')
  const { kind } = lensOf(call.kind, call.subresource)
  const type = patchType(call)
  const parsed = parseJson(bodyBytes(call.request))
  if (parsed.error !== null) throw badRequest(`error decoding patch: ${parsed.error}`)
  return change(world, call, options, (current) => {
    const patched = applyPatch(type, kind, current, parsed.value)
    if (patched.error !== null) throw patchRefused(kind, call.name, patched.code, patched.error)
    const body: Body = { value: patched.value, duplicates: parsed.duplicates }
    return decodeBody(kind, body, options)
  })
}

const patchTypes: ReadonlyMap<string, PatchType> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
])

function patchType(call: Call): PatchType {
  const { type } = mediaType(call.request.headers['content-type'] ?? '')
  const known = patchTypes.get(type)
  if (known !== undefined) return known
  if (type.startsWith('application/apply-patch')) {
    throw unsupportedMediaType(
      'server-side apply is not served by this version: use `kubectl apply` without --server-side',
    )
  }
  const accepted = [...patchTypes.keys()].join(', ')
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  )
}

/** How often an unbound change is made anew because another came between. */
const attemptsMax = 16

/** What shall be shown of the object, from what is shown of it now. */
type Next = (current: KubeObject) => DecodedBody

async function change(world: World, call: Call, options: WriteOptions, next: Next): Promise<HttpResponse> {
  const { kind, namespace, name, subresource, form, signal } = call
  const lens = lensOf(kind, subresource)
  const key = keyOf(kind, namespace, name)
  // The local view may lag behind what the client has seen at another node: before refusing, it is brought up to date.
  let fresh = false
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const version = world.view.get(key)
    const step = version === undefined ? notFound(kind, name) : tryChange(world, call, version, lens, next)
    if (step instanceof Error) {
      if (fresh) throw step
    } else {
      const { value, warnings } = step
      const written = await writeStep(world, call, options, step)
      if (written !== null) {
        const shown = { key, value, revision: written, createRevision: step.version.createRevision }
        const body = renderThrough(world, lens, { kind, form, includeObject: 'Metadata' }, shown)
        return jsonResponse(200, body, warningHeaders(warnings))
      }
    }
    await catchUp(world, signal)
    fresh = true
  }
  throw conflict(kind, name, modifiedText)
}

interface Step {
  readonly version: Version
  readonly current: KubeObject
  readonly next: KubeObject
  readonly value: Uint8Array
  readonly warnings: readonly string[]
}

/** The next version, or why there is none as things stand. What is wrong however things stand is thrown. */
function tryChange(world: World, call: Call, version: Version, lens: Lens, compute: Next): Step | Error {
  const { kind, name, namespace, subresource } = call
  const current = readStored<KubeObject>(kind, version)
  const { object, warnings } = compute(lens.show(current))
  checkNamespace(object, namespace)
  const { name: own = name, uid = '', resourceVersion = '' } = object.metadata as Partial<KubeObject['metadata']>
  if (own !== '' && own !== name) {
    throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
  }
  if (uid !== '' && uid !== current.metadata.uid) {
    return conflict(kind, name, uidText(uid, current.metadata.uid ?? ''))
  }
  if (resourceVersion !== '' && resourceVersion !== '0' && resourceVersion !== String(version.revision)) {
    return conflict(kind, name, modifiedText)
  }
  const named = { ...object, metadata: { ...object.metadata, name } }
  if (lens.kind !== kind) {
    const shown = { ...named, metadata: current.metadata }
    refuseInvalid(lens.kind, shown, validateCreate(lens.kind, shown))
  }
  const wanted = admitted(kind, subresource, lens.change(current, named), current)
  const { object: next, errors } = allocate(world, kind, wanted, kind.reserves(current))
  if (errors.length > 0) return invalid(kind, name, errors.map(errorCause))
  return { version, current, next, value: writeAs(kind, next), warnings }
}

export function uidText(asked: string, actual: string): string {
  return `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${actual}`
}

function admitted(kind: Kind, subresource: string, object: KubeObject, current: KubeObject): KubeObject {
  if (subresource === 'status') {
    const next = prepareStatusUpdate(kind, object, current)
    refuseInvalid(kind, next, validateStatusUpdate(kind, next, current))
    return next
  }
  const next = prepareUpdate(kind, object, current)
  refuseInvalid(kind, next, validateUpdate(kind, next, current))
  return next
}

/** The revision of the record as it then stands; null when another write came between. */
async function writeStep(world: World, call: Call, options: WriteOptions, step: Step): Promise<number | null> {
  const { version, current, next, value } = step
  const { key, revision } = version
  // What changes nothing is not written: no new resourceVersion, no event.
  if (options.dryRun || equal(value, version.value)) return revision
  const expect = { type: 'revision', revision } as const
  const ends = deletionFinished(call.kind, next)
  const write: Write = ends ? { type: 'delete', key, expect } : { type: 'put', key, expect, value }
  const reservations = reservationWrites(call.kind, world.view, ends ? null : next, current)
  const outcome = await commit(world, { writes: [write, ...reservations] }, call.signal)
  if (outcome.type === 'done') return must(outcome.revisions[0], 'each write has a revision')
  if (isConflict(outcome.refusals)) return null
  throw claimRefused(call.kind, call.name, outcome)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}
