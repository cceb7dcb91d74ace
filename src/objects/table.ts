import type { Kind, RowCondition } from './kind.ts'
import type { JsonObject, KubeObject } from './value.ts'

/** Tables: objects as `kubectl get` prints them, one row each (meta.k8s.io/v1 Table). */
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: 'meta.k8s.io/v1'
  readonly metadata: JsonObject
  readonly columnDefinitions: readonly ColumnDefinition[]
  readonly rows: readonly Row[]
}

export interface ColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** 1: only in `-o wide`. */
  readonly priority: number
}

export interface Row {
  readonly cells: readonly (string | number)[]
  readonly conditions?: readonly RowCondition[]
  readonly object?: unknown
}

export interface TableOptions {
  /** `?includeObject=`; Metadata when not given. */
  readonly includeObject?: 'None' | 'Metadata' | 'Object'
  /** The list's own metadata (resourceVersion, continue …). */
  readonly metadata?: JsonObject
  /** False for all but the first event of a watch. */
  readonly columns?: boolean
}

/** Objects as `readStored` gives them. All columns are there always; the client picks by their priority. */
export function tableFor(
  kind: Kind,
  objects: readonly KubeObject[],
  nowMs: number,
  { includeObject = 'Metadata', metadata = {}, columns = true }: TableOptions = {},
): Table {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns ? definitions(kind) : [],
    rows: objects.map((object) => {
      const conditions = kind.rowConditions(object)
      return {
        cells: kind.columns.map((column) => column.cell(object, nowMs)),
        ...(conditions.length > 0 && { conditions }),
        ...(includeObject !== 'None' && { object: includeObject === 'Object' ? object : partial(object) }),
      }
    }),
  }
}

function definitions(kind: Kind): ColumnDefinition[] {
  return kind.columns.map(({ name, type, format, doc, wide }) => ({
    name,
    type,
    format,
    description: doc,
    priority: wide ? 1 : 0,
  }))
}

function partial({ metadata }: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
}
