import { must } from '../lib/assert.ts'
import { sameJson } from '../lib/equal.ts'
import { conditionOf } from '../objects/conditions.ts'
import { findKindByName } from '../objects/kinds.ts'
import { memberOf } from '../objects/member.ts'
import { keyOf, prefixOf, readStored } from '../objects/stored.ts'
import type { ConfigMap, KubeObject, Node, Pod, Secret } from '../objects/types.ts'
import type { Key, StoreView, Version } from '../store/types.ts'
import { configMapContents, type Sources, secretContents } from './sources.ts'

export const podKind = must(findKindByName('v1', 'Pod'), 'pods are served')
const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')

export const podPrefix = prefixOf(podKind)

const configMapKind = must(findKindByName('v1', 'ConfigMap'), 'config maps are served')
const secretKind = must(findKindByName('v1', 'Secret'), 'secrets are served')
export const configMapPrefix = prefixOf(configMapKind)
export const secretPrefix = prefixOf(secretKind)

/** ConfigMaps and Secrets of one namespace, as the view has them when they are asked for. */
export function sourcesOf(view: StoreView, namespace: string): Sources {
  const read = <T extends KubeObject>(kind: typeof podKind, name: string): T | null => {
    const version = view.get(keyOf(kind, namespace, name))
    return version === undefined ? null : readStored<T>(kind, version)
  }
  return {
    configMap(name) {
      const object = read<ConfigMap>(configMapKind, name)
      return object === null ? null : configMapContents(object)
    },
    secret(name) {
      const object = read<Secret>(secretKind, name)
      return object === null ? null : secretContents(object)
    },
  }
}

/** The keys of all that a pod refers to: when one of them changes, its volumes may have to, too. */
export function keysReferred({ metadata, spec }: Pod): ReadonlySet<Key> {
  const keys = new Set<Key>()
  const { namespace = '' } = metadata
  const add = (kind: typeof podKind, name: string | undefined): void => {
    if (name !== undefined) keys.add(keyOf(kind, namespace, name))
  }
  for (const { env = [], envFrom = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { configMapRef, secretRef } of envFrom) {
      add(configMapKind, configMapRef?.name)
      add(secretKind, secretRef?.name)
    }
    for (const { valueFrom } of env) {
      add(configMapKind, valueFrom?.configMapKeyRef?.name)
      add(secretKind, valueFrom?.secretKeyRef?.name)
    }
  }
  for (const { configMap, secret, projected } of spec.volumes ?? []) {
    add(configMapKind, configMap?.name)
    add(secretKind, secret?.secretName)
    for (const source of projected?.sources ?? []) {
      add(configMapKind, source.configMap?.name)
      add(secretKind, source.secret?.name)
    }
  }
  return keys
}

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
