import { sameJson } from '../lib/equal.ts'
import type { Endpoint, EndpointSlice, Service } from '../objects/types.ts'
import {
  type Backend,
  type BackendPort,
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
import type { Cluster } from './cluster.ts'
import { type Controller, nameKey, splitKey } from './controller.ts'
import { nameFrom, ownerNameMax } from './names.ts'
import { endpointSliceKind, isEnding, put, putNew, remove, type Stored, serviceKind } from './objects.ts'
import { controllerReference } from './owners.ts'
import { nothingToDo, type Plan, type PlanStep, plan, planStep } from './plan.ts'

/**
 * The EndpointSlices of services: what proxies and DNS read. A slice holds backends with the same ports, at most a
 * hundred. A backend stays in the slice where it is, so that one pod's news is one slice's news.
 */
export const endpointSlices: Controller = {
  name: 'endpointslice',
  paceMs: backendsPaceMs,
  touched(touch, cluster) {
    if (touch.kind === serviceKind) return [nameKey({ metadata: touch })]
    if (touch.kind !== endpointSliceKind) return servicesOf(touch, cluster)
    const services = [touch.before, touch.after].flatMap((slice) => slice?.metadata.labels?.[serviceLabel] ?? [])
    return services.map((service) => `${touch.namespace}/${service}`)
  },
  keys: (cluster) => servicesIn(cluster).map(({ object }) => nameKey(object)),
  reconcile(key, cluster, nowMs): Plan {
    const { namespace, name } = splitKey(key)
    const service = cluster.get<Service>(serviceKind, namespace, name)?.object
    // Without their service the garbage collector takes them.
    if (service === undefined || !hasSelector(service) || isEnding(service)) return nothingToDo
    return reconcileSlices(service, cluster, nowMs)
  },
}

export const serviceLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const writer = 'endpointslice-controller.k8s.io'
const endpointsPerSliceMax = 100

function reconcileSlices(service: Service, cluster: Cluster, nowMs: number): Plan {
  const existing = slicesOf(service, cluster)
  const groups = backendsOf(service, cluster)
  // A service without backends says so, rather than nothing.
  const wanted = groups.length === 0 ? [{ ports: [], pods: [] }] : groups
  const kept = new Set<Stored<EndpointSlice>>()
  const steps: PlanStep[] = []
  const names = new Set<string>()
  for (const group of wanted) {
    const mine = existing.filter((slice) => !kept.has(slice) && samePorts(slice.object, group))
    for (const { slice, endpoints } of pack(group, mine, service, cluster)) {
      if (slice !== null) kept.add(slice)
      const step = write(service, group, slice, endpoints, names, cluster, nowMs)
      if (step !== null) steps.push(step)
    }
  }
  const spare = existing.filter((slice) => !kept.has(slice))
  return plan([...steps, ...spare.map((slice) => planStep('slice removed', remove(slice)))])
}

function slicesOf({ metadata }: Service, cluster: Cluster): readonly Stored<EndpointSlice>[] {
  return cluster
    .dependentsOf<EndpointSlice>(endpointSliceKind, metadata.uid ?? '')
    .filter(({ object }) => object.metadata.labels?.[managedByLabel] === writer && !isEnding(object))
}

function samePorts({ ports, addressType }: EndpointSlice, group: Backends): boolean {
  return addressType === 'IPv4' && sameJson(ports ?? [], group.ports.map(slicePort))
}

function slicePort({ name, port, protocol, appProtocol }: BackendPort): NonNullable<EndpointSlice['ports']>[number] {
  return { name, protocol, port, appProtocol }
}

// ---- Packing -----------------------------------------------------------------------------------------------------

interface Packed {
  /** Null: a new one. */
  readonly slice: Stored<EndpointSlice> | null
  readonly endpoints: readonly Endpoint[]
}

/** Who has a place keeps it; who is new goes where there is most already; what is empty goes. */
function pack(
  { pods }: Backends,
  slices: readonly Stored<EndpointSlice>[],
  service: Service,
  cluster: Cluster,
): readonly Packed[] {
  const arriving = new Map(
    pods.map((backend) => [backend.pod.metadata.uid ?? '', endpointOf(backend, service, cluster)]),
  )
  const packed = slices.map((slice) => {
    const endpoints = slice.object.endpoints.flatMap(({ targetRef }): Endpoint[] => {
      const uid = targetRef?.uid ?? ''
      const now = arriving.get(uid)
      arriving.delete(uid)
      return now === undefined ? [] : [now]
    })
    return { slice, endpoints }
  })
  const rest = [...arriving.values()]
  for (const each of [...packed].sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    each.endpoints.push(...rest.splice(0, endpointsPerSliceMax - each.endpoints.length))
  }
  const more: Packed[] = []
  while (rest.length > 0) more.push({ slice: null, endpoints: rest.splice(0, endpointsPerSliceMax) })
  const full = [...packed.filter(({ endpoints }) => endpoints.length > 0), ...more]
  if (full.length > 0) return full
  return [packed[0] ?? { slice: null, endpoints: [] }]
}

function endpointOf(backend: Backend, service: Service, cluster: Cluster): Endpoint {
  const { pod, address, serving, terminating, hostname } = backend
  const nodeName = pod.spec.nodeName
  const zone = cluster.zoneOf(nodeName ?? '')
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    hostname,
    targetRef: podReference(pod),
    nodeName,
    zone,
  }
}

// ---- Writing -----------------------------------------------------------------------------------------------------

function write(
  service: Service,
  group: Backends,
  slice: Stored<EndpointSlice> | null,
  endpoints: readonly Endpoint[],
  names: Set<string>,
  cluster: Cluster,
  nowMs: number,
): PlanStep | null {
  const { namespace = '', name, uid = '' } = service.metadata
  const labels = { ...labelsOf(service), [managedByLabel]: writer, [serviceLabel]: name }
  const ports = group.ports.length === 0 ? undefined : group.ports.map(slicePort)
  if (slice !== null) {
    const next: EndpointSlice = {
      ...slice.object,
      metadata: { ...slice.object.metadata, labels },
      endpoints,
      ports,
    }
    return sameJson(next, slice.object) ? null : planStep('slice written', put(slice, next))
  }
  const prefix = `${name.slice(0, ownerNameMax)}-`
  let own = ''
  for (
    let slot = 0;
    own === '' || names.has(own) || cluster.get(endpointSliceKind, namespace, own) !== undefined;
    slot++
  ) {
    own = prefix + nameFrom(5, uid, String(slot))
  }
  names.add(own)
  const object: EndpointSlice = {
    metadata: {
      name: own,
      generateName: prefix,
      namespace,
      labels,
      ownerReferences: [controllerReference(serviceKind, service)],
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  }
  const seed = `${uid}\n${own}\n${cluster.view.revision}`
  return planStep('slice created', putNew(endpointSliceKind, born(endpointSliceKind, object, seed, nowMs)))
}
