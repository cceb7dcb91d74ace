import type { Kind } from './kind.ts'
import type { KubeObject } from './types.ts'
/** What a create is given by its writer, who may draw and look at the clock. */
export interface Birth {
  readonly nowMs: number
  readonly uid: string
  /** Of the request's path; `''` for cluster-scoped kinds. */
  readonly namespace: string
  /** Five characters of `bcdfghjklmnpqrstvwxz2456789`, appended to generateName. */
  readonly nameSuffix: string
}
/**
 * On a decoded object, before applyDefaults: name from generateName, namespace, uid, creationTimestamp, generation 1; status reset to what a new object has;
 * what clients may not set is dropped.
 */
export declare function prepareCreate(kind: Kind, object: KubeObject, birth: Birth): KubeObject
/** Carries over what an update through the main path may not change (uid, creationTimestamp, deletionTimestamp, status …); raises generation when the spec changed. */
export declare function prepareUpdate(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject
/** A write through `/status`: everything but the status (and, for nodes, nothing of metadata but labels and annotations) stays. */
export declare function prepareStatusUpdate(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject
