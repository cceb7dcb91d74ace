import { describe, expect, test } from 'vitest'
import { humanDuration } from './columns.ts'
import type { Kind } from './kind.ts'
import { configMap } from './kinds/configmap.ts'
import { endpoints } from './kinds/endpoints.ts'
import { endpointSlice } from './kinds/endpointslice.ts'
import { joinToken } from './kinds/jointoken.ts'
import { lease } from './kinds/lease.ts'
import { namespace } from './kinds/namespace.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { service } from './kinds/service.ts'
import { serviceAccount } from './kinds/serviceaccount.ts'
import { tableFor } from './table.ts'
import type { JsonObject, KubeObject } from './value.ts'

const [s, m, h, d, y] = [1, 60, 3600, 86_400, 86_400 * 365] as const

test.each([
  // Upstream's own rows for duration.HumanDuration.
  [s, '1s'],
  [70 * s, '70s'],
  [190 * s, '3m10s'],
  [70 * m, '70m'],
  [47 * h, '47h'],
  [49 * h, '2d1h'],
  [8 * d + 2 * h, '8d'],
  [367 * d, '367d'],
  [2 * y + 25 * h, '2y1d'],
  [8 * y + 2 * h, '8y'],
  [0, '0s'],
  [119 * s, '119s'],
  [2 * m, '2m'],
  [10 * m - s, '9m59s'],
  [10 * m, '10m'],
  [3 * h - s, '179m'],
  [3 * h, '3h'],
  [3 * h + 20 * m, '3h20m'],
  [8 * h, '8h'],
  [2 * d, '2d'],
  [2 * y, '2y'],
  [-1, '0s'],
  [-5, '<invalid>'],
])('%d seconds are %s', (seconds, expected) => {
  expect(humanDuration(seconds * 1000)).toBe(expected)
})

const nowMs = Date.UTC(2026, 0, 2, 0, 10, 0)
const metadata = { name: 'web', namespace: 'default', creationTimestamp: '2026-01-02T00:00:00Z' }

function cells(kind: Kind, object: JsonObject): readonly unknown[] {
  const table = tableFor(kind, [{ metadata, ...object } as unknown as KubeObject], nowMs)
  return table.rows[0]?.cells ?? []
}

const one = { containers: [{ name: 'c' }] }
const ran = { name: 'c', ready: false, restartCount: 0, image: '', imageID: '' }
const withState = (state: JsonObject, more: JsonObject = {}): JsonObject => ({
  phase: 'Running',
  containerStatuses: [{ ...ran, state, ...more }],
})
const running = { running: { startedAt: '2026-01-02T00:05:00Z' } }

