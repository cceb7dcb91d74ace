import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Endpoints, Pod, Service } from '../objects/types.ts'
import { apiEndpoints } from './apiendpoints.ts'
import { endpoints } from './endpoints.ts'
import { endpointSlices } from './endpointslices.ts'
import { newFixtureStore } from './fixture.ts'
import { endpointSliceKind, endpointsKind, podKind, serviceKind } from './objects.ts'

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', labels: { team: 'a' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }],
    ...spec,
  },
})

const backend = (
  name: string,
  address: string,
  more: { ready?: boolean; going?: boolean; port?: number; portName?: string } = {},
): Pod =>
  ({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels: { app: 'web' },
      ...(more.going === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'main', ports: [{ name: more.portName ?? 'web', containerPort: more.port ?? 8080 }] }],
    },
    status: {
      phase: 'Running',
      podIP: address,
      conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }],
    },
  }) as Pod

function cluster(one: Service, pods: readonly Pod[]) {
  const store = newFixtureStore()
  store.node('n1', { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'a' } } })
  store.put(serviceKind, one)
  for (const pod of pods) store.put(podKind, pod)
  const look = () => {
    store.follow(endpoints.reconcile('default/web', store.cluster, 0))
    store.follow(endpointSlices.reconcile('default/web', store.cluster, 0))
  }
  const slices = () => store.cluster.list<EndpointSlice>(endpointSliceKind, 'default').map(({ object }) => object)
  look()
  return { store, look, slices, endpoints: () => store.read<Endpoints>(endpointsKind, 'web') }
}

