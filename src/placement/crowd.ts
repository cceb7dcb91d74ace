import type { Pod } from '../objects/types.ts'

/** The pods that have a node already, as far as others care where they are. */
export interface Bound {
  /** Those of a namespace that have not ended and are not going. */
  inNamespace(namespace: string): readonly Pod[]
  /** Those with this controller. */
  ofOwner(uid: string): readonly Pod[]
  /** Those that keep others away from them, of all namespaces. */
  guarded(): readonly Pod[]
  /** Namespaces whose labels match. */
  namespaces(matches: (labels: Readonly<Record<string, string>>) => boolean): readonly string[]
}

export const nobodyBound: Bound = {
  inNamespace: () => [],
  ofOwner: () => [],
  guarded: () => [],
  namespaces: () => [],
}

/** A set of pods that is counted by node. Two groups with the same id are the same. */
export interface Group {
  readonly id: string
  /** Where its members are to be found. */
  readonly source:
    | { readonly type: 'owner'; readonly uid: string }
    | { readonly type: 'namespaces'; readonly names: readonly string[] }
  readonly has: (pod: Pod) => boolean
}

/**
 * Who is where, counted as it is asked for: a group is counted through once, and then follows what is placed. So a
 * hundred equal pods cost one count.
 */
export interface Crowd {
  /** How many of the group are on each node. */
  count(group: Group): ReadonlyMap<string, number>
  /** Bound pods, and those placed since, that keep others away. */
  guarded(): readonly { readonly pod: Pod; readonly node: string }[]
  place(pod: Pod, node: string): void
  readonly bound: Bound
}

export function newCrowd(bound: Bound): Crowd {
  const groups = new Map<string, { readonly group: Group; readonly counts: Map<string, number> }>()
  let guards: { pod: Pod; node: string }[] | null = null

  function guarded(): { pod: Pod; node: string }[] {
    guards ??= bound.guarded().map((pod) => ({ pod, node: pod.spec.nodeName ?? '' }))
    return guards
  }

  return {
    bound,
    guarded,
    count(group) {
      const known = groups.get(group.id)
      if (known !== undefined) return known.counts
      const counts = new Map<string, number>()
      const { source } = group
      const pods =
        source.type === 'owner' ? bound.ofOwner(source.uid) : source.names.flatMap((name) => bound.inNamespace(name))
      for (const pod of pods) if (group.has(pod)) add(counts, pod.spec.nodeName ?? '')
      groups.set(group.id, { group, counts })
      return counts
    },
    place(pod, node) {
      for (const { group, counts } of groups.values()) if (belongs(group, pod)) add(counts, node)
      if (keepsAway(pod)) guarded().push({ pod, node })
    },
  }
}

function belongs({ source, has }: Group, pod: Pod): boolean {
  if (source.type === 'namespaces' && !source.names.includes(pod.metadata.namespace ?? '')) return false
  return has(pod)
}

function add(counts: Map<string, number>, node: string): void {
  counts.set(node, (counts.get(node) ?? 0) + 1)
}

/** Whether it may refuse others by required anti-affinity. */
export function keepsAway({ spec }: Pod): boolean {
  const terms = spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return terms.length > 0
}
