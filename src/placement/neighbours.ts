import { conditionOf } from '../objects/conditions.ts'
import { type SelectorObject, selects } from '../objects/labelselector.ts'
import type { Node, Pod, PodSpec } from '../objects/types.ts'
import type { Crowd, Group } from './crowd.ts'
import type { Reason } from './filters.ts'
import { suitsLabels } from './nodeaffinity.ts'

/**
 * Where a pod may and would like to be as to other pods: near some, away from others, evenly spread. What concerns all
 * nodes is counted once for the pod; each node is then judged by its domain: the value that it has for the topology key.
 */
export interface Neighbours {
  reasonsAgainst(node: Node): readonly Reason[]
  /** Higher is better; in units of one whole score. */
  wish(node: Node): number
}

type Affinity = NonNullable<PodSpec['affinity']>
type Term = NonNullable<NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']>[number]
type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number]

/** What one more of the same on a host, or in a zone, costs: a few of them outweigh all room elsewhere. */
const hostCost = 0.5
const zoneCost = 0.2
const hostKey = 'kubernetes.io/hostname'
const zoneKey = 'topology.kubernetes.io/zone'

export function neighboursOf(pod: Pod, nodes: readonly Node[], crowd: Crowd): Neighbours {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const near = (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
    nearTerm(term, pod, nodes, crowd),
  )
  const away = (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
    countTerm(term, pod, nodes, crowd),
  )
  const guards = guardsAgainst(pod, nodes, crowd)
  const constraints = (pod.spec.topologySpreadConstraints ?? []).map((constraint) =>
    spreadOf(constraint, pod, nodes, crowd),
  )
  const wishes = [
    ...weighted(pod, nodes, crowd),
    ...constraints.flatMap(({ wish }) => wish ?? []),
    ...apart(pod, nodes, crowd),
  ]
  return {
    reasonsAgainst(node) {
      const reasons: Reason[] = []
      if (!near.every((fits) => fits(node))) reasons.push({ type: 'pod-affinity' })
      if (away.some((count) => (count(node) ?? 0) > 0)) reasons.push({ type: 'pod-anti-affinity' })
      if (guards.some((guard) => guard(node))) reasons.push({ type: 'guarded' })
      const uneven = constraints.find(({ fits }) => !fits(node))
      if (uneven !== undefined) reasons.push({ type: 'spread', key: uneven.key })
      return reasons
    },
    wish: (node) => wishes.reduce((sum, wish) => sum + wish(node), 0),
  }
}

// ---- Counting ----------------------------------------------------------------------------------------------------

/** Pods in the node's domain; undefined: the node is in none. */
type Count = (node: Node) => number | undefined

function domainOf(node: Node, key: string): string | undefined {
  // Every node is a host of its own, also one that nobody labelled.
  return node.metadata.labels?.[key] ?? (key === hostKey ? node.metadata.name : undefined)
}

function countBy(
  group: Group,
  key: string,
  nodes: readonly Node[],
  crowd: Crowd,
): { readonly count: Count; readonly domains: ReadonlyMap<string, number> } {
  const counts = crowd.count(group)
  const domains = new Map<string, number>()
  for (const node of nodes) {
    const domain = domainOf(node, key)
    if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + (counts.get(node.metadata.name) ?? 0))
  }
  const count: Count = (node) => {
    const domain = domainOf(node, key)
    return domain === undefined ? undefined : (domains.get(domain) ?? 0)
  }
  return { count, domains }
}

function countTerm(term: Term, pod: Pod, nodes: readonly Node[], crowd: Crowd): Count {
  return countBy(groupOf(term, pod, crowd), term.topologyKey, nodes, crowd).count
}

function groupOf(term: Term, pod: Pod, crowd: Crowd): Group {
  const selector = withKeys(term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys, pod)
  const names = namespacesOf(term, pod, crowd)
  return {
    id: JSON.stringify(['term', names, selector ?? null]),
    source: { type: 'namespaces', names },
    has: ({ metadata }) => selects(selector, metadata.labels),
  }
}

/** Those named, those whose labels match, and with neither the pod's own. */
function namespacesOf({ namespaces = [], namespaceSelector }: Term, pod: Pod, crowd: Crowd): readonly string[] {
  if (namespaces.length === 0 && namespaceSelector === undefined) return [pod.metadata.namespace ?? '']
  const chosen =
    namespaceSelector === undefined ? [] : crowd.bound.namespaces((labels) => selects(namespaceSelector, labels))
  return [...new Set([...namespaces, ...chosen])].sort()
}

function withKeys(
  selector: SelectorObject | undefined,
  same: readonly string[] | undefined,
  other: readonly string[] | undefined,
  { metadata }: Pod,
): SelectorObject | undefined {
  if (selector === undefined) return undefined
  const bind = (keys: readonly string[] | undefined, operator: 'In' | 'NotIn') =>
    (keys ?? []).flatMap((key) => {
      const value = metadata.labels?.[key]
      return value === undefined ? [] : [{ key, operator, values: [value] }]
    })
  return {
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), ...bind(same, 'In'), ...bind(other, 'NotIn')],
  }
}

