import type { KubeObject, Pod, Service } from '../objects/types.ts'
import type { Cluster, Touch } from './cluster.ts'
import { nameKey } from './controller.ts'
import { isEnding, podKind, type Stored, serviceKind } from './objects.ts'
import { isFinished, isNews, isReady } from './pods.ts'

/** What is behind a service: its pods, and at which ports they take what comes for it. */
export interface Backends {
  /** In the order of the service's ports that these pods have. */
  readonly ports: readonly BackendPort[]
  readonly pods: readonly Backend[]
}

export interface BackendPort {
  readonly name: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly appProtocol?: string
}

export interface Backend {
  readonly pod: Pod
  readonly address: string
  /** It answers, perhaps while it goes. */
  readonly serving: boolean
  readonly terminating: boolean
  /** Its own name below the service's. */
  readonly hostname?: string
}

/** Whether its backends follow from its selector; otherwise somebody else says what they are. */
export function hasSelector({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0
}

/** Pods of one service that have the same ports are together: a name may mean another number in each. */
export function backendsOf(service: Service, cluster: Cluster): readonly Backends[] {
  const { namespace = '', name } = service.metadata
  const groups = new Map<string, { readonly ports: readonly BackendPort[]; readonly pods: Backend[] }>()
  for (const { object: pod } of cluster.podsLabelled(namespace, service.spec.selector ?? {})) {
    const address = pod.status?.podIP ?? ''
    if (address === '' || isFinished(pod)) continue
    const ports = portsOf(service, pod)
    // It has none of the ports that the service leads to.
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue
    const id = JSON.stringify(ports)
    const group = groups.get(id) ?? { ports, pods: [] }
    groups.set(id, group)
    const { hostname, subdomain } = pod.spec
    group.pods.push({
      ...{ pod, address, serving: isReady(pod), terminating: isEnding(pod) },
      ...(hostname !== undefined && subdomain === name && { hostname }),
    })
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

function portsOf({ spec }: Service, pod: Pod): readonly BackendPort[] {
  return (spec.ports ?? []).flatMap(({ name = '', port, protocol = 'TCP', targetPort, appProtocol }) => {
    const number = portNumber(pod, targetPort ?? port, protocol)
    return number === null ? [] : { name, port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) }
  })
}

/** Null: the pod has no port of that name. */
function portNumber(pod: Pod, target: number | string, protocol: string): number | null {
  if (typeof target === 'number') return target
  if (/^\d{1,5}$/.test(target)) return Number(target)
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? [])
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort ?? null
}

export function podReference({ metadata }: Pod): {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
} {
  const { namespace, name, uid } = metadata
  return { kind: 'Pod', namespace, name, uid }
}

/** Services that this pod is behind, or was. */
export function servicesOf(touch: Touch, cluster: Cluster): readonly string[] {
  if (touch.kind !== podKind || !isNews(touch)) return []
  const pods = [touch.before, touch.after].filter((pod): pod is KubeObject => pod !== null)
  return cluster
    .list<Service>(serviceKind, touch.namespace)
    .filter(({ object }) => hasSelector(object) && pods.some((pod) => isSelected(object, pod)))
    .map(({ object }) => nameKey(object))
}

function isSelected({ spec }: Service, { metadata }: KubeObject): boolean {
  return Object.entries(spec.selector ?? {}).every(([name, value]) => metadata.labels?.[name] === value)
}

export function servicesIn(cluster: Cluster): readonly Stored<Service>[] {
  return cluster.list<Service>(serviceKind)
}

export const headlessLabel = 'service.kubernetes.io/headless'

/** The service's own labels, and whether it has an address of its own. */
export function labelsOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  return { ...metadata.labels, ...(spec.clusterIP === 'None' && { [headlessLabel]: '' }) }
}

/** Several writes to one service come one after the other when many pods start: so they come together. */
export const backendsPaceMs = 50
