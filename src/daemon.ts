import { driveApi } from './api/driver.ts'
import type { Config } from './config.ts'
import { driveControllers } from './controllers/driver.ts'
import { driveGossip, newGossip } from './gossip/driver.ts'
import { presets } from './gossip/preset.ts'
import type { Host } from './host/host.ts'
import { newRandom, seedOf } from './lib/random.ts'
import { uuid } from './lib/uuid.ts'
import { untilAborted } from './lib/wait.ts'
import { driveMembers } from './members/driver.ts'
import { newMembers } from './members/members.ts'
import { clusterStatusOf } from './members/status.ts'
import { driveRaft, openRaft } from './raft/driver.ts'
import { raftDefaults } from './raft/options.ts'
import { driveRuntime } from './runtime/driver.ts'
import { driveStore, openStore } from './store/driver.ts'

/**
 * The daemon: every room joined. Rooms do not know one another; what one needs of another is handed over here. It runs
 * until the signal aborts, and rejects when any of its loops ends: none dies unnoticed.
 */
export async function runDaemon(config: Config, host: Host, signal: AbortSignal): Promise<void> {
  const { clock, entropy, network, engine, http, log } = host
  const { node, cluster, ca } = config
  const self = { identity: node.identity, name: node.name, addresses: [config.gossip.advertise] }
  const random = newRandom(seedOf(entropy.bytes(4)))

  const store = await openStore({ database: await host.disk.open('state'), log })
  const { view, writer } = store
  const founding = config.founding && { voters: [self.identity], votersOutgoing: [], learners: [] }
  const options = { ...raftDefaults, ...config.raft }
  const database = await host.disk.open('log')
  const { machine } = store
  const raft = await openRaft({
    ...self,
    self: self.identity,
    founding,
    database,
    machine,
    network,
    clock,
    random,
    log,
    options,
  })
  const gossip = newGossip({ self, network, clock, random: random.fork(), log, preset: presets[config.gossip.preset] })
  const { heard } = gossip
  const members = newMembers(
    view,
    config.peers.map(({ addresses, ...peer }) => ({ ...peer, gossipAddresses: addresses, apiAddress: '' })),
  )
  const roster = () =>
    members.list().map(({ gossipAddresses, ...member }) => ({ ...member, addresses: gossipAddresses }))
  const clusterStatus = () =>
    clusterStatusOf({
      node: node.name,
      clusterId: cluster.id,
      version: config.version,
      raft: raft.status(),
      members,
      heard: heard.members(),
    })
  const runtimeNode = {
    ...node,
    clusterId: cluster.id,
    version: config.version,
    apiAddress: config.api.advertise,
    gossipAddresses: self.addresses,
    internalIp: hostOf(config.api.advertise),
  }
  const parts = { view, writer, clock, entropy, log }

  await untilAborted(signal, {
    members: (s) => driveMembers({ ...parts, members, network, leader: () => raft.status().leader }, s), // store -> gate
    raft: (s) => driveRaft(raft, s), // log -> store
    store: (s) => driveStore(store, { raft, clock, origin: uuid(entropy.bytes(16)) }, s), // proposals, state on disk
    gossip: (s) => driveGossip(gossip, { members: roster }, s), // members -> heard
    controllers: (s) => driveControllers({ ...parts, raft, heard, founding: config.founding, node: runtimeNode }, s), // store -> store, on the leader
    runtime: (s) => driveRuntime({ ...parts, engine, node: runtimeNode }, s), // store <-> containers
    api: (s) =>
      driveApi(
        {
          ...parts,
          http,
          config: { ...config.api, clusterId: cluster.id, version: config.version },
          clusterStatus,
          leader: () => raft.status().leader,
          ca,
        },
        s,
      ), // kubectl <-> store
  })
}

/** `10.0.0.1` of `10.0.0.1:6443`, `::1` of `[::1]:6443`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
