import { must } from '../lib/assert.ts'
import type { Kind } from '../objects/kind.ts'
import { findKindByName } from '../objects/kinds.ts'
import { keyOf, prefixOf, readStored, writeStored } from '../objects/stored.ts'
import type { KubeObject, Namespace, Node, Pod } from '../objects/types.ts'
import type { Amount, StoreView, Version, Write } from '../store/types.ts'

export const podKind = must(findKindByName('v1', 'Pod'), 'pods are served')
export const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')
export const namespaceKind = must(findKindByName('v1', 'Namespace'), 'namespaces are served')
export const configMapKind = must(findKindByName('v1', 'ConfigMap'), 'config maps are served')
export const serviceKind = must(findKindByName('v1', 'Service'), 'services are served')
export const endpointsKind = must(findKindByName('v1', 'Endpoints'), 'endpoints are served')
export const endpointSliceKind = must(findKindByName('discovery.k8s.io/v1', 'EndpointSlice'), 'slices are served')
export const serviceAccountKind = must(findKindByName('v1', 'ServiceAccount'), 'service accounts are served')
export const eventKind = must(findKindByName('v1', 'Event'), 'events are served')
export const deploymentKind = must(findKindByName('apps/v1', 'Deployment'), 'deployments are served')
export const replicaSetKind = must(findKindByName('apps/v1', 'ReplicaSet'), 'replica sets are served')

/** An object with the version that it was read from. */
export interface Stored<T extends KubeObject = KubeObject> {
  readonly object: T
  readonly version: Version
}

export function nodesOf(view: StoreView): readonly Stored<Node>[] {
  return listOf<Node>(nodeKind, view)
}

export function podsOf(view: StoreView): readonly Stored<Pod>[] {
  return listOf<Pod>(podKind, view)
}

export function namespacesOf(view: StoreView): readonly Stored<Namespace>[] {
  return listOf<Namespace>(namespaceKind, view)
}

export function listOf<T extends KubeObject>(kind: Kind, view: StoreView, namespace?: string): readonly Stored<T>[] {
  return view.list(prefixOf(kind, namespace)).map((version) => ({ object: parsed<T>(kind, version), version }))
}

export function getOf<T extends KubeObject>(
  kind: Kind,
  view: StoreView,
  namespace: string,
  name: string,
): Stored<T> | undefined {
  const version = view.get(keyOf(kind, namespace, name))
  return version === undefined ? undefined : { object: parsed<T>(kind, version), version }
}

/** Controllers look at everything again and again, and a version never changes: it is parsed once. */
const known = new WeakMap<Uint8Array, KubeObject>()

export function parsed<T extends KubeObject>(kind: Kind, version: Version): T {
  const before = known.get(version.value)
  if (before !== undefined) return before as T
  const object = readStored<T>(kind, version)
  known.set(version.value, object)
  return object
}

/** The next version of an object, if nobody else wrote it since. */
export function put<T extends KubeObject>(of: Stored<T>, next: T, claims?: readonly Amount[]): Write {
  const { key, revision } = of.version
  const write = { type: 'put', key, expect: { type: 'revision', revision }, value: writeStored(next) } as const
  return claims === undefined ? write : { ...write, claims }
}

/** The first version of an object, if there is none by that name. */
export function putNew(kind: Kind, object: KubeObject): Write {
  const key = keyOf(kind, kind.namespaced ? (object.metadata.namespace ?? '') : '', object.metadata.name)
  return { type: 'put', key, expect: { type: 'absent' }, value: writeStored(object) }
}

export function remove({ version: { key, revision } }: { readonly version: Version }): Write {
  return { type: 'delete', key, expect: { type: 'revision', revision } }
}

/** Whether it is on its way out. */
export function isEnding({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}
