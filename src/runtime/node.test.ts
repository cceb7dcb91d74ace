import { describe, expect, it } from 'vitest'
import type { EngineInfo } from '../host/host.ts'
import { amountsOf } from '../objects/capacity.ts'
import type { Node } from '../objects/types.ts'
import { isDeclaredLost, type NodeFacts, reconcileNode } from './node.ts'

const engine: EngineInfo = {
  version: 'docker://20.10.24',
  os: 'linux',
  arch: 'arm64',
  osImage: 'Debian',
  kernelVersion: '6.1',
  cpuMillis: 2500,
  memoryBytes: 1024 ** 3,
}
const facts: NodeFacts = {
  member: { name: 'n1', identity: '12D3', gossipAddresses: ['192.0.2.1:7946'], apiAddress: '192.0.2.1:6443' },
  labels: { disk: 'ssd' },
  zone: 'a',
  podsMax: 110,
  version: 'v0.1.0',
  internalIp: '192.0.2.1',
  engine,
}
const born: Node = {
  metadata: { name: 'n1', uid: 'u', labels: { mine: 'yes' } },
  spec: { providerID: 'skein://12D3', unschedulable: true },
}

describe('the node about itself', () => {
  const node = reconcileNode(born, facts, 0)

  it('tells what it is and what it has, over what others wrote', () => {
    expect(node.metadata).toMatchObject({
      uid: 'u',
      labels: {
        mine: 'yes',
        disk: 'ssd',
        'kubernetes.io/arch': 'arm64',
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': 'n1',
        'topology.kubernetes.io/zone': 'a',
      },
      annotations: { 'skein.dev/gossip-address': '192.0.2.1:7946', 'skein.dev/api-address': '192.0.2.1:6443' },
    })
    expect(node.spec).toEqual({ providerID: 'skein://12D3', unschedulable: true })
    expect(amountsOf(node.status?.capacity)).toEqual({ cpu: 2500, memory: 1024 ** 3, pods: 110 })
    expect(amountsOf(node.status?.allocatable)).toEqual({ cpu: 2500, memory: 924 * 1024 ** 2, pods: 110 })
    expect(node.status?.conditions).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'the container engine answers',
        lastTransitionTime: '1970-01-01T00:00:00Z',
      },
    ])
    expect(node.status?.nodeInfo).toMatchObject({
      containerRuntimeVersion: 'docker://20.10.24',
      kubeletVersion: 'v0.1.0',
    })
  })

  it('says the same while nothing changes', () => expect(reconcileNode(node, facts, 9_000_000)).toEqual(node))

  it('is not ready without its engine, and keeps its figures', () => {
    const down = reconcileNode(node, { ...facts, engine: null }, 1000)
    expect(down.status?.capacity).toEqual(node.status?.capacity)
    expect(down.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }])
  })

  it('does not contradict the leader that found it dead', () => {
    const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }]
    const lost = { ...node, status: { ...node.status, conditions } }
    expect(isDeclaredLost(lost)).toBe(true)
    expect(reconcileNode(lost, facts, 1000).status?.conditions).toEqual(conditions)
  })
})
