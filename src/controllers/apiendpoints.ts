import { sameJson } from '../lib/equal.ts'
import { conditionOf } from '../objects/conditions.ts'
import { memberOf } from '../objects/member.ts'
import { reservationWrites } from '../objects/reserve.ts'
import type { Endpoint, EndpointSlice, EndpointSubset, Endpoints, KubeObject, Node, Service } from '../objects/types.ts'
import { apiService, apiServiceName } from './apiservice.ts'
import { born } from './birth.ts'
import type { Cluster } from './cluster.ts'
import { type Controller, wholeKey } from './controller.ts'
import { serviceLabel } from './endpointslices.ts'
import { endpointSliceKind, endpointsKind, nodeKind, put, putNew, remove, serviceKind } from './objects.ts'
import { type Plan, type PlanStep, plan, planStep, planTogether } from './plan.ts'

/** What is behind `kubernetes.default`: every node that answers, for every node serves the API. */
export const apiEndpoints: Controller = {
  name: 'apiendpoints',
  touched({ kind, namespace, name }) {
    if (kind === nodeKind) return [wholeKey]
    const ours = [serviceKind, endpointsKind, endpointSliceKind].includes(kind)
    return ours && namespace === 'default' && name === apiServiceName ? [wholeKey] : []
  },
  keys: () => [wholeKey],
  reconcile(_key, cluster, nowMs): Plan {
    const groups = byPort(cluster.list<Node>(nodeKind).map(({ object }) => object))
    const service = cluster.get<Service>(serviceKind, 'default', apiServiceName)
    return plan([
      ...(service === undefined ? bringBack(groups, cluster, nowMs) : []),
      ...writeEndpoints(groups, cluster, nowMs),
      ...writeSlices(groups, cluster, nowMs),
    ])
  },
}

/** Whoever deletes it, it is there again. */
function bringBack(groups: readonly Group[], cluster: Cluster, nowMs: number): readonly PlanStep[] {
  const service = bornNow(serviceKind, apiService(groups[0]?.port ?? 6443), cluster, nowMs)
  const writes = [putNew(serviceKind, service), ...reservationWrites(serviceKind, cluster.view, service, null)]
  return [planTogether('api service', writes, { key: `default/${apiServiceName}` })]
}

interface Group {
  readonly port: number
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
}

/** Nodes by the port of their API, mostly one for all. */
function byPort(nodes: readonly Node[]): readonly Group[] {
  const groups = new Map<number, { readonly name: string; readonly address: string }[]>()
  for (const node of nodes) {
    const api = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(memberOf(node)?.apiAddress ?? '')
    if (api === null || conditionOf(node.status?.conditions, 'Ready')?.status !== 'True') continue
    const [, address = '', port = ''] = api
    groups.set(Number(port), [...(groups.get(Number(port)) ?? []), { name: node.metadata.name, address }])
  }
  return [...groups].sort(([a], [b]) => a - b).map(([port, found]) => ({ port, nodes: found }))
}

function writeEndpoints(groups: readonly Group[], cluster: Cluster, nowMs: number): readonly PlanStep[] {
  const subsets = groups.map(({ port, nodes }): EndpointSubset => {
    return {
      addresses: nodes.map(({ address }) => ({ ip: address })),
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    }
  })
  const metadata = { name: apiServiceName, namespace: 'default', labels: mirrorless }
  const object: Endpoints = { metadata, subsets: subsets.length === 0 ? undefined : subsets }
  const found = cluster.get<Endpoints>(endpointsKind, 'default', apiServiceName)
  if (found === undefined)
    return [planStep('api endpoints', putNew(endpointsKind, bornNow(endpointsKind, object, cluster, nowMs)))]
  const next = { ...found.object, subsets: object.subsets }
  return sameJson(next, found.object) ? [] : [planStep('api endpoints', put(found, next))]
}

/** The slice of the first port is named as the service, the others after their port. */
function writeSlices(groups: readonly Group[], cluster: Cluster, nowMs: number): readonly PlanStep[] {
  const names = new Set(groups.map(({ port }, i) => sliceName(port, i)))
  const stale = cluster
    .list<EndpointSlice>(endpointSliceKind, 'default')
    .filter(
      ({ object }) => object.metadata.labels?.[serviceLabel] === apiServiceName && !names.has(object.metadata.name),
    )
  const written = groups.flatMap(({ port, nodes }, i) => {
    const name = sliceName(port, i)
    const endpoints = nodes.map(({ address }): Endpoint => ({ addresses: [address], conditions: { ready: true } }))
    const ports = [{ name: 'https', protocol: 'TCP' as const, port }]
    const found = cluster.get<EndpointSlice>(endpointSliceKind, 'default', name)
    if (found !== undefined) {
      const next: EndpointSlice = { ...found.object, endpoints, ports }
      return sameJson(next, found.object) ? [] : [planStep('api slice', put(found, next))]
    }
    const metadata = { name, namespace: 'default', labels: { [serviceLabel]: apiServiceName } }
    const object: EndpointSlice = { metadata, addressType: 'IPv4', endpoints, ports }
    return [planStep('api slice', putNew(endpointSliceKind, bornNow(endpointSliceKind, object, cluster, nowMs)))]
  })
  return [...written, ...stale.map((slice) => planStep('api slice removed', remove(slice)))]
}

function sliceName(port: number, index: number): string {
  return index === 0 ? apiServiceName : `${apiServiceName}-${port}`
}

const mirrorless = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }

function bornNow<T extends KubeObject>(
  kind: Parameters<typeof born>[0],
  object: T,
  cluster: Cluster,
  nowMs: number,
): T {
  return born(kind, object, `api\n${object.metadata.name}\n${cluster.view.revision}`, nowMs)
}
