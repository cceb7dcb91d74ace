import { newClock } from '../../src/host/clock.io.ts'
import type { Log } from '../../src/host/host.ts'
import { newIdentity, type OwnIdentity } from '../../src/host/identity.io.ts'
import { type OpenNetwork, openNetwork } from '../../src/host/libp2p.io.ts'
import { newSimClock, newSimMachineClock } from '../sim/host/clock.ts'
import { newSimNetwork } from '../sim/host/network.ts'
import { newSimProcess, type SimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { type NetworkSetting, networkSuite } from './network.ts'
import { networkStreamsSuite } from './networkstreams.ts'

for (const suite of [networkSuite, networkStreamsSuite]) {
  suite('real', real)
  for (const seed of [1, 2, 3]) suite(`simulated, seed ${seed}`, () => simulated(seed))
}

async function real(): Promise<NetworkSetting> {
  const own = new Map<string, { identity: OwnIdentity; address: string }>()
  const open = new Map<string, OpenNetwork>()
  const setting: NetworkSetting = {
    clock: newClock(),
    async start(host) {
      const kept = own.get(host)
      const identity = kept?.identity ?? (await newIdentity())
      const listen = kept?.address ?? '127.0.0.1:0'
      const network = await openNetwork({ own: identity, listen, log: silent }, new AbortController().signal)
      own.set(host, { identity, address: network.addresses[0] ?? '' })
      open.set(host, network)
      return network
    },
    async kill(host) {
      await open.get(host)?.close()
      open.delete(host)
    },
    async end() {
      await Promise.all([...open.values()].map((network) => network.close()))
    },
  }
  return setting
}

async function simulated(seed: number): Promise<NetworkSetting> {
  const world = newWorld(seed)
  const network = newSimNetwork(world)
  const lives = new Map<string, SimProcess>()
  const observer = newSimProcess(world, 'observer')
  const stop = world.runFreely()
  return {
    clock: newSimClock(world, observer, newSimMachineClock(world)),
    async start(host) {
      const process = newSimProcess(world, host, (lives.get(host)?.life ?? 0) + 1)
      lives.set(host, process)
      return network.attach(process, `identity-${host}`, [`${host}:7000`])
    },
    async kill(host) {
      lives.get(host)?.kill()
    },
    async end() {
      stop()
    },
  }
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
