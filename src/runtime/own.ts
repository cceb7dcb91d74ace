import { must } from '../lib/assert.ts'
import { sameJson } from '../lib/equal.ts'
import { conditionOf } from '../objects/conditions.ts'
import { findKindByName } from '../objects/kinds.ts'
import { memberOf } from '../objects/member.ts'
import { keyOf, prefixOf, readStored } from '../objects/stored.ts'
import type { Node, Pod } from '../objects/types.ts'
import type { Key, StoreView, Version } from '../store/types.ts'

const podKind = must(findKindByName('v1', 'Pod'), 'pods are served')
const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')

export const podPrefix = prefixOf(podKind)

export function podKey(namespace: string, name: string): Key {
  return keyOf(podKind, namespace, name)
}

export function nodeKey(name: string): Key {
  return keyOf(nodeKind, '', name)
}

/** A pod of this node, as it is wanted now. */
export interface Wanted {
  readonly pod: Pod
  readonly version: Version
}

/**
 * The pod of this version, when it is for this node to look after: admitted by the scheduler, which has claimed its
 * share of the node; or deleted before that, and nobody else would end it.
 */
export function wantedOf(version: Version | undefined | null, node: string): Wanted | null {
  if (version === undefined || version === null) return null
  const pod = readStored<Pod>(podKind, version)
  if (pod.spec.nodeName !== node) return null
  const admitted = conditionOf(pod.status?.conditions, 'PodScheduled')?.status === 'True'
  return admitted || pod.metadata.deletionTimestamp !== undefined ? { pod, version } : null
}

/** This node's own object; null when it is not a member of the cluster. */
export function ownNode(
  view: StoreView,
  self: { readonly name: string; readonly identity: string },
): { readonly node: Node; readonly version: Version } | null {
  const version = view.get(nodeKey(self.name))
  if (version === undefined) return null
  const node = readStored<Node>(nodeKind, version)
  return memberOf(node)?.identity === self.identity ? { node, version } : null
}

/** Whether a change of this node's pod is of its status alone: then nothing new is wanted of its containers. */
export function onlyStatus(before: Wanted | null, after: Wanted | null): boolean {
  if (before === null || after === null) return false
  const [{ metadata: a, spec: aSpec }, { metadata: b, spec: bSpec }] = [before.pod, after.pod]
  return sameJson({ ...a, resourceVersion: '' }, { ...b, resourceVersion: '' }) && sameJson(aSpec, bSpec)
}
