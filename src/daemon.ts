import { driveApi } from './api/driver.ts'
import { newGrants } from './auth/grants.ts'
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
import { newPodLogs } from './runtime/logs.driver.ts'
import { engineNetwork } from './runtime/parts.driver.ts'
import { driveStore, openStore } from './store/driver.ts'

/**
 * The daemon: every room joined. Rooms do not know one another; what one needs of another is handed over here. It runs
 * until the signal aborts, and rejects when any of its loops ends: none dies unnoticed.
 */
export async function runDaemon(config: Config, host: Host, signal: AbortSignal): Promise<void> {
  const { clock, entropy, network, disk, engine, files, sockets, http, log } = host
  const { cluster, version, ca, founding } = config
  const { identity, name } = config.node
  const self = { identity, name, addresses: [config.gossip.advertise] }
  const random = newRandom(seedOf(entropy.bytes(4)))
  const origin = uuid(entropy.bytes(16))

  const store = await openStore({ database: await disk.open('state'), log })
  const { view, writer, machine } = store
  const raft = await openRaft({
    self: identity,
    founding: founding && { voters: [identity], votersOutgoing: [], learners: [] },
    database: await disk.open('log'),
    options: { ...raftDefaults, ...config.raft },
    ...{ machine, network, clock, random, log },
  })
  const leader = () => raft.status().leader
  const gossip = newGossip({ self, network, clock, random: random.fork(), log, preset: presets[config.gossip.preset] })
  const { heard } = gossip
  const members = newMembers(view, config.peers, () => raft.status().configuration)
  const clusterStatus = () =>
    clusterStatusOf({
      node: name,
      clusterId: cluster.id,
      version,
      raft: raft.status(),
      members,
      heard: heard.members(),
    })
  const api = { ...config.api, clusterId: cluster.id, version }
  const node = { ...config.node, clusterId: cluster.id, version, ...addressesOf(config) }
  const room = { view, writer, clock, entropy, log }
  const devices = { engine, files, sockets, http }
  const pods = newPodLogs({ ...room, engine, network, node, members, grants: newGrants() }, signal)

  await untilAborted(signal, {
    raft: (s) => driveRaft(raft, s), // log -> store
    store: (s) => driveStore(store, { raft, clock, origin }, s), // proposals -> log, state -> disk
    members: (s) => driveMembers({ ...room, members, network, raft, leader }, s), // store -> gate
    gossip: (s) => driveGossip(gossip, { members: members.roster }, s), // members -> heard
    controllers: (s) =>
      driveControllers({ ...room, raft, heard, founding, node, caCertificatePem: ca.certificatePem }, s), // store -> store, on the leader
    runtime: (s) => driveRuntime({ ...room, ...devices, podNetwork: engineNetwork, node }, s), // store <-> containers
    api: (s) => driveApi({ ...room, http, network, pods, config: api, clusterStatus, leader, ca }, s), // kubectl <-> store
  })
}

/** Where this node is reached, as its Node object will say. */
function addressesOf({ api, gossip }: Config): { apiAddress: string; gossipAddresses: string[]; internalIp: string } {
  const host = api.advertise.slice(0, api.advertise.lastIndexOf(':'))
  return { apiAddress: api.advertise, gossipAddresses: [gossip.advertise], internalIp: host.replace(/^\[|\]$/g, '') }
}
