import type { DataDirContents, DataDirFault, NodeRecord, OpenedDataDir } from '../config.ts'
import { CommandError, exitCodes } from './exit.ts'
import { configOf, type Settings } from './settings.ts'
import type { World } from './world.ts'

/** What `up` and `join` have in common: the way from a data directory to a running daemon. */

/** Takes the directory for this process, and says what is in it. Rejects with a CommandError. */
export async function takeDataDir(path: string, world: World): Promise<Exclude<OpenedDataDir, DataDirFault>> {
  const before = await world.dataDirs.read(path)
  if (before.type === 'fault') throw dataError(before)
  const locked = await world.dataDirs.lock(path)
  if (locked !== 'locked') throw dataError(locked)
  return await readDataDir(path, world)
}

export async function readDataDir(path: string, world: World): Promise<Exclude<OpenedDataDir, DataDirFault>> {
  const opened = await world.dataDirs.read(path)
  if (opened.type === 'fault') throw dataError(opened)
  return opened
}

export function dataError({ reason, hint }: DataDirFault): CommandError {
  return new CommandError(exitCodes.data, reason, hint)
}

/** Whether the daemon will find what it needs: better said before anything is written than when half is done. */
export async function checkMachine(settings: Settings, world: World): Promise<void> {
  const { node, apiAddress, gossipAddress } = settings
  await checkPort('the API', apiAddress, node.apiPort, '--api-port', world)
  await checkPort('gossip', gossipAddress, node.gossipPort, '--gossip-port', world)
}

async function checkPort(what: string, address: string, port: number, flag: string, world: World): Promise<void> {
  const problem = await world.machine.portProblem(address, port)
  if (problem === null) return
  const reasons: Readonly<Record<string, readonly [string, string]>> = {
    EADDRINUSE: [
      `port ${port} is in use, and ${what} needs it`,
      `see who has it (ss -ltnp), or choose another with ${flag}`,
    ],
    EACCES: [`port ${port} is not open to this user`, `run skein as root, or choose a port above 1023 with ${flag}`],
    EADDRNOTAVAIL: [
      `${address} is no address of this machine`,
      'set the address in the config file to one it has, or to 0.0.0.0',
    ],
  }
  const [reason, hint] = reasons[problem] ?? [
    `cannot listen on ${address}:${port} (${problem})`,
    `choose another with ${flag}`,
  ]
  throw new CommandError(exitCodes.port, reason, hint)
}

/** A new node is not made where it could run nothing. */
export async function checkEngine(settings: Settings, world: World): Promise<void> {
  const problem = await world.machine.engineProblem(settings.dockerSocket)
  if (problem === null) return
  throw new CommandError(
    exitCodes.engine,
    `no Docker Engine answers at ${settings.dockerSocket}: ${problem}`,
    'start it (systemctl start docker), or say where it listens with --docker-socket',
  )
}

/** A member votes and keeps the log also while its engine is away, so that is only said. */
export async function warnOfEngine(settings: Settings, world: World): Promise<void> {
  const problem = await world.machine.engineProblem(settings.dockerSocket)
  if (problem === null) return
  world.terminal.complain(
    `warning: no Docker Engine answers at ${settings.dockerSocket}: ${problem}; this node runs no pods until it does`,
  )
}

/** Runs the daemon on a directory that is a node's; `greeting` is said once its API listens. Returns when it was told to stop. */
export async function runNode(
  path: string,
  contents: DataDirContents,
  settings: Settings,
  greeting: readonly string[],
  world: World,
): Promise<void> {
  const record: NodeRecord = { ...contents.record, settings: settings.node }
  if (JSON.stringify(record) !== JSON.stringify(contents.record)) await world.dataDirs.writeRecord(path, record)
  await world.runDaemon({
    config: configOf({ ...contents, record }, settings, world.version),
    dataDir: path,
    record,
    engineSocket: settings.dockerSocket,
    log: settings.log,
    serving: () => world.terminal.say(greeting.join('\n')),
  })
}
