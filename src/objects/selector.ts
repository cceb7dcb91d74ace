import type { Kind } from './kind.ts'
import type { KubeObject } from './types.ts'
export type Result<T> = { readonly value: T; readonly error: null } | { readonly value: null; readonly error: string }
export type LabelSelector = readonly Requirement[]
export interface Requirement {
  readonly key: string
  readonly operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'
  readonly values: readonly string[]
}
/** `a=b,c!=d,e in (x,y),f notin (x),g,!h`; `''` selects all. */
export declare function parseLabelSelector(text: string): Result<LabelSelector>
export declare function matchesLabels(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
): boolean
export type FieldSelector = readonly { readonly path: string; readonly equal: boolean; readonly value: string }[]
/** `status.phase!=Running,spec.nodeName=n1`; refuses fields that the kind cannot be selected by, with `field label not supported: x`. */
export declare function parseFieldSelector(kind: Kind, text: string): Result<FieldSelector>
export declare function matchesFields(kind: Kind, selector: FieldSelector, object: KubeObject): boolean
