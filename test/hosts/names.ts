import { join } from 'node:path'

/**
 * Where everything of a set of hosts is, and what it is called. A set has a prefix (`h`: hosts h1, h2 …), and every
 * trace of it on the machine carries the project's mark and that prefix, so that it is known again without any record:
 * namespaces and cgroups `skhost-h1`, the switch `skhost-h-lan`, the machine's own link `skhost-h`.
 */
export interface Place {
  readonly prefix: string
  /** All of its files: `/var/lib/skein-hosts/h`. */
  readonly folder: string
  /** The namespace that holds the switches. */
  readonly lan: string
  /** The machine's link to the switch; at most 15 characters, as links have it. */
  readonly machineLink: string
}

/** Where one host is. */
export interface HostPlace {
  readonly index: number
  /** `h1`: its host name. */
  readonly name: string
  /** `skhost-h1`: its network namespace and its cgroups. */
  readonly mark: string
  /** Its port at the switch. */
  readonly plug: string
  readonly folder: string
  /** What the host sees as /var/lib: engine data, daemon data; stays through power-off. */
  readonly disk: string
  /** Its engine, as the machine reaches it. */
  readonly engineSocket: string
  /** What its first process and its engine printed. */
  readonly log: string
}

/** Only root writes there, so nobody can lay a trap under a name that is known beforehand. */
export const root = '/var/lib/skein-hosts'
export const defaultPrefix = 'h'
/** Each engine is two processes of some 110 MiB together; more than this is not one machine's work. */
export const hostsMax = 50
/** The folders that a host has for itself; the rest of the file system is the machine's. */
const ownFolders: readonly string[] = ['/run', '/var/run', '/var/lib', '/proc']

const project = 'skhost'

/** A letter at the end keeps `h` and `h1` from meaning the same host; eight letters keep the link's name short enough. */
export function prefixProblem(prefix: string): string | null {
  if (/^[a-z]([a-z0-9]{0,6}[a-z])?$/.test(prefix)) return null
  return `${JSON.stringify(prefix)} is no prefix: 1 to 8 of a-z and 0-9, a letter first and last`
}

export function placeOf(prefix: string): Place {
  return {
    prefix,
    folder: join(root, prefix),
    lan: `${project}-${prefix}-lan`,
    machineLink: `${project}-${prefix}`,
  }
}

export function hostPlaceOf({ prefix, folder }: Place, index: number): HostPlace {
  const own = join(folder, String(index))
  const disk = join(own, 'disk')
  return {
    index,
    name: `${prefix}${index}`,
    mark: `${project}-${prefix}${index}`,
    plug: `p${index}`,
    folder: own,
    disk,
    engineSocket: join(disk, 'docker.sock'),
    log: join(own, 'log'),
  }
}

/** The host that a namespace or cgroup of this name belongs to; null when it is none of this set. */
export function indexOfMark({ prefix }: Place, name: string): number | null {
  const found = /^(.*[a-z])([1-9][0-9]*)$/.exec(name)
  return found !== null && found[1] === `${project}-${prefix}` ? Number(found[2]) : null
}

/** Whether a file of the machine is at the same path inside a host. */
export function seenInside(path: string): boolean {
  return !ownFolders.some((own) => path === own || path.startsWith(`${own}/`))
}
