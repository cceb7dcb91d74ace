import type { Kind } from './kind.ts'
import type { Json, JsonObject, KubeObject } from './types.ts'
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: 'meta.k8s.io/v1'
  readonly metadata: JsonObject
  readonly columnDefinitions: readonly {
    readonly name: string
    readonly type: string
    readonly format: string
    readonly description: string
    readonly priority: number
  }[]
  readonly rows: readonly {
    readonly cells: readonly Json[]
    readonly object?: unknown
    readonly conditions?: readonly Json[]
  }[]
}
export interface TableOptions {
  /** `?includeObject=`; default Metadata. */
  readonly includeObject?: 'None' | 'Metadata' | 'Object'
  /** The list's own metadata (resourceVersion, continue …); for one object, its resourceVersion. */
  readonly metadata?: JsonObject
  /** False for all but the first event of a watch. */
  readonly columns?: boolean
}
/** Objects as read by `readStored`. Columns with priority 1 are those of `-o wide`; the client picks. */
export declare function tableFor(
  kind: Kind,
  objects: readonly KubeObject[],
  nowMs: number,
  options?: TableOptions,
): Table
