import { newSortedMap, type SortedMap } from '../lib/sorted.ts'
import type { Kind } from '../objects/kind.ts'
import { kinds } from '../objects/kinds.ts'
import { zoneLabel } from '../objects/member.ts'
import { prefixOf } from '../objects/stored.ts'
import type { KubeObject, Pod } from '../objects/types.ts'
import { keepsAway } from '../placement/crowd.ts'
import type { Change, Key, StoreView } from '../store/types.ts'
import { getOf, listOf, nodeKind, parsed, podKind, type Stored } from './objects.ts'
import { isUnplaced } from './pods.ts'

/**
 * What controllers see: the replicated view, and in it by index what belongs together, so that a look at one object costs
 * as much as what belongs to it and not as much as the cluster. The indexes hold keys alone; they follow the view's own
 * changes and say nothing that the view does not.
 */
export interface Cluster {
  readonly view: StoreView
  get<T extends KubeObject>(kind: Kind, namespace: string, name: string): Stored<T> | undefined
  /** By its key; undefined also for records that are no objects. */
  find(key: Key): Found | undefined
  /** All of a kind, or of a kind in one namespace, in the order of their keys. */
  list<T extends KubeObject>(kind: Kind, namespace?: string): readonly Stored<T>[]
  /** What names this uid among its owners, of every kind. */
  dependents(uid: string): readonly Found[]
  /** The same, of one kind. */
  dependentsOf<T extends KubeObject>(kind: Kind, uid: string): readonly Stored<T>[]
  /** Pods bound to this node. */
  podsOn(node: string): readonly Stored<Pod>[]
  /** Names of nodes that pods are bound to, whether they are there or not. */
  nodesOfPods(): readonly string[]
  /** Pods that wait for a node, or for their place on it. */
  unplacedPods(): readonly Stored<Pod>[]
  /** Pods with required anti-affinity: they keep others away from where they are. */
  guardedPods(): readonly Stored<Pod>[]
  /** Pods of a namespace that bear all these labels. */
  podsLabelled(namespace: string, labels: Readonly<Record<string, string>>): readonly Stored<Pod>[]
  /** The zone that a node is in; undefined: none is known. */
  zoneOf(node: string): string | undefined
  /** Takes changes in that the view already shows, and tells what they touch. */
  follow(changes: readonly Change[]): readonly Touch[]
}

/** An object of some kind. */
export interface Found<T extends KubeObject = KubeObject> extends Stored<T> {
  readonly kind: Kind
}

/** An object that was written: as it was and as it is; null where it was not, or is no more. */
export interface Touch {
  readonly kind: Kind
  readonly namespace: string
  readonly name: string
  readonly before: KubeObject | null
  readonly after: KubeObject | null
}

