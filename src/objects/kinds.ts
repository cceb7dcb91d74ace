import type { Kind } from './kind.ts'
import { configMap } from './kinds/configmap.ts'
import { controllerRevision } from './kinds/controllerrevision.ts'
import { deployment } from './kinds/deployment.ts'
import { endpoints } from './kinds/endpoints.ts'
import { endpointSlice } from './kinds/endpointslice.ts'
import { event } from './kinds/event.ts'
import { joinToken } from './kinds/jointoken.ts'
import { lease } from './kinds/lease.ts'
import { namespace } from './kinds/namespace.ts'
import { newEvent } from './kinds/newevent.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { replicaSet } from './kinds/replicaset.ts'
import { scale } from './kinds/scale.ts'
import { secret } from './kinds/secret.ts'
import { service } from './kinds/service.ts'
import { serviceAccount } from './kinds/serviceaccount.ts'

/** Every kind that is served. A new one is declared in `kinds/` and listed here; nothing else needs to know it. */
export const kinds: readonly Kind[] = [
  configMap,
  endpoints,
  event,
  namespace,
  node,
  pod,
  secret,
  serviceAccount,
  service,
  controllerRevision,
  deployment,
  replicaSet,
  newEvent,
  lease,
  endpointSlice,
  joinToken,
]

/** Each set of objects once: without the kinds that show others' objects by other names. */
export const storedKinds: readonly Kind[] = kinds.filter((kind) => kind.storedAs === null)

const byPlural = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]))
/** A scale is no resource of its own, but it comes in bodies. */
const byName = new Map([...kinds, scale].map((kind) => [`${kind.apiVersion}/${kind.name}`, kind]))

/** `findKind('', 'v1', 'pods')`. */
export function findKind(group: string, version: string, plural: string): Kind | undefined {
  return byPlural.get(`${group}/${version}/${plural}`)
}

/** `findKindByName('v1', 'Pod')`. */
export function findKindByName(apiVersion: string, name: string): Kind | undefined {
  return byName.get(`${apiVersion}/${name}`)
}
