import { sameJson } from '../lib/equal.ts'
import { parseTime } from '../lib/rfc3339.ts'
import { conditionOf } from '../objects/conditions.ts'
import type { KubeObject, Pod } from '../objects/types.ts'

/** Succeeded or failed: it never runs again. */
export function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/** It counts for whoever wants so many of it. */
export function isActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isFinished(pod)
}

/** It waits for a node, or, if it came with one, for its place there. */
export function isUnplaced(pod: Pod): boolean {
  return isActive(pod) && conditionOf(pod.status?.conditions, 'PodScheduled')?.status !== 'True'
}

export function isReady({ status }: Pod): boolean {
  return conditionOf(status?.conditions, 'Ready')?.status === 'True'
}

/** Since when it is ready; undefined: it is not. */
export function readySinceMs({ status }: Pod): number | undefined {
  const condition = conditionOf(status?.conditions, 'Ready')
  if (condition?.status !== 'True') return undefined
  return parseTime(condition.lastTransitionTime ?? '') ?? 0
}

/** How long until a ready pod counts as available; 0: it is; undefined: it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = readySinceMs(pod)
  if (since === undefined) return undefined
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - nowMs)
}

export function bornMs({ metadata }: { readonly metadata: { readonly creationTimestamp?: string } }): number {
  return parseTime(metadata.creationTimestamp ?? '') ?? 0
}

/** What is there of a set of pods. */
export interface PodCounts {
  readonly all: number
  readonly ready: number
  readonly available: number
  /** When the next ready pod becomes available; undefined: all that are ready are. */
  readonly nextInMs: number | undefined
}

export function countPods(pods: readonly Pod[], minReadySeconds: number, nowMs: number): PodCounts {
  let [ready, available] = [0, 0]
  let nextInMs: number | undefined
  for (const pod of pods) {
    const inMs = availableInMs(pod, minReadySeconds, nowMs)
    if (inMs === undefined) continue
    ready++
    if (inMs === 0) available++
    else nextInMs = Math.min(nextInMs ?? inMs, inMs)
  }
  return { all: pods.length, ready, available, nextInMs }
}

/** Whether anybody who counts pods or leads to them has to look again; most writes of a pod tell of its containers only. */
export function isNews({
  before,
  after,
}: {
  readonly before: KubeObject | null
  readonly after: KubeObject | null
}): boolean {
  if (before === null || after === null) return true
  return !sameJson(factsOf(before as Pod), factsOf(after as Pod))
}

function factsOf({ metadata, spec, status }: Pod): unknown {
  const ready = conditionOf(status?.conditions, 'Ready')
  const { labels, annotations, ownerReferences, deletionTimestamp } = metadata
  const address = [status?.podIP, status?.podIPs, spec.nodeName]
  return [
    labels,
    annotations,
    ownerReferences,
    deletionTimestamp,
    address,
    status?.phase,
    ready?.status,
    ready?.lastTransitionTime,
  ]
}
