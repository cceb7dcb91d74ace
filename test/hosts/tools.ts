import { existsSync } from 'node:fs'
import { freemem } from 'node:os'
import { delimiter, join } from 'node:path'
import { commandPath, HostsError } from './command.ts'
import { hostsMax, seenInside } from './names.ts'
import { skeinMain } from './skein.ts'

/** Debian's package for each command that hosts are made with. */
const packages: Readonly<Record<string, string>> = {
  dockerd: 'docker.io',
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  busybox: 'busybox-static',
}

/** What is for each engine and a daemon beside it, next to the pods. */
const bytesPerHost = 250 * 1024 * 1024

/** The path of a command, or null. */
export function find(name: string): string | null {
  const folders = commandPath.split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/** The first process of each host: reaps what others leave, and dies by SIGKILL alone. */
export function findInit(): string {
  const path = find('docker-init') ?? find('tini') ?? find('../libexec/docker/docker-init')
  if (path === null) throw new HostsError('docker-init is missing', 'install it: apt-get install tini')
  return path
}

export function mustBeRoot(): void {
  if (process.getuid?.() === 0) return
  throw new HostsError('making hosts needs root: network namespaces and engines of their own', 'run it with sudo')
}

/** Whether this machine can have so many hosts; throws what is missing. */
export function checkMachine(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > hostsMax)
    throw new HostsError(`${count} hosts cannot be made`, `ask for 1 to ${hostsMax}`)
  mustBeRoot()
  const missing = Object.keys(packages).filter((name) => find(name) === null)
  if (missing.length > 0) {
    const wanted = [...new Set(missing.map((name) => packages[name]))].join(' ')
    throw new HostsError(`missing on this machine: ${missing.join(', ')}`, `install them: apt-get install ${wanted}`)
  }
  findInit()
  if (count * bytesPerHost > freemem()) {
    const [wanted, free] = [count * bytesPerHost, freemem()].map((bytes) => Math.round(bytes / 1024 / 1024))
    throw new HostsError(`${count} hosts need about ${wanted} MiB of memory, ${free} are free`, 'ask for fewer')
  }
  for (const path of [process.execPath, skeinMain]) {
    if (!seenInside(path))
      throw new HostsError(`${path} is not seen from inside a host, which has /run and /var/lib of its own`, 'move it')
  }
}
