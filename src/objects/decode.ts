import type { Kind } from './kind.ts'
import type { Json, KubeObject } from './types.ts'
/**
 * `unknown`: paths of fields that the kind does not have (dropped from the object): for Strict `unknown field "spec.bogus"`.
 * `error`: the first wrong type in Go's words (`json: cannot unmarshal string into Go struct field Pod.spec.priority of type int32`) or a broken limit.
 */
export type Decoded =
  | { readonly object: KubeObject; readonly unknown: readonly string[]; readonly error: null }
  | { readonly object: null; readonly unknown: readonly string[]; readonly error: string }
/** A parsed value to an object of this kind, in normal form: nulls and empty optional fields dropped, quantities canonical. The value's own apiVersion and kind are not looked at. */
export declare function decodeObject(kind: Kind, value: Json): Decoded
