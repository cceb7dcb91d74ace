import { join } from 'node:path'
import { assembleCluster, type DaemonPlace, type LocalCluster } from './cluster.ts'
import { type Host, type Hosts, startHosts } from './hosts.ts'

/** A cluster with each daemon in a host of its own. Its nodes' `kill` ends the daemon alone; the host's, its power. */
export interface HostCluster extends LocalCluster {
  readonly hosts: Hosts
  hostOf(node: string): Host
}

/** Makes a host for each name and a daemon in it. `stop` removes the hosts too. */
export async function startHostCluster(
  names: readonly string[],
  tell: (line: string) => void,
  options: { readonly prefix?: string } = {},
): Promise<HostCluster> {
  const hosts = await startHosts({ count: names.length, ...options })
  tell(`${names.length} hosts are up: ${hosts.hosts.map(({ name, address }) => `${name} ${address}`).join(', ')}`)
  return await startClusterOn(hosts, names, tell)
}

/** A daemon in each of these hosts, the first name in the first host. From here on the hosts go with the cluster. */
export async function startClusterOn(
  hosts: Hosts,
  names: readonly string[],
  tell: (line: string) => void,
): Promise<HostCluster> {
  const hostOf = (name: string): Host => {
    const host = hosts.hosts[names.indexOf(name)]
    if (host === undefined) throw new Error(`no host for node ${name}`)
    return host
  }
  const cluster = await assembleCluster({
    names,
    folder: hosts.folder,
    placeOf: (name) => placeIn(hostOf(name)),
    cleanUp: () => hosts.stop(),
    tell,
  })
  return { ...cluster, hosts, hostOf }
}

function placeIn(host: Host): DaemonPlace {
  return {
    address: host.address,
    apiPort: 6443,
    gossipPort: 7946,
    dataDir: join(host.disk, 'skein'),
    ownDataDir: '/var/lib/skein',
    engineSocket: '/run/docker.sock',
    launch: (args, output) => host.spawn([process.execPath, ...args], { stdio: ['ignore', output, output] }),
  }
}
