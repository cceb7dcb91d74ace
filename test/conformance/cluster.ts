import { driveControllers } from '../../src/controllers/driver.ts'
import type { Clock, Entropy, Log } from '../../src/host/host.ts'
import { must } from '../../src/lib/assert.ts'
import { applyDefaults } from '../../src/objects/defaults.ts'
import { beginDeletion } from '../../src/objects/deletion.ts'
import { findKindByName } from '../../src/objects/kinds.ts'
import { memberNode } from '../../src/objects/member.ts'
import { prepareCreate } from '../../src/objects/prepare.ts'
import { keyOf, readStored, writeStored } from '../../src/objects/stored.ts'
import type { KubeObject, Node, Pod } from '../../src/objects/types.ts'
import { driveRuntime } from '../../src/runtime/driver.ts'
import { engineNetwork, type RuntimeParts } from '../../src/runtime/parts.driver.ts'
import { encodeProposal } from '../../src/store/codec.ts'
import { newStoreCore } from '../../src/store/store.ts'
import { NoQuorumError, type Outcome, type StoreView, type StoreWriter, type Txn } from '../../src/store/types.ts'

/** Several nodes around one store in memory: runtime and controllers as they are, without network or Raft. */
export interface OneStoreCluster {
  readonly view: StoreView
  /** How many transactions were carried out. */
  readonly commits: number
  /** Nothing can be written while it is false. */
  quorum: boolean
  create(pod: { readonly name: string; readonly spec: object }): Pod
  pod(name: string): Pod | undefined
  node(name: string): Node | undefined
  remove(name: string, graceSeconds: number | null): void
  /** Makes a ConfigMap or Secret, or puts this in its place. */
  configure(kind: 'ConfigMap' | 'Secret', name: string, data: Readonly<Record<string, string>>): void
  /** Starts a daemon's runtime; the returned function ends it and waits for it. */
  run(node: string, devices: NodeDevices): () => Promise<void>
  /** Pods that were withdrawn from the proxies, by address, in order. */
  readonly withdrawn: readonly string[]
  lead(): () => Promise<void>
  /** What gossip says of a node. */
  hear(node: string, state: 'alive' | 'dead'): void
}

export type NodeDevices = Pick<RuntimeParts, 'engine' | 'files' | 'http' | 'sockets'>

export interface ClusterNeeds {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Log
  readonly clusterId: string
}

const podKind = must(findKindByName('v1', 'Pod'), 'pods are served')
const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')