describe('endpoints and slices', () => {
  it('hold what is ready, know what is not, and let go of what is going', () => {
    const { slices, endpoints: read } = cluster(service(), [
      backend('a', '10.244.0.1'),
      backend('b', '10.244.0.2', { ready: false }),
      backend('c', '10.244.0.3', { going: true }),
    ])
    const [slice] = slices()
    expect(slice?.metadata.labels).toMatchObject({ 'kubernetes.io/service-name': 'web', team: 'a' })
    expect(slice?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Service', uid: 'uid-web', controller: true })
    expect(slice?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }])
    expect(slice?.endpoints.map(({ addresses, conditions }) => [addresses[0], conditions])).toEqual([
      ['10.244.0.1', { ready: true, serving: true, terminating: false }],
      ['10.244.0.2', { ready: false, serving: false, terminating: false }],
      ['10.244.0.3', { ready: false, serving: true, terminating: true }],
    ])
    expect(slice?.endpoints[0]).toMatchObject({
      nodeName: 'n1',
      zone: 'a',
      targetRef: { kind: 'Pod', name: 'a', uid: 'uid-a' },
    })
    expect(read()?.subsets).toEqual([
      {
        addresses: [
          {
            ip: '10.244.0.1',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
          },
        ],
        notReadyAddresses: [
          {
            ip: '10.244.0.2',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'b', uid: 'uid-b' },
          },
        ],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ])
  })

  it('publish what is not ready where the service asks for it', () => {
    const { slices, endpoints: read } = cluster(service({ publishNotReadyAddresses: true }), [
      backend('a', '10.244.0.1', { ready: false }),
    ])
    expect(slices()[0]?.endpoints[0]?.conditions).toMatchObject({ ready: true, serving: false })
    expect(read()?.subsets?.[0]?.addresses).toHaveLength(1)
  })

  it('keep pods apart whose ports of that name differ, and leave out what has none', () => {
    const { slices } = cluster(service(), [
      backend('a', '10.244.0.1', { port: 8080 }),
      backend('b', '10.244.0.2', { port: 9090 }),
      backend('c', '10.244.0.3', { portName: 'other' }),
    ])
    const ports = slices().map(({ ports: found = [], endpoints: items }) => [found[0]?.port, items.length])
    expect(ports.sort()).toEqual([
      [8080, 1],
      [9090, 1],
    ])
  })

  it('a service without ports or backends has one slice that says so', () => {
    const { slices, endpoints: read, store, look } = cluster(service({ clusterIP: 'None', ports: undefined }), [])
    expect(slices().map(({ endpoints: items, ports }) => [items, ports])).toEqual([[[], undefined]])
    expect(slices()[0]?.metadata.labels).toHaveProperty('service.kubernetes.io/headless', '')
    expect(read()?.subsets).toBeUndefined()
    store.put(podKind, backend('a', '10.244.0.1'))
    look()
    expect(slices()).toHaveLength(1)
    expect(slices()[0]?.endpoints).toHaveLength(1)
    expect(read()?.subsets).toEqual([expect.not.objectContaining({ ports: expect.anything() })])
  })

  it('a hundred fit into a slice, and the news of one pod is written to one', () => {
    const pods = Array.from({ length: 250 }, (_, i) => backend(`p${i}`, `10.244.1.${i}`))
    const { store, look, slices } = cluster(service(), pods)
    expect(
      slices()
        .map(({ endpoints: items }) => items.length)
        .sort(),
    ).toEqual([100, 100, 50])
    const before = new Map(slices().map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
    store.put(podKind, backend('p42', '10.244.1.42', { ready: false }))
    look()
    expect(slices().filter(({ metadata }) => before.get(metadata.name) !== metadata.resourceVersion)).toHaveLength(1)
    expect(endpointSlices.reconcile('default/web', store.cluster, 0).steps).toEqual([])
  })

  it('leaves to others what has no selector, and takes away its own when the service is gone', () => {
    const {
      store,
      look,
      endpoints: read,
      slices,
    } = cluster(service({ selector: undefined }), [backend('a', '10.244.0.1')])
    expect([read(), slices()]).toEqual([undefined, []])
    store.put(serviceKind, service())
    look()
    expect(read()).toBeDefined()
    const { revision } = store.view.get('core/services/default/web') ?? { revision: 0 }
    store.commit({
      writes: [{ type: 'delete', key: 'core/services/default/web', expect: { type: 'revision', revision } }],
    })
    look()
    expect(read()).toBeUndefined()
  })

  it('are told of pods that match, or matched, and of no others', () => {
    const { store } = cluster(service(), [])
    const touched = (before: Pod | null, after: Pod | null) =>
      endpointSlices.touched({ kind: podKind, namespace: 'default', name: 'a', before, after }, store.cluster)
    const pod = backend('a', '10.244.0.1')
    expect(touched(null, pod)).toEqual(['default/web'])
    expect(touched(pod, null)).toEqual(['default/web'])
    expect(touched(pod, pod)).toEqual([])
    expect(touched(pod, { ...pod, status: { ...pod.status, containerStatuses: [] } })).toEqual([])
    expect(touched(pod, { ...pod, metadata: { ...pod.metadata, labels: {} } })).toEqual(['default/web'])
    const other = { ...pod, metadata: { ...pod.metadata, labels: { app: 'db' } } }
    expect(touched(null, other)).toEqual([])
  })

  it('behind the API is every node that answers', () => {
    const store = newFixtureStore()
    const node = (name: string, address: string, status = 'True') =>
      store.node(name, { metadata: { name, annotations: { 'skein.dev/api-address': address } } }, [
        { type: 'Ready', status },
      ])
    node('n1', '192.0.2.1:6443')
    node('n2', '192.0.2.2:6443')
    node('n3', '192.0.2.3:6443', 'Unknown')
    const look = () => store.follow(apiEndpoints.reconcile('', store.cluster, 0))
    look()
    expect(store.read<Service>(serviceKind, 'kubernetes')?.spec).toMatchObject({ clusterIP: '10.96.0.1' })
    expect(store.view.get('skein/reserved//ip-10.96.0.1')).toBeDefined()
    const addresses = () =>
      store.read<Endpoints>(endpointsKind, 'kubernetes')?.subsets?.[0]?.addresses?.map(({ ip }) => ip)
    expect(addresses()).toEqual(['192.0.2.1', '192.0.2.2'])
    node('n3', '192.0.2.3:6443')
    look()
    expect(addresses()).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    expect(store.read<EndpointSlice>(endpointSliceKind, 'kubernetes')?.endpoints).toHaveLength(3)
    look()
    expect(apiEndpoints.reconcile('', store.cluster, 0).steps).toEqual([])
  })
})
