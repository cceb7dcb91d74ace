import type { Cluster, Touch } from './cluster.ts'
import type { Plan } from './plan.ts'

/**
 * One controller: which of its objects a change concerns, and what is to be done about one of them. It is told where to
 * look, never what happened; what it decides depends on the cluster as it is and on the time.
 */
export interface Controller {
  readonly name: string
  /** After a look that wrote, the next one at the same key waits so long: what happens meanwhile is written together. */
  readonly paceMs?: number
  /** The keys to look at after a change. A key is a word of the controller's own, mostly `namespace/name`. */
  touched(touch: Touch, cluster: Cluster): readonly string[]
  /** All its keys, to look at when a term begins. */
  keys(cluster: Cluster): readonly string[]
  /** `nowMs`: wall clock. */
  reconcile(key: string, cluster: Cluster, nowMs: number): Plan
}

/** For controllers that look at everything at once. */
export const wholeKey = ''

/** `namespace/name`. */
export function nameKey({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name: string }
}): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
