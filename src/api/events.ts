import type { Kind } from '../objects/kind.ts'
import { readStored, serve } from '../objects/stored.ts'
import type { JsonObject, KubeObject } from '../objects/types.ts'
import type { Version } from '../store/types.ts'
import { joined, partial, type Rendering, renderTable, resourceVersionOf, utf8 } from './render.ts'
import { expired } from './status.ts'
import type { World } from './world.ts'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/**
 * A change as a watcher reads it. The lines of whole objects are made once and shared by all watchers: a hundred of
 * them cost one serialisation.
 */
export function eventLine(
  world: World,
  rendering: Rendering,
  type: EventType,
  version: Version,
  columns: boolean,
): Uint8Array {
  if (rendering.form === 'object') return sharedLine(rendering, type, version)
  // A deletion shows old bytes at a new revision; the cache knows them at their own.
  const read = type === 'DELETED' ? readStored<KubeObject> : world.objects.read
  const object = read(rendering.kind, version)
  if (rendering.form === 'partial') return jsonLine(type, partial(object))
  return jsonLine(type, renderTable(world, rendering, [object], resourceVersionOf(version.revision), columns))
}

interface SharedLine {
  readonly kind: Kind
  readonly type: EventType
  readonly revision: number
  readonly line: Uint8Array
}

/** Per stored value the last line made of it. Lives no longer than the value itself. */
const lines = new WeakMap<Uint8Array, SharedLine>()

function sharedLine(rendering: Rendering, type: EventType, version: Version): Uint8Array {
  const known = lines.get(version.value)
  if (
    known !== undefined &&
    known.kind === rendering.kind &&
    known.type === type &&
    known.revision === version.revision
  )
    return known.line
  const line = joined([heads[type], serve(rendering.kind, version), lineEnd])
  lines.set(version.value, { kind: rendering.kind, type, revision: version.revision, line })
  return line
}

const heads: Readonly<Record<EventType, Uint8Array>> = {
  ADDED: utf8('{"type":"ADDED","object":'),
  MODIFIED: utf8('{"type":"MODIFIED","object":'),
  DELETED: utf8('{"type":"DELETED","object":'),
}
const lineEnd = utf8('}\n')

/** Says how far the watcher has got, so that it need not begin anew when it comes back. */
export function bookmarkLine(rendering: Rendering, revision: number, annotations?: JsonObject): Uint8Array {
  const metadata = { ...resourceVersionOf(revision), creationTimestamp: null, ...(annotations && { annotations }) }
  const { kind, form } = rendering
  switch (form) {
    case 'object':
      return jsonLine('BOOKMARK', { kind: kind.name, apiVersion: kind.apiVersion, metadata })
    case 'partial':
      return jsonLine('BOOKMARK', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata })
    case 'table':
      return jsonLine('BOOKMARK', {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        columnDefinitions: [],
        rows: [],
      })
  }
}

/** The history no longer reaches back to what the watcher knows: it must list anew. */
export const goneLine = jsonLine('ERROR', expired('too old resource version: list again, and watch from there').status)

function jsonLine(type: string, object: unknown): Uint8Array {
  return utf8(`${JSON.stringify({ type, object })}\n`)
}
