import type { Kind } from '../objects/kind.ts'
import type { KubeObject } from '../objects/types.ts'

export type OwnerReference = NonNullable<KubeObject['metadata']['ownerReferences']>[number]

/** The owner that controls an object; there is at most one. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const { uid } = owner.metadata
  return uid !== undefined && controllerOf(object)?.uid === uid
}

/** As the controlled object names its controller. */
export function controllerReference(kind: Kind, { metadata }: KubeObject): OwnerReference {
  return {
    apiVersion: kind.apiVersion,
    kind: kind.name,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** The object, controlled by this owner from now on. */
export function adopted<T extends KubeObject>(object: T, reference: OwnerReference): T {
  const others = object.metadata.ownerReferences ?? []
  return { ...object, metadata: { ...object.metadata, ownerReferences: [...others, reference] } }
}

/** The object without these owners. */
export function released<T extends KubeObject>(object: T, uids: ReadonlySet<string>): T {
  const { ownerReferences, ...metadata } = object.metadata
  const left = (ownerReferences ?? []).filter(({ uid }) => !uids.has(uid))
  return { ...object, metadata: left.length === 0 ? metadata : { ...metadata, ownerReferences: left } }
}