export function newCluster(view: StoreView): Cluster {
  const owned = newIndex()
  const onNode = newIndex()
  const labelled = newIndex()
  const unplaced = newIndex()
  const guarded = newIndex()

  function file(kind: Kind, key: Key, object: KubeObject, how: 'add' | 'drop'): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) owned[how](uid, key)
    if (kind !== podKind) return
    const pod = object as Pod
    const node = pod.spec.nodeName ?? ''
    if (node !== '') onNode[how](node, key)
    if (isUnplaced(pod)) unplaced[how]('', key)
    if (keepsAway(pod)) guarded[how]('', key)
    const namespace = pod.metadata.namespace ?? ''
    for (const [name, value] of Object.entries(pod.metadata.labels ?? {})) {
      labelled[how](labelKey(namespace, name, value), key)
    }
  }

  function follow(changes: readonly Change[]): readonly Touch[] {
    return changes.flatMap(({ key, version, previous }) => {
      const place = placeOf(key)
      if (place === null) return []
      const { kind, namespace, name } = place
      const before = previous === null ? null : parsed<KubeObject>(kind, previous)
      const after = version === null ? null : parsed<KubeObject>(kind, version)
      if (before !== null) file(kind, key, before, 'drop')
      if (after !== null) file(kind, key, after, 'add')
      return { kind, namespace, name, before, after }
    })
  }

  function found(keys: readonly Key[]): readonly Found[] {
    return keys.flatMap((key) => {
      const [kind, version] = [placeOf(key)?.kind, view.get(key)]
      return kind === undefined || version === undefined ? [] : { kind, version, object: parsed(kind, version) }
    })
  }
  const pods = (keys: readonly Key[]): readonly Stored<Pod>[] => found(keys) as readonly Found<Pod>[]

  for (const version of view.list('')) {
    const kind = placeOf(version.key)?.kind
    if (kind !== undefined) file(kind, version.key, parsed(kind, version), 'add')
  }
  return {
    view,
    get: (kind, namespace, name) => getOf(kind, view, namespace, name),
    find: (key) => found([key])[0],
    list: (kind, namespace) => listOf(kind, view, namespace),
    dependents: (uid) => found(owned.keys(uid)),
    dependentsOf: <T extends KubeObject>(kind: Kind, uid: string) =>
      found(owned.keys(uid)).filter((each): each is Found<T> => each.kind === kind),
    podsOn: (node) => pods(onNode.keys(node)),
    nodesOfPods: () => onNode.buckets(),
    unplacedPods: () => pods(unplaced.keys('')),
    guardedPods: () => pods(guarded.keys('')),
    podsLabelled(namespace, labels) {
      const buckets = Object.entries(labels).map(([name, value]) => labelKey(namespace, name, value))
      const fewest = buckets.reduce<string | null>(
        (best, bucket) => (best === null || labelled.count(bucket) < labelled.count(best) ? bucket : best),
        null,
      )
      if (fewest === null) return listOf<Pod>(podKind, view, namespace)
      return pods(labelled.keys(fewest)).filter(({ object }) =>
        Object.entries(labels).every(([name, value]) => object.metadata.labels?.[name] === value),
      )
    },
    zoneOf: (node) => getOf(nodeKind, view, '', node)?.object.metadata.labels?.[zoneLabel],
    follow,
  }
}

interface Place {
  readonly kind: Kind
  readonly namespace: string
  readonly name: string
}

/** Null for records that are no objects that controllers look at. */
function placeOf(key: Key): Place | null {
  const [group = '', plural = '', namespace = '', name = ''] = key.split('/')
  const kind = byPrefix.get(`${group}/${plural}/`)
  return kind === undefined ? null : { kind, namespace, name }
}

/** Events tell what happened, and nothing follows from them. */
const byPrefix = new Map(kinds.filter(({ plural }) => plural !== 'events').map((kind) => [prefixOf(kind), kind]))

function labelKey(namespace: string, name: string, value: string): string {
  return `${namespace}/${name}=${value}`
}

// ---- Indexes -----------------------------------------------------------------------------------------------------

/** Keys by what they are looked for, in order. */
interface Index {
  add(bucket: string, key: Key): void
  drop(bucket: string, key: Key): void
  keys(bucket: string): readonly Key[]
  count(bucket: string): number
  /** Those that are not empty, in order. */
  buckets(): readonly string[]
}

function newIndex(): Index {
  const buckets = new Map<string, SortedMap<Key>>()
  return {
    add(bucket, key) {
      const keys = buckets.get(bucket) ?? newSortedMap<Key>()
      keys.set(key, key)
      buckets.set(bucket, keys)
    },
    drop(bucket, key) {
      const keys = buckets.get(bucket)
      keys?.delete(key)
      if (keys?.size === 0) buckets.delete(bucket)
    },
    keys: (bucket) => buckets.get(bucket)?.values() ?? [],
    count: (bucket) => buckets.get(bucket)?.size ?? 0,
    buckets: () => [...buckets.keys()].sort(),
  }
}
