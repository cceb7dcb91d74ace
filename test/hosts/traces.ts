import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cgroupsOf } from './cgroups.ts'
import { command, HostsError, ipAsk } from './command.ts'
import { type HostPlace, hostPlaceOf, indexOfMark, type Place, placeOf, root } from './names.ts'
import { powerOff } from './power.ts'
import { processesOf } from './processes.ts'
import { releaseRange } from './ranges.ts'
import { begunIn } from './state.ts'

/**
 * What a set of hosts has left on this machine, found by its names alone: no record needs to be right, or there, for
 * everything to be found and removed.
 */

const namespacesFolder = '/run/netns'
/** Set when the folder of namespaces was not mounted before us: then it goes with the last set. */
const namespacesMade = join(root, '.namespaces-made')

/** One line for each thing that is there; empty when there is nothing. */
export async function tracesOf(prefix: string): Promise<string[]> {
  const place = placeOf(prefix)
  const isMark = (name: string): boolean => indexOfMark(place, name) !== null
  const namespaces = namespacesIn().filter((name) => name === place.lan || isMark(name))
  const cgroups = cgroupsOf(isMark)
  const links = await ipAsk<{ ifname: string }[]>(null, ['link', 'show'])
  const processes = [...processesOf(hostsIn(place).map(({ mark }) => mark))]
  return [
    ...processes.flatMap(([mark, pids]) => pids.map((pid) => `process ${pid} of ${mark}`)),
    ...namespaces.map((name) => `network namespace ${name}`),
    ...links.filter(({ ifname }) => ifname === place.machineLink).map(({ ifname }) => `link ${ifname}`),
    ...mountsBelow(place.folder).map((path) => `mount ${path}`),
    ...cgroups.map((path) => `cgroup ${path}`),
    ...(existsSync(place.folder) ? [`folder ${place.folder}`] : []),
  ]
}

/** Removes all of it, then looks again. Nothing to remove is no error. */
export async function removeTraces(prefix: string): Promise<void> {
  const place = placeOf(prefix)
  await powerOff(hostsIn(place))
  // The machine's end of a pair would go with its namespace, but not at once.
  if (existsSync(`/sys/class/net/${place.machineLink}`)) await command('ip', ['link', 'del', place.machineLink])
  for (const name of namespacesIn().filter((each) => each === place.lan || indexOfMark(place, each) !== null))
    await command('ip', ['netns', 'del', name])
  for (const path of mountsBelow(place.folder).reverse()) await command('umount', ['-l', path])
  for (const folder of [place.folder, ...begunIn(prefix)]) rmSync(folder, { recursive: true, force: true })
  releaseRange(prefix)
  await removeFoundations()
  const left = await tracesOf(prefix)
  if (left.length > 0) throw new HostsError(`not all could be removed: ${left.join(', ')}`, 'try again')
}

/** What all sets stand on. */
export function layFoundations(): void {
  if (mounts().includes(namespacesFolder)) return
  writeFileSync(namespacesMade, '')
}

async function removeFoundations(): Promise<void> {
  if (!existsSync(root)) return
  const rest = readdirSync(root)
  if (rest.some((name) => join(root, name) !== namespacesMade)) return
  if (rest.length > 0) {
    if (namespacesIn().length === 0 && mounts().includes(namespacesFolder)) {
      await command('umount', [namespacesFolder])
      rmdirSync(namespacesFolder)
    }
    rmSync(namespacesMade)
  }
  rmdirSync(root)
}

/** Every host of which there is any trace. */
export function hostsIn(place: Place): HostPlace[] {
  const folders = existsSync(place.folder) ? readdirSync(place.folder) : []
  const indexes = new Set(folders.filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number))
  for (const name of namespacesIn()) indexes.add(indexOfMark(place, name) ?? 0)
  for (const path of cgroupsOf((name) => indexOfMark(place, name) !== null))
    indexes.add(indexOfMark(place, basename(path)) ?? 0)
  return [...indexes]
    .filter((index) => index > 0)
    .sort((a, b) => a - b)
    .map((index) => hostPlaceOf(place, index))
}

function namespacesIn(): string[] {
  return existsSync(namespacesFolder) ? readdirSync(namespacesFolder) : []
}

function mountsBelow(folder: string): string[] {
  return mounts().filter((path) => path.startsWith(`${folder}/`))
}

function mounts(): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
}
