import { formatTime, parseTime } from '../lib/rfc3339.ts'
import type { Kind } from './kind.ts'
import { ObjectMeta } from './meta.ts'
import { inOrder } from './order.ts'
import type { KubeObject, Namespace, Pod } from './types.ts'

/**
 * How objects end. Most go at once; one with finalizers waits until they are gone; a pod that runs somewhere is given
 * time to stop, and its node ends it; a namespace waits until it is empty, and its controller ends it.
 */
export type Deletion =
  /** The record goes now. */
  | { readonly type: 'gone' }
  /** It stays for a while and says so. */
  | { readonly type: 'marked'; readonly object: KubeObject }
  /** It was marked before, and nothing changes. */
  | { readonly type: 'pending' }

/** `graceSeconds`: as the client asked; null: as the object says. */
export function beginDeletion(kind: Kind, object: KubeObject, graceSeconds: number | null, nowMs: number): Deletion {
  // Kubernetes reads a negative grace as the shortest.
  const asked = graceSeconds !== null && graceSeconds < 0 ? 1 : graceSeconds
  const grace = graceOf(kind, object, asked)
  if (object.metadata.deletionTimestamp !== undefined) return shorten(kind, object, asked === null ? null : grace)
  if (grace === 0 && unheld(kind, object)) return { type: 'gone' }
  return { type: 'marked', object: marked(kind, object, grace, nowMs + grace * 1000) }
}

/** What happens to what an object owns: it stays, it goes first, it goes afterwards. */
export type Propagation = 'Orphan' | 'Foreground' | 'Background'

const foreground = 'foregroundDeletion'
const orphan = 'orphan'

/**
 * The object with the finalizers that the wish asks for, which keep it until the garbage collector has done what they
 * say; null: as the object says. The same object when nothing changes.
 */
export function withPropagation(object: KubeObject, propagation: Propagation | null): KubeObject {
  if (propagation === null) return object
  const before = object.metadata.finalizers ?? []
  const others = before.filter((finalizer) => finalizer !== foreground && finalizer !== orphan)
  const added = propagation === 'Background' ? [] : [propagation === 'Orphan' ? orphan : foreground]
  const [wanted] = added
  if (before.length === others.length + added.length && (wanted === undefined || before.includes(wanted))) return object
  const finalizers = [...others, ...added]
  const { finalizers: _before, ...rest } = object.metadata
  const metadata = inOrder(ObjectMeta, finalizers.length === 0 ? rest : { ...rest, finalizers })
  return { ...object, metadata }
}

/** Why nobody may delete this object; null for all but a few. */
export function deletionForbidden(kind: Kind, name: string): string | null {
  return kind.resource === 'namespaces' && immortal.has(name) ? 'this namespace may not be deleted' : null
}

/** Where the cluster keeps what it cannot be without. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-node-lease', 'kube-public', 'kube-system'])

/** After an update: what was marked, waits for no grace and is held by nothing any more, goes. */
export function deletionFinished(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && unheld(kind, object)
}

function shorten(kind: Kind, object: KubeObject, grace: number | null): Deletion {
  const { deletionGracePeriodSeconds: before = 0, deletionTimestamp = '' } = object.metadata
  if (grace === 0 && unheld(kind, object)) return { type: 'gone' }
  if (grace === null || grace >= before) return { type: 'pending' }
  const endMs = (parseTime(deletionTimestamp) ?? 0) - (before - grace) * 1000
  return { type: 'marked', object: marked(kind, object, grace, endMs) }
}

/** Only what has begun to run somewhere needs time: a pod that waits for a node, or has ended, needs none. */
function graceOf(kind: Kind, object: KubeObject, asked: number | null): number {
  if (kind.resource !== 'pods') return 0
  const { spec, status } = object as Pod
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if ((spec.nodeName ?? '') === '' || ended) return 0
  return asked ?? spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
}

const defaultGraceSeconds = 30

/** Nobody has asked to be waited for. */
function unheld(kind: Kind, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false
  return kind.resource !== 'namespaces' || ((object as Namespace).spec?.finalizers ?? []).length === 0
}

function marked(kind: Kind, object: KubeObject, grace: number, endMs: number): KubeObject {
  const { generation } = object.metadata
  const metadata = {
    ...object.metadata,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
    deletionTimestamp: formatTime(endMs),
    deletionGracePeriodSeconds: grace,
  }
  if (kind.resource !== 'namespaces') return { ...object, metadata }
  const namespace: Namespace = {
    ...object,
    metadata,
    status: { ...(object as Namespace).status, phase: 'Terminating' },
  }
  return namespace
}
