import type { Kind } from '../objects/kind.ts'
import { readStored } from '../objects/stored.ts'
import type { KubeObject } from '../objects/types.ts'
import type { Version } from '../store/types.ts'

/** Parsed versions, so that many watchers with selectors do not parse the same bytes many times. */
export interface ObjectCache {
  /** Shared: never write into it. */
  read(kind: Kind, version: Version): KubeObject
}

/** Holds between `entriesMax` and twice as many: when the young half is full, the old half is dropped. */
export function newObjectCache(entriesMax: number): ObjectCache {
  let young = new Map<Uint8Array, KubeObject>()
  let old = new Map<Uint8Array, KubeObject>()
  return {
    read(kind, version) {
      // What is shown by several names is kept as itself only.
      if (kind.storedAs !== null) return readStored(kind, version)
      const known = young.get(version.value)
      if (known !== undefined) return known
      const object = old.get(version.value) ?? readStored(kind, version)
      if (young.size >= entriesMax) {
        old = young
        young = new Map()
      }
      young.set(version.value, object)
      return object
    },
  }
}