// ---- What must be ------------------------------------------------------------------------------------------------

/** The first of a group that wants to be near itself may begin anywhere. */
function nearTerm(term: Term, pod: Pod, nodes: readonly Node[], crowd: Crowd): (node: Node) => boolean {
  const group = groupOf(term, pod, crowd)
  const { count, domains } = countBy(group, term.topologyKey, nodes, crowd)
  const first = [...domains.values()].every((found) => found === 0) && group.has(pod)
  return (node) => (first ? domainOf(node, term.topologyKey) !== undefined : (count(node) ?? 0) > 0)
}

/** Pods that are there and keep this one away. */
function guardsAgainst(pod: Pod, nodes: readonly Node[], crowd: Crowd): readonly ((node: Node) => boolean)[] {
  const byName = new Map(nodes.map((node) => [node.metadata.name, node]))
  return crowd.guarded().flatMap((guard) => {
    const home = byName.get(guard.node)
    const terms = guard.pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    return terms.flatMap((term) => {
      const domain = home === undefined ? undefined : domainOf(home, term.topologyKey)
      const group = groupOf(term, guard.pod, crowd)
      const inside = group.source.type === 'namespaces' && group.source.names.includes(pod.metadata.namespace ?? '')
      if (domain === undefined || !inside || !group.has(pod)) return []
      return [(node: Node) => domainOf(node, term.topologyKey) === domain]
    })
  })
}

// ---- Even spread -------------------------------------------------------------------------------------------------

interface Spread {
  readonly key: string
  readonly fits: (node: Node) => boolean
  readonly wish?: (node: Node) => number
}

function spreadOf(constraint: Constraint, pod: Pod, nodes: readonly Node[], crowd: Crowd): Spread {
  const { topologyKey: key, maxSkew, minDomains, whenUnsatisfiable } = constraint
  const selector = withKeys(constraint.labelSelector, constraint.matchLabelKeys, undefined, pod)
  const namespace = pod.metadata.namespace ?? ''
  const group: Group = {
    id: JSON.stringify(['spread', namespace, selector ?? null]),
    source: { type: 'namespaces', names: [namespace] },
    has: ({ metadata }) => selects(selector, metadata.labels),
  }
  // Nodes that the pod could never be on do not count as places that it leaves empty, nor those that are dead.
  const eligible = nodes
    .filter((node) => conditionOf(node.status?.conditions, 'Ready')?.status === 'True')
    .filter((node) => constraint.nodeAffinityPolicy === 'Ignore' || suitsLabels(pod.spec, node))
  const { count, domains } = countBy(group, key, eligible, crowd)
  const few = domains.size < (minDomains ?? 1)
  const least = few ? 0 : Math.min(...domains.values())
  const own = group.has(pod) ? 1 : 0
  const skew = (node: Node): number | undefined => {
    const found = count(node)
    return found === undefined ? undefined : found + own - least
  }
  if (whenUnsatisfiable === 'DoNotSchedule') {
    return { key, fits: (node) => (skew(node) ?? Number.POSITIVE_INFINITY) <= maxSkew }
  }
  const wish = (node: Node): number => -hostCost * ((skew(node) ?? Math.max(0, ...domains.values()) + 1) / maxSkew)
  return { key, fits: () => true, wish }
}

/** Pods of one owner go apart, over hosts and over zones, unless the pod says itself how it is spread. */
function apart(pod: Pod, nodes: readonly Node[], crowd: Crowd): readonly ((node: Node) => number)[] {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
  if (owner === undefined || (pod.spec.topologySpreadConstraints ?? []).length > 0) return []
  const group: Group = {
    id: JSON.stringify(['owner', owner]),
    source: { type: 'owner', uid: owner },
    has: ({ metadata }) =>
      metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === owner) ?? false,
  }
  return [[hostKey, hostCost] as const, [zoneKey, zoneCost] as const].map(([key, cost]) => {
    const { count, domains } = countBy(group, key, nodes, crowd)
    const least = domains.size === 0 ? 0 : Math.min(...domains.values())
    return (node: Node) => -cost * ((count(node) ?? least) - least)
  })
}

// ---- Wishes ------------------------------------------------------------------------------------------------------

/** The pod's own wishes, each worth its weight's share of a whole score. */
function weighted(pod: Pod, nodes: readonly Node[], crowd: Crowd): readonly ((node: Node) => number)[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const wishes = (
    list: NonNullable<Affinity['podAffinity']>['preferredDuringSchedulingIgnoredDuringExecution'],
    sign: 1 | -1,
  ) =>
    (list ?? []).map(({ weight, podAffinityTerm }) => {
      const { count, domains } = countBy(
        groupOf(podAffinityTerm, pod, crowd),
        podAffinityTerm.topologyKey,
        nodes,
        crowd,
      )
      const most = Math.max(1, ...domains.values())
      return (node: Node) => (sign * (weight / 100) * (count(node) ?? 0)) / most
    })
  return [
    ...wishes(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
    ...wishes(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
  ]
}
