import { applyDefaults } from '../objects/defaults.ts'
import type { Kind } from '../objects/kind.ts'
import { prepareCreate } from '../objects/prepare.ts'
import type { KubeObject } from '../objects/types.ts'
import { uidFrom } from './names.ts'

/**
 * A new object as if somebody had created it through the API: with its defaults, uid and time. The uid follows from
 * `seed`, which tells this object from every other that ever was.
 */
export function born<T extends KubeObject>(kind: Kind, object: T, seed: string, nowMs: number): T {
  const { namespace = '' } = object.metadata
  const birth = { nowMs, uid: uidFrom(kind.resource, seed), namespace, nameSuffix: '' }
  return applyDefaults(kind, prepareCreate(kind, object, birth)) as T
}
