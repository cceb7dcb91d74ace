import type { ObjectType } from './schema.ts'

/** One served kind: everything that is known about it, from one declaration in `kinds/`. */
export interface Kind {
  /** `''` for the core group. */
  readonly group: string
  readonly version: string
  /** `v1`, `skein.dev/v1`. */
  readonly apiVersion: string
  /** `Pod`. */
  readonly name: string
  /** `pods`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  /** Served below the object's own path. Today only `status`: get, patch, update. */
  readonly subresources: readonly { readonly name: string; readonly verbs: readonly string[] }[]
  /** `pods`, `jointokens.skein.dev`: as messages name it. */
  readonly resource: string
  readonly type: ObjectType
}
