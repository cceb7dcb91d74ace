import { newAccounts } from './accounts.ts'
import { apiEndpoints } from './apiendpoints.ts'
import { type Controller, wholeKey } from './controller.ts'
import { deployments } from './deployment.ts'
import { endpoints } from './endpoints.ts'
import { endpointSlices } from './endpointslices.ts'
import { sweepEvents } from './events.ts'
import { garbage } from './gc.ts'
import { type MembershipInput, newMembership } from './membership.ts'
import { namespaces } from './namespaces.ts'
import { newNodes } from './nodes.ts'
import { orphans } from './orphans.ts'
import { replicaSets } from './replicaset.ts'
import { newScheduler } from './scheduler.ts'
import { subnets } from './subnets.ts'

export interface ControllersInput {
  readonly leader: string
  readonly caCertificatePem: string
  readonly hearing: () => MembershipInput & { readonly settled: boolean }
}

/** All controllers, the most urgent first, with what each remembers through one term. */
export function newControllers({ leader, caCertificatePem, hearing }: ControllersInput): readonly Controller[] {
  return [
    newMembership(leader, hearing),
    newNodes(hearing),
    subnets,
    newScheduler(),
    replicaSets,
    deployments,
    endpointSlices,
    endpoints,
    apiEndpoints,
    orphans,
    garbage,
    namespaces,
    newAccounts(caCertificatePem),
    eventSweep,
  ]
}

/** The controllers that also look when Raft or gossip has news. */
export const hearingControllers: ReadonlySet<string> = new Set(['membership', 'nodes'])

const eventSweep: Controller = {
  name: 'eventsweep',
  touched: () => [],
  keys: () => [wholeKey],
  reconcile: (_key, { view }, nowMs) => sweepEvents(view, nowMs),
}
