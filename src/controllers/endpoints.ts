import { sameJson } from '../lib/equal.ts'
import type { EndpointAddress, EndpointSubset, Endpoints, Service } from '../objects/types.ts'
import {
  type Backend,
  type Backends,
  backendsOf,
  backendsPaceMs,
  hasSelector,
  labelsOf,
  podReference,
  servicesIn,
  servicesOf,
} from './backends.ts'
import { born } from './birth.ts'
import { type Controller, nameKey, splitKey } from './controller.ts'
import { endpointsKind, isEnding, put, putNew, remove, serviceKind } from './objects.ts'
import { nothingToDo, type Plan, plan, planStep } from './plan.ts'

/** The Endpoints of services: what older clients read. Pods that are going are not among them. */
export const endpoints: Controller = {
  name: 'endpoints',
  paceMs: backendsPaceMs,
  touched(touch, cluster) {
    if (touch.kind === serviceKind || touch.kind === endpointsKind) return [nameKey({ metadata: touch })]
    return servicesOf(touch, cluster)
  },
  keys: (cluster) => [
    ...servicesIn(cluster).map(({ object }) => nameKey(object)),
    ...cluster.list(endpointsKind).map(({ object }) => nameKey(object)),
  ],
  reconcile(key, cluster, nowMs): Plan {
    const { namespace, name } = splitKey(key)
    const service = cluster.get<Service>(serviceKind, namespace, name)?.object
    const found = cluster.get<Endpoints>(endpointsKind, namespace, name)
    if (service === undefined) {
      const ours = found?.object.metadata.labels?.[managedLabel] === writer
      return found !== undefined && ours ? plan([planStep('endpoints removed', remove(found))]) : nothingToDo
    }
    if (!hasSelector(service) || isEnding(service)) return nothingToDo
    const { subsets, truncated } = subsetsOf(service, backendsOf(service, cluster))
    const labels = { ...labelsOf(service), [managedLabel]: writer }
    const annotations = truncated ? { 'endpoints.kubernetes.io/over-capacity': 'truncated' } : undefined
    if (found === undefined) {
      const object: Endpoints = { metadata: { name, namespace, labels, annotations }, subsets }
      const seed = `${service.metadata.uid ?? ''}\n${cluster.view.revision}`
      return plan([planStep('endpoints created', putNew(endpointsKind, born(endpointsKind, object, seed, nowMs)))])
    }
    const { metadata } = found.object
    const next: Endpoints = { ...found.object, metadata: { ...metadata, labels, annotations }, subsets }
    return sameJson(next, found.object) ? nothingToDo : plan([planStep('endpoints written', put(found, next))])
  },
}

export const managedLabel = 'endpoints.kubernetes.io/managed-by'
export const writer = 'endpoint-controller'
/** As in Kubernetes: who needs more reads the slices. */
const addressesMax = 1_000

function subsetsOf(
  service: Service,
  groups: readonly Backends[],
): { readonly subsets: readonly EndpointSubset[] | undefined; readonly truncated: boolean } {
  let left = addressesMax
  const take = (backends: readonly Backend[]): readonly EndpointAddress[] | undefined => {
    const taken = backends.slice(0, left).map(addressOf)
    left -= taken.length
    return taken.length === 0 ? undefined : taken
  }
  const ready = ({ serving }: Backend): boolean => serving || service.spec.publishNotReadyAddresses === true
  const staying = groups.map(({ ports, pods }) => ({ ports, pods: pods.filter(({ terminating }) => !terminating) }))
  const subsets = staying.flatMap(({ ports, pods }): EndpointSubset[] => {
    const addresses = take(pods.filter(ready))
    const notReadyAddresses = take(pods.filter((backend) => !ready(backend)))
    if (addresses === undefined && notReadyAddresses === undefined) return []
    return [{ addresses, notReadyAddresses, ports: ports.length === 0 ? undefined : ports.map(nameless) }]
  })
  const all = staying.reduce((sum, { pods }) => sum + pods.length, 0)
  return { subsets: subsets.length === 0 ? undefined : subsets, truncated: all > addressesMax }
}

/** An empty name is none. */
function nameless({ name, ...port }: Backends['ports'][number]): NonNullable<EndpointSubset['ports']>[number] {
  return name === '' ? port : { name, ...port }
}

function addressOf({ pod, address, hostname }: Backend): EndpointAddress {
  return { ip: address, hostname, nodeName: pod.spec.nodeName, targetRef: podReference(pod) }
}
