import type { ObjectMeta } from './meta.ts'
import type { ValueOf } from './schema.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json | undefined }

/** Any object of any kind. `metadata.name` is there once the object is admitted, `resourceVersion` once it is read. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ValueOf<typeof ObjectMeta> & { readonly name: string }
}

/** Whether a value is a JSON object: neither null nor a list. */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member by a name that a user chose: never one that the prototype lends. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
