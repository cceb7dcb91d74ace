import type { Kind } from './kind.ts'
import type { KubeObject } from './types.ts'
/** What of a store's version is needed here. */
export interface StoredVersion {
  readonly value: Uint8Array
  readonly revision: number
}
/** `core/pods/default/web`. */
export declare function keyOf(kind: Kind, namespace: string, name: string): string
/** `core/pods/default/`, or `core/pods/` for all namespaces. */
export declare function prefixOf(kind: Kind, namespace?: string): string
/** Bytes for the store: `{"metadata":{…`, without kind, apiVersion and resourceVersion. */
export declare function writeStored(object: KubeObject): Uint8Array
/** The object with kind, apiVersion and resourceVersion. */
export declare function readStored<T extends KubeObject>(kind: Kind, version: StoredVersion): T
/** The object's JSON text with kind, apiVersion and resourceVersion, spliced without parsing. */
export declare function serve(kind: Kind, version: StoredVersion): Uint8Array
/** As serve, without kind and apiVersion: an item of a list. */
export declare function serveItem(version: StoredVersion): Uint8Array
