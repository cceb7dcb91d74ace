import { type Config, type DataDirContents, frozen, type NodeSettings, podsMaxDefault } from '../config.ts'
import { type FileSettings, parseConfigFile, settingsFor } from './configfile.ts'
import { CommandError, exitCodes, fileProblem } from './exit.ts'
import { dnsLabelOf, hostPort } from './names.ts'
import type { World } from './world.ts'

/** The flags of `up` and `join`, checked as they were parsed. */
export interface NodeFlags {
  readonly config?: string
  readonly name?: string
  readonly dataDir?: string
  readonly apiPort?: number
  readonly gossipPort?: number
  readonly advertise?: string
  readonly dockerSocket?: string
  readonly label?: Readonly<Record<string, string>>
  readonly zone?: string
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
  readonly logFormat?: 'text' | 'json'
}

export const defaults = {
  dataDir: '/var/lib/skein',
  apiPort: 6443,
  gossipPort: 7946,
  listen: '0.0.0.0',
  dockerSocket: '/var/run/docker.sock',
} as const

/** Everything that is settled before a daemon starts. */
export interface Settings {
  readonly node: NodeSettings
  readonly podsMax: number
  readonly apiAddress: string
  readonly gossipAddress: string
  readonly preset: 'lan' | 'wan' | 'local'
  readonly raft: Config['raft']
  readonly dockerSocket: string
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'text' | 'json' }
}

/** What the config file says of this node; nothing when none is given. */
export async function readSettingsFile(flags: NodeFlags, world: World): Promise<FileSettings> {
  if (flags.config === undefined) return {}
  const path = flags.config
  const text = await world.readFile(path).catch((cause: Error) => {
    throw new CommandError(
      exitCodes.usage,
      `cannot read ${path}: ${fileProblem(cause)}`,
      'give a readable file with --config',
      cause,
    )
  })
  const parsed = parseConfigFile(text)
  if ('problems' in parsed) {
    const [first, ...more] = parsed.problems
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
    const hint = 'see the examples in cluster-configs/'
    throw new CommandError(exitCodes.usage, `${path}:${first}${rest}`, hint)
  }
  const name = flags.name ?? dnsLabelOf(world.machine.hostname) ?? ''
  const settings = settingsFor(parsed.file, name)
  if (settings !== null) return settings
  const names = (parsed.file.nodes ?? []).map((node) => node.name)
  throw new CommandError(
    exitCodes.usage,
    `${path} lists no node ${JSON.stringify(name)}`,
    `say which of ${names.join(', ')} this is with --name`,
  )
}

/** Flags before file before what the node remembers before defaults. */
export async function settle(
  flags: NodeFlags,
  file: FileSettings,
  remembered: NodeSettings | null,
  world: World,
  /** The address of this machine, when nobody said one. */
  findAddress: () => Promise<string>,
): Promise<Settings> {
  const name = flags.name ?? file.name ?? remembered?.name ?? dnsLabelOf(world.machine.hostname)
  if (name === null) {
    const reason = `this host's name, ${JSON.stringify(world.machine.hostname)}, does for no node`
    throw new CommandError(exitCodes.usage, reason, 'name the node with --name')
  }
  if (remembered !== null && remembered.name !== name) {
    const reason = `this data directory is that of node ${remembered.name}, which cannot become ${name}`
    throw new CommandError(exitCodes.usage, reason, 'leave out --name, or choose another directory with --data-dir')
  }
  const zone = flags.zone ?? file.zone ?? remembered?.zone
  const node: NodeSettings = {
    name,
    apiPort: flags.apiPort ?? file.api?.port ?? remembered?.apiPort ?? defaults.apiPort,
    gossipPort: flags.gossipPort ?? file.gossip?.port ?? remembered?.gossipPort ?? defaults.gossipPort,
    ...(await advertised(flags.advertise ?? file.advertise, remembered, world, findAddress)),
    labels: flags.label ?? file.labels ?? remembered?.labels ?? {},
    ...(zone === undefined ? {} : { zone }),
  }
  if (node.apiPort === node.gossipPort) {
    const reason = `API and gossip cannot share port ${node.apiPort}`
    throw new CommandError(exitCodes.usage, reason, 'give them different ones with --api-port and --gossip-port')
  }
  return {
    node,
    podsMax: file.podsMax ?? podsMaxDefault,
    apiAddress: file.api?.address ?? defaults.listen,
    gossipAddress: file.gossip?.address ?? defaults.listen,
    preset: file.gossip?.preset ?? (node.advertise.startsWith('127.') ? 'local' : 'lan'),
    raft: file.raft ?? {},
    dockerSocket: flags.dockerSocket ?? file.docker?.socket ?? defaults.dockerSocket,
    log: {
      level: flags.logLevel ?? file.log?.level ?? 'info',
      format: flags.logFormat ?? file.log?.format ?? 'text',
    },
  }
}

/** What the daemon is told. */
export function configOf(contents: DataDirContents, settings: Settings, version: string): Config {
  const { record, ca, peers } = contents
  const { node } = settings
  return frozen({
    version,
    cluster: { id: record.clusterId },
    node: {
      name: node.name,
      identity: record.identity,
      labels: { ...node.labels },
      ...(node.zone === undefined ? {} : { zone: node.zone }),
      podsMax: settings.podsMax,
    },
    founding: record.founding === null ? null : { joinToken: record.founding },
    api: {
      address: settings.apiAddress,
      port: node.apiPort,
      advertise: hostPort(node.advertise, node.apiPort),
    },
    gossip: {
      address: settings.gossipAddress,
      port: node.gossipPort,
      advertise: hostPort(node.advertise, node.gossipPort),
      preset: settings.preset,
    },
    raft: { ...settings.raft },
    peers: [...peers],
    ca: { ...ca },
  })
}

/** What was said, for good; what was found, for as long as the machine has it: addresses may change between two runs. */
async function advertised(
  said: string | undefined,
  remembered: NodeSettings | null,
  world: World,
  findAddress: () => Promise<string>,
): Promise<Pick<NodeSettings, 'advertise' | 'advertiseFound'>> {
  if (said !== undefined) return { advertise: said, advertiseFound: false }
  if (remembered !== null) {
    const { advertise, advertiseFound } = remembered
    if (!advertiseFound || world.machine.addresses().includes(advertise)) return { advertise, advertiseFound }
  }
  return { advertise: await findAddress(), advertiseFound: true }
}
