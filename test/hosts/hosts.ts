import type { StdioOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { command, HostsError } from './command.ts'
import { importImage, makeImageArchive } from './image.ts'
import { execInside, type Inside, type InsideOptions, type Ran, spawnInside } from './inside.ts'
import { makeLan, move, plugIn, plugs, type Side, unplug } from './lan.ts'
import { defaultPrefix, type HostPlace, hostPlaceOf, type Place, placeOf, prefixProblem, root } from './names.ts'
import { engineReady, powerOff, powerOn } from './power.ts'
import { lives, type ProcessId, processId } from './processes.ts'
import { claimRange, type Range, rangeOf, releaseRange } from './ranges.ts'
import {
  beginSet,
  isOrphan,
  makeHostFolders,
  orphans,
  readHost,
  readSet,
  releaseSet,
  type SetRecord,
  writeHost,
} from './state.ts'
import { checkMachine, findInit, mustBeRoot } from './tools.ts'
import { layFoundations, removeTraces, tracesOf } from './traces.ts'

/**
 * Several hosts on one machine, each with a network, processes, a Docker Engine and a disk of its own: the one harness
 * of tests, demo, chaos, benchmarks and of people (`npm run hosts`). What there is can be found again by another
 * process (`openHosts`); `stop` leaves nothing behind.
 */
export interface Hosts {
  readonly prefix: string
  readonly folder: string
  /** The machine's own address among the hosts. */
  readonly machineAddress: string
  readonly hosts: readonly Host[]
  host(name: string): Host
  /** Cuts these hosts off from the others and from the machine; each other they still reach. Nobody is told: silence. */
  partition(names: readonly string[]): Promise<void>
  heal(names: readonly string[]): Promise<void>
  /** Removes every trace of them. */
  stop(): Promise<void>
}

export interface Host {
  readonly name: string
  /** Reached by the other hosts and by the machine. */
  readonly address: string
  /** The engine's socket, as the machine sees it; inside it is /var/run/docker.sock. */
  readonly engineSocket: string
  readonly folder: string
  /** What the host sees as /var/lib. */
  readonly disk: string
  readonly running: boolean
  /** Runs a command inside to its end. Rejects when the power is off. */
  exec(
    args: readonly string[],
    options?: InsideOptions & { readonly input?: string; readonly timeoutMs?: number },
  ): Promise<Ran>
  /** Starts a command inside; `stdio` as Node has it. Throws when the power is off. */
  spawn(args: readonly string[], options?: InsideOptions & { readonly stdio?: StdioOptions }): Inside
  /** Power off: its peers hear nothing more of it. */
  kill(): Promise<void>
  /** All its processes end, and its kernel tells their peers so (FIN, RST). */
  crash(): Promise<void>
  /** Power on, after `kill` or `crash`: the same address, the same disk, a network with nothing in it. */
  boot(): Promise<void>
}

export interface HostsOptions {
  readonly count: number
  /** Names the set; absent: one of its own. Hosts are called by it: `h` has h1, h2 … */
  readonly prefix?: string
  /** Whether they stay when this process ends. If not, whoever makes hosts next removes what this one left. */
  readonly stay?: boolean
}

/** Makes hosts and starts their engines, with the demo image in each. What it began is gone again when it fails or `signal` aborts. */
export async function startHosts(
  { count, prefix = ownPrefix(), stay = false }: HostsOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<Hosts> {
  checkMachine(count)
  const place = checkedPlace(prefix)
  for (const orphan of orphans()) await removeTraces(orphan)
  await checkNothingThere(prefix)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  layFoundations()
  const set: SetRecord = { prefix, count, range: await claimRange(prefix), owner: processId(process.pid) }
  try {
    beginSet(set)
  } catch (error) {
    releaseRange(prefix, set.range)
    throw error
  }
  try {
    await makeAll(place, count, rangeOf(set.range), signal)
    if (stay) releaseSet(set)
    return newHosts(place, set)
  } catch (error) {
    await removeTraces(prefix)
    throw error
  }
}

async function checkNothingThere(prefix: string): Promise<void> {
  const left = await tracesOf(prefix)
  if (left.length === 0) return
  if (readSet(placeOf(prefix)) === null) throw leftOvers(prefix, left)
  throw new HostsError(
    `hosts ${prefix}1 … are up already`,
    `see them: ${npm(prefix, 'status')}; remove them: ${npm(prefix, 'down')}`,
  )
}

function leftOvers(prefix: string, left: readonly string[]): HostsError {
  const more = left.length > 3 ? `, and ${left.length - 3} more` : ''
  const what = `left-overs of hosts ${prefix}1 …: ${left.slice(0, 3).join(', ')}${more}`
  return new HostsError(what, `remove them: ${npm(prefix, 'down')}`)
}

/** The command line that a person types for this set. */
export function npm(prefix: string, words: string): string {
  return `npm run hosts -- ${prefix === defaultPrefix ? '' : `--prefix ${prefix} `}${words}`
}

async function makeAll(place: Place, count: number, range: Range, signal: AbortSignal): Promise<void> {
  await makeLan(place, range)
  const hosts = Array.from({ length: count }, (_, i) => hostPlaceOf(place, i + 1))
  const archive = makeImageArchive(place.folder)
  archive.catch(() => undefined) // Awaited below; it may fail before.
  for (const host of hosts) {
    signal.throwIfAborted()
    makeHostFolders(host)
    await bootHost(place, host, range)
  }
  await together(hosts, async (host) => {
    await engineReady(host, signal)
    await importImage(host.engineSocket, await archive)
  })
  signal.throwIfAborted()
}

/** The hosts of this prefix, which somebody made. */
export async function openHosts(prefix: string): Promise<Hosts> {
  mustBeRoot()
  const place = checkedPlace(prefix)
  const set = readSet(place)
  if (set === null || isOrphan(set)) {
    const left = await tracesOf(prefix)
    if (left.length > 0) throw leftOvers(prefix, left)
    throw new HostsError(`there are no hosts ${prefix}1 …`, `make some: ${npm(prefix, 'up 3')}`)
  }
  return newHosts(place, set)
}

function newHosts(place: Place, set: SetRecord): Hosts {
  const range = rangeOf(set.range)
  const places = Array.from({ length: set.count }, (_, i) => hostPlaceOf(place, i + 1))
  const hosts = places.map((each) => newHost(place, each, range))
  const placesOf = (names: readonly string[]): HostPlace[] => names.map((name) => named(places, name, set.prefix))
  const moveTo = async (names: readonly string[], side: Side): Promise<void> => {
    const moved = placesOf(names)
    const plugged = await plugs(place)
    await move(
      place,
      moved.filter(({ plug }) => plugged.has(plug)),
      side,
    )
    for (const host of moved) writeHost(host, { ...readHost(host), side })
  }
  return {
    prefix: set.prefix,
    folder: place.folder,
    machineAddress: range.machineAddress,
    hosts,
    host: (name) => named(hosts, name, set.prefix),
    partition: (names) => moveTo(names, 'cut'),
    heal: (names) => moveTo(names, 'joined'),
    stop: () => removeTraces(set.prefix),
  }
}

function newHost(place: Place, host: HostPlace, range: Range): Host {
  const { name, folder, disk, engineSocket } = host
  const alive = (): ProcessId | null => {
    const { init } = readHost(host)
    return init !== null && lives(init) ? init : null
  }
  const init = (): ProcessId => {
    const found = alive()
    if (found === null)
      throw new HostsError(`${name} is off`, `power it on: ${npm(place.prefix, `boot ${host.index}`)}`)
    return found
  }
  return {
    name,
    address: range.addressOf(host.index),
    engineSocket,
    folder,
    disk,
    get running() {
      return alive() !== null
    },
    exec: async (args, options = {}) => await execInside(host, init(), args, options),
    spawn: (args, options = {}) => spawnInside(host, init(), args, options),
    async kill() {
      if ((await plugs(place)).has(host.plug)) await unplug(place, host)
      await powerOff([host])
      await removeNetwork(place, host)
      writeHost(host, { ...readHost(host), init: null })
    },
    async crash() {
      await powerOff([host])
      writeHost(host, { ...readHost(host), init: null })
    },
    async boot() {
      if (alive() !== null)
        throw new HostsError(`${name} is on already`, `power it off: ${npm(place.prefix, `kill ${host.index}`)}`)
      await powerOff([host])
      await removeNetwork(place, host)
      await bootHost(place, host, range)
      await engineReady(host, new AbortController().signal)
    },
  }
}

async function bootHost(place: Place, host: HostPlace, range: Range): Promise<void> {
  const { side } = readHost(host)
  await plugIn(place, host, range, side)
  writeHost(host, { side, init: await powerOn(host, findInit()) })
}

/** What a crashed host left of its network. */
async function removeNetwork(place: Place, { plug, mark }: HostPlace): Promise<void> {
  // The plug first: the other end would follow its namespace, but not at once.
  if ((await plugs(place)).has(plug)) await command('ip', ['-n', place.lan, 'link', 'del', plug])
  const known = (await command('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0])
  if (known.includes(mark)) await command('ip', ['netns', 'del', mark])
}

function checkedPlace(prefix: string): Place {
  const problem = prefixProblem(prefix)
  if (problem !== null) throw new HostsError(problem, 'for example: --prefix lab')
  return placeOf(prefix)
}

/** By name or by number. */
function named<T extends { readonly name: string }>(all: readonly T[], name: string, prefix: string): T {
  const found = all.find((each) => each.name === name || each.name === `${prefix}${name}`)
  if (found !== undefined) return found
  throw new HostsError(`there is no host ${name}`, `there are ${all.map((each) => each.name).join(', ')}`)
}

/** All at the same time; when one fails, it waits for the others before it says so. */
async function together<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const done = await Promise.allSettled(all.map(act))
  const failed = done.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function ownPrefix(): string {
  return `t${randomBytes(2).toString('hex')}x`
}
