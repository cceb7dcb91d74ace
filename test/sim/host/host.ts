import type { Host } from '../../../src/host/host.ts'
import type { SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import { newSimClock, newSimMachineClock, type SimMachineClock } from './clock.ts'
import { newSimDisk, type SimDisk } from './disk.ts'
import { newSimEngine, type SimEngine, type SimEngineOptions } from './engine.ts'
import { newSimEntropy } from './entropy.ts'
import { newSimFiles, type SimFiles } from './files.ts'
import type { SimHttp } from './http.ts'
import { newSimLog, type SimLogLine } from './log.ts'
import type { SimNetwork } from './network.ts'
import type { SimSites } from './sites.ts'
import type { SimSockets } from './sockets.ts'

/** A machine: what outlives the daemons that run on it. */
export interface SimMachine {
  readonly node: string
  readonly identity: string
  readonly clock: SimMachineClock
  readonly disk: SimDisk
  readonly engine: SimEngine
  readonly files: SimFiles
}

/** What all machines of a world share. */
export interface SimSurroundings {
  readonly world: World
  readonly network: SimNetwork
  readonly http: SimHttp
  readonly sockets: SimSockets
  /** What serves in containers. */
  readonly sites: SimSites
  readonly onLine: (line: SimLogLine) => void
}

export function newSimMachine(world: World, node: string, identity: string, engine: SimEngineOptions): SimMachine {
  const files = newSimFiles(world)
  return {
    node,
    identity,
    clock: newSimMachineClock(world),
    disk: newSimDisk(world, node),
    engine: newSimEngine(world, node, { has: files.has, ...engine }),
    files,
  }
}

/** Everything that one process on this machine may touch. */
export function newSimHost(
  { world, network, http, sockets, onLine }: SimSurroundings,
  machine: SimMachine,
  process: SimProcess,
  addresses: readonly string[],
): Host {
  return {
    clock: newSimClock(world, process, machine.clock),
    entropy: newSimEntropy(world.random.fork()),
    network: network.attach(process, machine.identity, addresses),
    disk: machine.disk.mount(process),
    engine: machine.engine.attach(process),
    files: machine.files.attach(process),
    sockets: sockets.attach(process),
    http: http.attach(process),
    log: newSimLog(world, process, onLine),
  }
}