test.each<[JsonObject, string, string, string]>([
  [{ status: { phase: 'Pending' } }, '0/1', 'Pending', '0'],
  [{ status: withState({ waiting: { reason: 'ContainerCreating' } }) }, '0/1', 'ContainerCreating', '0'],
  [{ status: withState(running, { ready: true }) }, '1/1', 'Running', '0'],
  [{ status: withState(running) }, '0/1', 'Running', '0'],
  [
    {
      status: withState(
        { waiting: { reason: 'CrashLoopBackOff' } },
        { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-02T00:05:00Z' } } },
      ),
    },
    '0/1',
    'CrashLoopBackOff',
    '3 (5m ago)',
  ],
  [
    { status: { ...withState({ terminated: { exitCode: 0, reason: 'Completed' } }), phase: 'Succeeded' } },
    '0/1',
    'Completed',
    '0',
  ],
  [{ status: { ...withState({ terminated: { exitCode: 3 } }), phase: 'Failed' } }, '0/1', 'ExitCode:3', '0'],
  [{ status: withState({ terminated: { exitCode: 137, signal: 9 } }) }, '0/1', 'Signal:9', '0'],
  [{ status: { phase: 'Failed', reason: 'Evicted' } }, '0/1', 'Evicted', '0'],
  [
    {
      status: withState(running, { ready: true }),
      metadata: { ...metadata, deletionTimestamp: '2026-01-02T00:10:30Z' },
    },
    '1/1',
    'Terminating',
    '0',
  ],
  [
    { status: { phase: 'Succeeded' }, metadata: { ...metadata, deletionTimestamp: '2026-01-02T00:10:30Z' } },
    '0/1',
    'Succeeded',
    '0',
  ],
  [
    {
      status: { phase: 'Running', reason: 'NodeLost' },
      metadata: { ...metadata, deletionTimestamp: '2026-01-02T00:10:30Z' },
    },
    '0/1',
    'Unknown',
    '0',
  ],
  [
    {
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    },
    '0/1',
    'SchedulingGated',
    '0',
  ],
  [{}, '0/1', 'Unknown', '0'],
])('a pod is shown as it is: %#', (object, ready, status, restarts) => {
  expect(cells(pod, { spec: one, ...object }).slice(0, 5)).toEqual(['web', ready, status, restarts, '10m'])
})

describe('a pod with init containers', () => {
  const spec = { ...one, initContainers: [{ name: 'i' }, { name: 'side', restartPolicy: 'Always' }] }
  const of = (name: string, state: JsonObject, more: JsonObject = {}): JsonObject => ({ ...ran, name, state, ...more })
  const done = of('i', { terminated: { exitCode: 0, reason: 'Completed' } })
  const waiting = (name: string, reason: string): JsonObject => of(name, { waiting: { reason } })
  const side = of('side', running, { started: true, ready: true, restartCount: 2 })
  const failed = (terminated: JsonObject): JsonObject => of('i', { terminated }, { restartCount: 1 })

  test.each<[string, readonly JsonObject[], JsonObject | null, readonly string[]]>([
    ['none has begun', [waiting('i', 'PodInitializing')], null, ['0/2', 'Init:0/2', '0']],
    ['the first runs', [of('i', running)], null, ['0/2', 'Init:0/2', '0']],
    ['the second has not started', [done, waiting('side', '')], null, ['0/2', 'Init:1/2', '0']],
    ['one loops', [waiting('i', 'CrashLoopBackOff')], null, ['0/2', 'Init:CrashLoopBackOff', '0']],
    ['one failed', [failed({ exitCode: 3 })], null, ['0/2', 'Init:ExitCode:3', '1']],
    ['one was killed', [failed({ exitCode: 137, signal: 9 })], null, ['0/2', 'Init:Signal:9', '1']],
    ['one failed and says why', [failed({ exitCode: 1, reason: 'Error' })], null, ['0/2', 'Init:Error', '1']],
    [
      'all are through',
      [{ ...done, restartCount: 5 }, side],
      of('c', running, { ready: true }),
      ['2/2', 'Running', '2'],
    ],
    ['the main one loops', [done, side], waiting('c', 'CrashLoopBackOff'), ['1/2', 'CrashLoopBackOff', '2']],
  ])('%s', (_, initContainerStatuses, main, expected) => {
    const containerStatuses = [main ?? waiting('c', 'PodInitializing')]
    const status = { phase: main === null ? 'Pending' : 'Running', initContainerStatuses, containerStatuses }
    expect(cells(pod, { spec, status }).slice(1, 4)).toEqual(expected)
  })
})

test('of several containers all are counted', () => {
  const spec = { containers: [{ name: 'a' }, { name: 'b' }] }
  const status = {
    phase: 'Running',
    containerStatuses: [
      { ...ran, ready: true, state: running },
      { ...ran, state: running },
    ],
  }
  expect(cells(pod, { spec, status }).slice(1, 3)).toEqual(['1/2', 'Running'])
})

test('of two containers, one done and one running, the pod runs', () => {
  const done = { ...ran, state: { terminated: { exitCode: 0, reason: 'Completed' } } }
  const status = { phase: 'Running', containerStatuses: [done, { ...ran, ready: true, state: running }] }
  const ready = { ...status, conditions: [{ type: 'Ready', status: 'True' }] }
  expect(cells(pod, { spec: one, status })[2]).toBe('NotReady')
  expect(cells(pod, { spec: one, status: ready })[2]).toBe('Running')
})

test('the wide columns of a pod', () => {
  const spec = { ...one, nodeName: 'n1', readinessGates: [{ conditionType: 'a/b' }, { conditionType: 'a/c' }] }
  const status = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'a/b', status: 'True' }] }
  expect(cells(pod, { spec, status }).slice(5)).toEqual(['10.0.0.1', 'n1', '<none>', '1/2'])
  expect(cells(pod, { spec: one }).slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>'])
})

test('a node', () => {
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    nodeInfo: {
      kubeletVersion: 'v1.33.0',
      osImage: 'Debian',
      kernelVersion: '6.1',
      containerRuntimeVersion: 'docker://20',
    },
  }
  const labels = { 'node-role.kubernetes.io/b': '', 'node-role.kubernetes.io/a': '', other: 'x' }
  expect(cells(node, { metadata: { ...metadata, labels }, spec: { unschedulable: true }, status })).toEqual([
    'web',
    'Ready,SchedulingDisabled',
    'a,b',
    '10m',
    'v1.33.0',
    '10.0.0.1',
    '<none>',
    'Debian',
    '6.1',
    'docker://20',
  ])
  expect(cells(node, {})).toEqual([
    'web',
    'Unknown',
    '<none>',
    '10m',
    '',
    '<none>',
    '<none>',
    '<unknown>',
    '<unknown>',
    '<unknown>',
  ])
  expect(cells(node, { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })[1]).toBe('NotReady')
})

