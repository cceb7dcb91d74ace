import type { HttpResponse } from '../host/host.ts'
import type { Kind } from '../objects/kind.ts'
import { readStored, serve, serveItem } from '../objects/stored.ts'
import { tableFor } from '../objects/table.ts'
import type { JsonObject, KubeObject } from '../objects/types.ts'
import type { Version } from '../store/types.ts'
import type { Lens } from './lens.ts'
import type { Form } from './negotiate.ts'
import type { ReadOptions } from './query.ts'
import type { ApiError, Status } from './status.ts'
import type { World } from './world.ts'

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const jsonHeaders = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }

export function jsonResponse(
  status: number,
  body: HttpResponse['body'],
  headers: HttpResponse['headers'] = {},
): HttpResponse {
  return { status, headers: { ...jsonHeaders, ...headers }, body }
}

export function textResponse(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: utf8(text) }
}

export function statusResponse(status: Status, headers: HttpResponse['headers'] = {}): HttpResponse {
  return jsonResponse(status.code, utf8(`${JSON.stringify(status)}\n`), headers)
}

export function errorResponse(error: ApiError): HttpResponse {
  const wait = error.retryAfterSeconds
  return statusResponse(error.status, wait === null ? {} : { 'retry-after': String(wait) })
}

const warningCharsMax = 1024

/** Printed by clients as `Warning: …`. */
export function warningHeaders(warnings: readonly string[]): HttpResponse['headers'] {
  if (warnings.length === 0) return {}
  const quoted = warnings.map((text) => `299 - ${JSON.stringify(printable(text).slice(0, warningCharsMax))}`)
  return { warning: quoted.slice(0, 16).join(', ') }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

/** How one reader wants its objects. */
export interface Rendering {
  readonly kind: Kind
  readonly form: Form
  readonly includeObject: ReadOptions['includeObject']
}

/** One object, in the form that was asked for. */
export function renderObject(world: World, rendering: Rendering, version: Version): Uint8Array {
  const { kind, form } = rendering
  if (form === 'object') return serve(kind, version)
  const object = world.objects.read(kind, version)
  if (form === 'partial') return utf8(JSON.stringify(partial(object)))
  return utf8(JSON.stringify(renderTable(world, rendering, [object], resourceVersionOf(version.revision), true)))
}

/** What a lens shows of one object. */
export function renderThrough(world: World, lens: Lens, rendering: Rendering, version: Version): Uint8Array {
  if (lens.kind === rendering.kind) return renderObject(world, rendering, version)
  const object = lens.show(readStored<KubeObject>(rendering.kind, version))
  if (rendering.form === 'object') return utf8(`${JSON.stringify(object)}\n`)
  if (rendering.form === 'partial') return utf8(JSON.stringify(partial(object)))
  const through = { ...rendering, kind: lens.kind }
  return utf8(JSON.stringify(renderTable(world, through, [object], resourceVersionOf(version.revision), true)))
}

export function renderTable(
  world: World,
  rendering: Rendering,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  columns: boolean,
): unknown {
  const { kind, includeObject } = rendering
  return tableFor(kind, objects, world.clock.nowMs(), { includeObject, metadata, columns })
}

export function partial(object: KubeObject): JsonObject {
  const metadata = object.metadata as unknown as JsonObject
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
}

export function resourceVersionOf(revision: number): JsonObject {
  return { resourceVersion: String(revision) }
}

const itemsPerSlice = 500

/** A list as text; a long one in slices, so that it is never whole in memory beside the records it is made of. */
export function renderList(
  world: World,
  rendering: Rendering,
  versions: readonly Version[],
  metadata: JsonObject,
): HttpResponse['body'] {
  const { kind, form } = rendering
  if (form === 'table') {
    const objects = versions.map((version) => world.objects.read(kind, version))
    return utf8(JSON.stringify(renderTable(world, rendering, objects, metadata, true)))
  }
  const [name, apiVersion] =
    form === 'partial' ? ['PartialObjectMetadataList', 'meta.k8s.io/v1'] : [`${kind.name}List`, kind.apiVersion]
  const head = `{"kind":"${name}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`
  const item = (version: Version): Uint8Array =>
    form === 'partial' ? utf8(JSON.stringify(partial(world.objects.read(kind, version)))) : serveItem(kind, version)
  if (versions.length > itemsPerSlice) return slices(head, versions, item)
  return joined([utf8(head), ...separated(versions, item), utf8(']}\n')])
}

async function* slices(
  head: string,
  versions: readonly Version[],
  item: (version: Version) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield utf8(head)
  for (let at = 0; at < versions.length; at += itemsPerSlice) {
    const slice = separated(versions.slice(at, at + itemsPerSlice), item)
    yield joined(at === 0 ? slice : [comma, ...slice])
  }
  yield utf8(']}\n')
}

const comma = utf8(',')

function separated(versions: readonly Version[], item: (version: Version) => Uint8Array): Uint8Array[] {
  return versions.flatMap((version, index) => (index === 0 ? [item(version)] : [comma, item(version)]))
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
