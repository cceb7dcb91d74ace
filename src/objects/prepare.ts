import { sameJson } from '../lib/equal.ts'
import { formatTime } from '../lib/rfc3339.ts'
import { applyDefaults } from './defaults.ts'
import type { Kind } from './kind.ts'
import { ObjectMeta } from './meta.ts'
import { inOrder } from './order.ts'
import type { KubeObject } from './value.ts'

/** What a create is given by its writer, who may draw and look at the clock. */
export interface Birth {
  readonly nowMs: number
  readonly uid: string
  /** Of the request's path; empty for cluster-scoped kinds. */
  readonly namespace: string
  /** Five characters of `bcdfghjklmnpqrstvwxz2456789`, appended to generateName. */
  readonly nameSuffix: string
}

type Meta = KubeObject['metadata']

/** Names longer than this leave no room for their suffix, and are cut. */
const generatedPrefixMax = 58

/**
 * A decoded object as it is born: name and namespace, uid, creationTimestamp, generation; nothing of what only the
 * server says; what new objects of its kind have (`Kind.begin`). Defaults may be applied before or after.
 */
export function prepareCreate(kind: Kind, object: KubeObject, birth: Birth): KubeObject {
  const meta = object.metadata
  const generated = meta.generateName ? `${meta.generateName.slice(0, generatedPrefixMax)}${birth.nameSuffix}` : ''
  const given = meta.namespace === undefined && kind.namespaced && birth.namespace !== ''
  const metadata: Meta = inOrder(ObjectMeta, {
    ...meta,
    name: meta.name || generated,
    namespace: given ? birth.namespace : meta.namespace,
    selfLink: undefined,
    uid: birth.uid,
    resourceVersion: undefined,
    generation: hasSpec(kind) ? 1 : undefined,
    creationTimestamp: formatTime(birth.nowMs),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
  })
  return kind.begin({ ...object, metadata })
}

/**
 * `next` as it would follow `previous`: with its defaults; what an update through the main path cannot change is as
 * before (uid, times, status …); the generation is raised when anything but metadata and status differs.
 */
export function prepareUpdate(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject {
  const status = hasStatus(kind) ? statusOf(previous) : statusOf(next)
  const complete = withStatus(kind, applyDefaults(kind, kind.inherit(next, previous)), status)
  const grown = hasSpec(kind) && !sameJson(desired(complete), desired(previous))
  const generation = grown ? (previous.metadata.generation ?? 0) + 1 : previous.metadata.generation
  return { ...complete, metadata: carriedOver(complete.metadata, previous.metadata, generation) }
}

/** A write through `/status`: everything but the status, labels, annotations and finalizers is as before. */
export function prepareStatusUpdate(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject {
  const status = hasStatus(kind) ? statusOf(next) : statusOf(previous)
  const { metadata } = next
  return {
    ...withStatus(kind, previous, status),
    metadata: inOrder(ObjectMeta, {
      ...previous.metadata,
      labels: metadata.labels,
      annotations: metadata.annotations,
      name: metadata.name || previous.metadata.name,
    }),
  }
}

function carriedOver(next: Meta, previous: Meta, generation: number | undefined): Meta {
  return inOrder(ObjectMeta, {
    ...next,
    namespace: next.namespace ?? previous.namespace,
    uid: next.uid ?? previous.uid,
    selfLink: undefined,
    resourceVersion: previous.resourceVersion,
    generation,
    creationTimestamp: previous.creationTimestamp,
    deletionTimestamp: previous.deletionTimestamp,
    deletionGracePeriodSeconds: previous.deletionGracePeriodSeconds,
  })
}

function hasSpec(kind: Kind): boolean {
  return kind.type.fields.has('spec')
}

function hasStatus(kind: Kind): boolean {
  return kind.subresources.some((subresource) => subresource.name === 'status')
}

function desired(object: KubeObject): object {
  const {
    metadata: _metadata,
    status: _status,
    kind: _kind,
    apiVersion: _version,
    ...rest
  } = object as KubeObject & {
    readonly status?: unknown
  }
  return rest
}

function statusOf(object: KubeObject): unknown {
  return (object as { readonly status?: unknown }).status
}

function withStatus(kind: Kind, object: KubeObject, status: unknown): KubeObject {
  return inOrder(kind.type, { ...object, status })
}
