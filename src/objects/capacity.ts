import { milliUnits, wholeUnits } from './quantity.ts'
import type { Pod, ResourceList } from './types.ts'

/**
 * Resources as integers: cpu in thousandths, everything else in whole units (memory in bytes). Nodes provide them as
 * limits of the store (`node/<name>/<resource>`), bound pods claim them, so that no node is ever promised twice.
 */
export type Amounts = Readonly<Record<string, number>>

/** What a pod takes from its node: the requests of all its containers (a limit alone counts as request), its overhead, and one pod. */
export function podRequests(pod: Pod): Amounts {
  const sum: Record<string, number> = { pods: 1 }
  const add = (list: ResourceList): void => {
    for (const [name, amount] of Object.entries(amountsOf(list))) {
      if (!uncounted.has(name)) sum[name] = (sum[name] ?? 0) + amount
    }
  }
  for (const { resources } of pod.spec.containers) add({ ...resources?.limits, ...resources?.requests })
  add(pod.spec.overhead ?? {})
  return sum
}

/** Nodes do not measure their disks, so nothing can be promised of them. */
const uncounted = new Set(['ephemeral-storage'])

export function amountsOf(list: ResourceList | undefined): Amounts {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]))
}

/** The name of a node's limit in the store. */
export function nodeLimit(node: string, resource: string): string {
  return `node/${node}/${resource}`
}

/** Amounts as limits of a node: what it provides, or what a pod claims of it. In the order of their names, without zeros. */
export function nodeAmounts(
  node: string,
  amounts: Amounts,
): readonly { readonly limit: string; readonly amount: number }[] {
  return Object.keys(amounts)
    .sort()
    .map((resource) => ({ limit: nodeLimit(node, resource), amount: amounts[resource] ?? 0 }))
    .filter(({ amount }) => amount > 0)
}

/** Admitted objects hold valid quantities; one that is not counts as nothing. */
function amountOf(resource: string, quantity: string): number {
  return (resource === 'cpu' ? milliUnits(quantity) : wholeUnits(quantity)) ?? 0
}
