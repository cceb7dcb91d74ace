import type { Kind } from '../objects/kind.ts'
import type { Json, KubeObject } from '../objects/types.ts'
/** `code`: 400 malformed, 413 too large, 422 does not fit the object (a failed `test`, a missing path). */
export type Patched =
  | { readonly value: Json; readonly error: null }
  | { readonly value: null; readonly error: string; readonly code: 400 | 413 | 422 }
export type PatchType = 'json' | 'merge' | 'strategic'
/** The patched value, which then goes through decodeObject again. Pure. */
export declare function applyPatch(type: PatchType, kind: Kind, object: KubeObject, patch: Json): Patched