export function newOneStoreCluster({ clock, entropy, log, clusterId }: ClusterNeeds): OneStoreCluster {
  const core = newStoreCore()
  const { view } = core
  const heard = new Map<string, 'alive' | 'dead'>()
  const hearers = new Set<() => void>()
  const withdrawn: string[] = []
  let sequence = 0
  let uids = 0

  function apply(txn: Txn): Outcome {
    sequence++
    const mark = { origin: 'test', since: 0, sequence, acked: sequence }
    const { verdict, changes } = core.apply({ index: core.head.index + 1, term: 1, data: encodeProposal(mark, txn) })
    core.publish(changes)
    return must(verdict.type === 'decided' ? verdict.outcome : null, 'each proposal is new')
  }
  function commit(txn: Txn): void {
    const outcome = apply(txn)
    if (outcome.type === 'refused') throw new Error(JSON.stringify(outcome.refusals))
  }
  function born<T extends KubeObject>(kind: typeof podKind, namespace: string, object: T): T {
    const uid = `${String(++uids).padStart(8, '0')}-0000-4000-8000-000000000000`
    return prepareCreate(kind, applyDefaults(kind, object), {
      nowMs: clock.nowMs(),
      uid,
      namespace,
      nameSuffix: '',
    }) as T
  }
  function read<T extends KubeObject>(kind: typeof podKind, key: string): T | undefined {
    const version = view.get(key)
    return version === undefined ? undefined : readStored<T>(kind, version)
  }

  const writer: StoreWriter = {
    commit: (txn, signal) => tick(signal).then(() => apply(txn)),
    barrier: (signal) => tick(signal),
  }
  /** A write takes a moment, and a majority. */
  function tick(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      clock.after(2, () => {
        if (signal.aborted) reject(signal.reason as Error)
        else if (cluster.quorum) resolve()
        else reject(new NoQuorumError('no leader'))
      })
    })
  }
  function self(name: string) {
    const gossipAddresses = ['192.0.2.1:7946']
    const more = { labels: {}, podsMax: 110, clusterId, version: 'v0', internalIp: '192.0.2.1' }
    return { name, identity: `id-${name}`, gossipAddresses, apiAddress: '192.0.2.1:6443', ...more }
  }
  function start(run: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
    const running = new AbortController()
    const ended = run(running.signal).then(
      () => undefined,
      (cause: unknown) => {
        if (!running.signal.aborted) throw cause
      },
    )
    return () => {
      running.abort(new Error('the test has ended'))
      return ended
    }
  }

  const cluster: OneStoreCluster = {
    view,
    get commits() {
      return sequence
    },
    quorum: true,
    create({ name, spec }) {
      const pod = born(podKind, 'default', { metadata: { name }, spec } as Pod)
      const key = keyOf(podKind, 'default', name)
      commit({ writes: [{ type: 'put', key, expect: { type: 'absent' }, value: writeStored(pod) }] })
      return pod
    },
    pod: (name) => read<Pod>(podKind, keyOf(podKind, 'default', name)),
    node: (name) => read<Node>(nodeKind, keyOf(nodeKind, '', name)),
    remove(name, graceSeconds) {
      const key = keyOf(podKind, 'default', name)
      const version = must(view.get(key), 'what is removed is there')
      const deletion = beginDeletion(podKind, readStored<Pod>(podKind, version), graceSeconds, clock.nowMs())
      const expect = { type: 'revision', revision: version.revision } as const
      if (deletion.type === 'gone') commit({ writes: [{ type: 'delete', key, expect }] })
      if (deletion.type !== 'marked') return
      commit({ writes: [{ type: 'put', key, expect, value: writeStored(deletion.object) }] })
    },
    withdrawn,
    configure(kindName, name, data) {
      const kind = must(findKindByName('v1', kindName), 'it is served')
      const key = keyOf(kind, 'default', name)
      const version = view.get(key)
      const expect =
        version === undefined
          ? ({ type: 'absent' } as const)
          : ({ type: 'revision', revision: version.revision } as const)
      const value = writeStored(born(kind, 'default', { metadata: { name }, data }))
      commit({ writes: [{ type: 'put', key, expect, value }] })
    },
    run(name, devices) {
      const key = keyOf(nodeKind, '', name)
      if (view.get(key) === undefined) {
        const value = writeStored(born(nodeKind, '', memberNode(self(name), {})))
        commit({ writes: [{ type: 'put', key, expect: { type: 'absent' }, value }] })
      }
      heard.set(`id-${name}`, 'alive')
      const room = { view, writer, clock, log, podNetwork: engineNetwork }
      const withdraw = async ({ address }: { readonly address: string }): Promise<void> => {
        withdrawn.push(address)
      }
      return start((signal) => driveRuntime({ ...room, ...devices, withdraw, node: self(name) }, signal))
    },
    lead() {
      const voters = ['id-n1']
      const raft = {
        status: () => ({
          role: 'leader',
          term: 1,
          configuration: { voters, votersOutgoing: [], learners: [] },
          active: voters,
        }),
        watch: () => () => undefined,
        changeMembers: () => undefined,
      }
      const hearing = {
        members: () => [...heard].map(([identity, state]) => ({ identity, state })),
        subscribe: (listener: () => void) => {
          hearers.add(listener)
          return () => hearers.delete(listener)
        },
      }
      const parts = {
        view,
        writer,
        raft,
        heard: hearing,
        clock,
        entropy,
        log,
        node: self('n1'),
        founding: null,
        caCertificatePem: 'pem',
      }
      return start((signal) => driveControllers(parts, signal))
    },
    hear(node, state) {
      heard.set(`id-${node}`, state)
      for (const listener of hearers) listener()
    },
  }
  return cluster
}