test('what is behind services', () => {
  const subset = (count: number) => ({
    addresses: Array.from({ length: count }, (_, i) => ({ ip: `10.244.0.${i}` })),
    ports: [{ port: 80 }],
  })
  expect(cells(endpoints, { subsets: [subset(2)] })).toEqual(['web', '10.244.0.0:80,10.244.0.1:80', '10m'])
  expect(cells(endpoints, { subsets: [subset(5)] })[1]).toBe('10.244.0.0:80,10.244.0.1:80,10.244.0.2:80 + 2 more...')
  expect(cells(endpoints, {})[1]).toBe('<none>')
  const backends = ['10.244.0.1', '10.244.0.2'].map((address) => ({ addresses: [address] }))
  const slice = { addressType: 'IPv4', endpoints: backends, ports: [{ port: 80 }, { port: 81 }] }
  expect(cells(endpointSlice, slice)).toEqual(['web', 'IPv4', '80,81', '10.244.0.1,10.244.0.2', '10m'])
  expect(cells(endpointSlice, { ...slice, endpoints: [], ports: [] }).slice(2, 4)).toEqual(['<unset>', '<unset>'])
})

test('a service', () => {
  const spec = { type: 'NodePort', clusterIP: '10.96.1.1', selector: { app: 'web', tier: 'a' } }
  const ports = [
    { port: 80, nodePort: 30080, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ]
  const row = ['web', 'NodePort', '10.96.1.1', '<none>', '80:30080/TCP,53/UDP', '10m', 'app=web,tier=a']
  expect(cells(service, { spec: { ...spec, ports } })).toEqual(row)
  const outside = { type: 'ExternalName', externalName: 'a.b' }
  expect(cells(service, { spec: outside })).toEqual(['web', 'ExternalName', '<none>', 'a.b', '<none>', '10m', '<none>'])
  const balanced = { type: 'LoadBalancer', clusterIP: '10.96.1.1', ports: [] }
  expect(cells(service, { spec: balanced, status: { loadBalancer: {} } })[3]).toBe('<pending>')
  expect(cells(service, { spec: balanced, status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } })[3]).toBe(
    '1.2.3.4',
  )
})

test('the others', () => {
  expect(cells(lease, { spec: { holderIdentity: 'n1' } })).toEqual(['web', 'n1', '10m'])
  expect(cells(serviceAccount, { secrets: [{ name: 's' }] })).toEqual(['web', 1, '10m'])
  expect(cells(configMap, { data: { a: '', b: '' }, binaryData: { c: '' } })).toEqual(['web', 3, '10m'])
  expect(cells(namespace, { status: { phase: 'Active' } })).toEqual(['web', 'Active', '10m'])
  expect(cells(namespace, { metadata: { name: 'x' } })).toEqual(['x', '', '<unknown>'])
  const spec = { scope: 'full', secretHash: '', expiresAt: '2026-01-02T01:00:00Z', usesLeft: 0 }
  expect(cells(joinToken, { spec })).toEqual(['web', 'full', '50m', '0'])
  expect(cells(joinToken, { spec: { scope: 'worker', secretHash: '' } })).toEqual(['web', 'worker', '<never>', '<any>'])
  expect(cells(joinToken, { spec: { ...spec, expiresAt: '2026-01-02T00:10:00Z' } })[2]).toBe('expired')
})

test('the form of a table', () => {
  const object = { metadata, spec: one, status: { phase: 'Succeeded' } } as unknown as KubeObject
  const table = tableFor(pod, [object], nowMs, { metadata: { resourceVersion: '7' } })
  expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } })
  expect(table.columnDefinitions.map(({ name, priority }) => [name, priority])).toEqual([
    ['Name', 0],
    ['Ready', 0],
    ['Status', 0],
    ['Restarts', 0],
    ['Age', 0],
    ['IP', 1],
    ['Node', 1],
    ['Nominated Node', 1],
    ['Readiness Gates', 1],
  ])
  expect(table.rows[0]).toMatchObject({
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
    conditions: [{ type: 'Completed', status: 'True', reason: 'Succeeded' }],
  })
  expect(tableFor(pod, [object], nowMs, { includeObject: 'Object' }).rows[0]?.object).toBe(object)
  expect(tableFor(pod, [object], nowMs, { includeObject: 'None', columns: false })).toMatchObject({
    columnDefinitions: [],
  })
  expect(tableFor(pod, [object], nowMs, { includeObject: 'None' }).rows[0]).not.toHaveProperty('object')
})
