import { formatIPv4 } from '../lib/ipv4.ts'
import { memberOf } from '../objects/member.ts'
import { nodeSubnetBits, podRange } from '../objects/ranges.ts'
import { reservationKey, reservationWrites } from '../objects/reserve.ts'
import type { Node } from '../objects/types.ts'
import type { Cluster } from './cluster.ts'
import { type Controller, wholeKey } from './controller.ts'
import { nodeKind, put } from './objects.ts'
import { type Plan, type PlanStep, plan, planTogether } from './plan.ts'

/**
 * Gives every node its own part of the cluster's pod addresses. The reservation is written with it, so that no part is
 * ever given twice; it is free again when the Node object is gone.
 */
export const subnets: Controller = {
  name: 'subnets',
  touched: ({ kind }) => (kind === nodeKind ? [wholeKey] : []),
  keys: () => [wholeKey],
  reconcile: (_key, cluster) => reconcileSubnets(cluster),
}

const subnetSize = 2 ** (32 - nodeSubnetBits)
const subnetCount = podRange.size / subnetSize

function reconcileSubnets(cluster: Cluster): Plan {
  const steps: PlanStep[] = []
  let index = 0
  for (const node of cluster.list<Node>(nodeKind)) {
    if (memberOf(node.object) === null || (node.object.spec?.podCIDR ?? '') !== '') continue
    while (index < subnetCount && isTaken(index, cluster)) index++
    // All are given out: the node waits until another one leaves.
    if (index === subnetCount) break
    const podCIDR = `${formatIPv4(baseOf(index++))}/${nodeSubnetBits}`
    const next: Node = { ...node.object, spec: { ...node.object.spec, podCIDR, podCIDRs: [podCIDR] } }
    const writes = [put(node, next), ...reservationWrites(nodeKind, cluster.view, next, node.object)]
    steps.push(planTogether('subnet given', writes, { key: node.version.key, subnet: podCIDR }))
  }
  return plan(steps)
}

function baseOf(index: number): number {
  return podRange.base + index * subnetSize
}

function isTaken(index: number, cluster: Cluster): boolean {
  return cluster.view.get(reservationKey(`subnet-${formatIPv4(baseOf(index))}`)) !== undefined
}
