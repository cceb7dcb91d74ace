import { milliUnits, wholeUnits } from './quantity.ts'
import type { Container, Pod, ResourceList } from './types.ts'

/**
 * Resources as integers: cpu in thousandths, everything else in whole units (memory in bytes). Nodes provide them as
 * limits of the store (`node/<name>/<resource>`), bound pods claim them, so that no node is ever promised twice.
 */
export type Amounts = Readonly<Record<string, number>>

/**
 * What a pod takes from its node: the requests of all its containers (a limit alone counts as request), its overhead,
 * and one pod. Init containers run before the others, one at a time, beside those before them that go on running: what
 * counts of each resource is the most that is ever needed at once.
 */
export function podRequests({ spec }: Pod): Amounts {
  let lasting: Amounts = {}
  let most: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const now = plus(lasting, requestsOf(container))
    if (container.restartPolicy === 'Always') lasting = now
    most = larger(most, now)
  }
  const running = spec.containers.map(requestsOf).reduce(plus, lasting)
  return plus(plus(larger(most, running), counted(spec.overhead ?? {})), { pods: 1 })
}

function requestsOf({ resources }: Container): Amounts {
  return counted({ ...resources?.limits, ...resources?.requests })
}

function counted(list: ResourceList): Amounts {
  return Object.fromEntries(Object.entries(amountsOf(list)).filter(([name]) => !uncounted.has(name)))
}

function plus(a: Amounts, b: Amounts): Amounts {
  return merged(a, b, (left, right) => left + right)
}

function larger(a: Amounts, b: Amounts): Amounts {
  return merged(a, b, Math.max)
}

function merged(a: Amounts, b: Amounts, merge: (left: number, right: number) => number): Amounts {
  const names = Object.keys({ ...a, ...b })
  return Object.fromEntries(names.map((name) => [name, merge(a[name] ?? 0, b[name] ?? 0)]))
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
