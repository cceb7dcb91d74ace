import type { Kind } from '../objects/kind.ts'
import type { Json, KubeObject } from '../objects/types.ts'
import { isRecord } from '../objects/value.ts'
import { jsonPatch } from './jsonpatch.ts'
import { type Patched, refused } from './patched.ts'
import { strategicMerge } from './strategic.ts'

/**
 * Patches: what a client sends in the place of a whole object. All forms are pure, take hostile input, and give a plain
 * value, which goes through decoding, defaults and validation like any other.
 */

export type PatchType = 'json' | 'merge' | 'strategic'

export function applyPatch(type: PatchType, kind: Kind, object: KubeObject, patch: Json): Patched {
  const document = object as unknown as Json
  if (type === 'json') return jsonPatch(document, patch)
  if (!isRecord(patch)) return refused(400, 'json: cannot unmarshal: the patch is not an object')
  return type === 'merge'
    ? { value: mergePatch(document, patch as Json), error: null }
    : strategicMerge(kind.type, document, patch as Json)
}

/** RFC 7386: members replace members, null removes, everything else is replaced as a whole. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isRecord(patch)) return patch
  const members = new Map<string, unknown>(isRecord(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key)
    else members.set(key, mergePatch((members.get(key) ?? null) as Json, value as Json))
  }
  return Object.fromEntries(members) as Json
}
