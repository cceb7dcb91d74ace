import type { Reason } from './filters.ts'

/**
 * The verdict in one line, nodes with the same reason counted together:
 * `0/3 nodes are available: 2 Insufficient cpu (asked 500m, free 250m and 100m), 1 node is not ready.`
 * `refusals` has an entry for each node.
 */
export function explain(refusals: readonly (readonly Reason[])[]): string {
  if (refusals.length === 0) return 'no nodes are available: the cluster has none.'
  const groups = new Map<string, Reason[]>()
  for (const reason of refusals.flat()) {
    const key = shapeOf(reason)
    groups.set(key, [...(groups.get(key) ?? []), reason])
  }
  const parts = [...groups]
    .sort(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    .map(([, reasons]) => phrase(reasons))
  return `0/${refusals.length} nodes are available: ${parts.join(', ')}.`
}

/** The same for verdicts that differ in their figures only. */
export function shape(refusals: readonly (readonly Reason[])[]): string {
  return refusals.flat().map(shapeOf).sort().join()
}

function shapeOf(reason: Reason): string {
  switch (reason.type) {
    case 'taint':
      return `taint ${reason.taint}`
    case 'platform':
      return `platform ${reason.label}`
    case 'resource':
      return `resource ${reason.resource}`
    case 'spread':
      return `spread ${reason.key}`
    default:
      return reason.type
  }
}

function phrase(reasons: readonly Reason[]): string {
  const [first] = reasons
  const n = reasons.length
  const nodes = n === 1 ? '1 node' : `${n} nodes`
  const are = n === 1 ? 'is' : 'are'
  switch (first?.type) {
    case undefined:
      return 'none'
    case 'not-ready':
      return `${nodes} ${are} not ready`
    case 'unschedulable':
      return `${nodes} ${are} cordoned`
    case 'taint':
      return `${nodes} had untolerated taint {${first.taint}}`
    case 'selector':
      return `${nodes} didn't match the pod's node selector`
    case 'affinity':
      return `${nodes} didn't match the pod's node affinity`
    case 'pod-affinity':
      return `${nodes} didn't match the pod's affinity to other pods`
    case 'pod-anti-affinity':
      return `${nodes} ${n === 1 ? 'has' : 'have'} pods that the pod must be away from`
    case 'guarded':
      return `${nodes} ${n === 1 ? 'has' : 'have'} pods that must be away from the pod`
    case 'spread':
      return `${nodes} would break the even spread over ${first.key}`
    case 'platform':
      return `${nodes} ${are} ${first.label}`
    case 'name':
      return `${nodes} didn't match the requested node name`
    case 'pods':
      return `${n} Too many pods (${first.capacity} at most)`
    case 'resource':
      return `${n} Insufficient ${first.resource} (asked ${amount(first.resource, first.asked)}, ${frees(reasons)})`
  }
}

const freesMax = 3

/** The largest first: they tell how near it was. */
function frees(reasons: readonly Reason[]): string {
  const found = reasons
    .flatMap((reason) => (reason.type === 'resource' ? [reason] : []))
    .sort((a, b) => b.free - a.free)
  const shown = found.slice(0, freesMax).map(({ resource, free }) => amount(resource, free))
  const rest = found.length - shown.length
  if (rest > 0) return `free ${shown.join(', ')} and ${rest} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? `free ${last}` : `free ${shown.join(', ')} and ${last}`
}

/** As people write it: `500m`, `2`, `64Mi`. */
export function amount(resource: string, value: number): string {
  if (resource === 'cpu') return value % 1000 === 0 ? String(value / 1000) : `${value}m`
  if (resource !== 'memory') return String(value)
  const unit = byteUnits.find(({ bytes }) => value >= bytes)
  return unit === undefined ? String(value) : `${Math.floor((value * 10) / unit.bytes) / 10}${unit.name}`
}

const byteUnits = [
  { name: 'Gi', bytes: 1024 ** 3 },
  { name: 'Mi', bytes: 1024 ** 2 },
  { name: 'Ki', bytes: 1024 },
]
