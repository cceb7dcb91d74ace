import type { Config } from '../../src/config.ts'
import { DeviceError, type Host } from '../../src/host/host.ts'
import { sha256Hex } from '../../src/lib/hash.ts'
import type { JoinAnswer, JoinRequest } from '../../src/objects/clusterstatus.ts'
import { apiPort } from './client.ts'
import { worldEpochMs } from './host/clock.ts'
import { newSimHost, newSimMachine, type SimMachine, type SimSurroundings } from './host/host.ts'
import { nodeCpuMillis, podImage } from './pods.ts'
import { newSimProcess, type SimProcess } from './process.ts'
import { Violation } from './violation.ts'

/** What runs on the machines: the real daemon, or a small one for tests of the simulator itself. */
export type Daemon = (config: Config, host: Host, signal: AbortSignal) => Promise<void>

/** One host of the cluster, with its daemon when one runs. */
export interface SimNode {
  readonly name: string
  readonly machine: SimMachine
  /** Null while no daemon runs. */
  process: SimProcess | null
  /** Null until it has founded or joined. */
  config: Config | null
  lives: number
  /** Asks the running daemon to end in order. */
  terminate: (() => void) | null
}

export interface SimClusterOptions {
  readonly size: number
  readonly daemon: Daemon
  /** What differs from Raft's defaults. */
  readonly raft: Config['raft']
}

export interface SimCluster {
  readonly nodes: readonly SimNode[]
  node(name: string): SimNode
  start(node: SimNode): void
  /** The process is gone at once, with everything that was not synced. */
  crash(node: SimNode): void
  /** SIGTERM; what does not end in time is killed. */
  stop(node: SimNode): void
  /** Founds at the first node and joins all others, in turn. Resolves when all daemons run. */
  form(): Promise<void>
  /** Starts what does not run. */
  startAll(): void
  readonly counts: Record<string, number>
}

/** How long a supervisor waits before it starts a daemon again that ended by itself. */
const supervisorMs = { min: 500, spread: 4_000 }
const stopPatienceMs = 15_000
const gossipPort = 7946
const secret = 'simulatedsecret'

export function newSimCluster(surroundings: SimSurroundings, { size, daemon, raft }: SimClusterOptions): SimCluster {
  const { world, http } = surroundings
  const random = world.random.fork()
  const counts: Record<string, number> = {}
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  const nodes = Array.from({ length: size }, (_, i): SimNode => {
    const name = `n${i + 1}`
    const engine = { images: [podImage], cpuMillis: nodeCpuMillis }
    const machine = newSimMachine(world, name, `12D3KooWSimulated${name}`, engine)
    return { name, machine, process: null, config: null, lives: 0, terminate: null }
  })

  function start(node: SimNode): void {
    if (node.process !== null || node.config === null) return
    const process = newSimProcess(world, node.name, ++node.lives)
    const ending = new AbortController()
    node.process = process
    node.terminate = () => void process.enter(0, () => ending.abort(new Error('asked to end')))
    world.note('start', node.name, `life ${node.lives}`)
    const host = newSimHost(surroundings, node.machine, process, [addressOf(node.name, gossipPort)])
    const ended = (cause: unknown): void => {
      if (process.alive) onEnd(node, process, ending.signal.aborted, cause)
    }
    daemon(node.config, host, ending.signal).then(() => ended(null), ended)
  }

  /** A daemon ended by itself or as asked. A fault of a device is followed by a restart; a bug ends the seed. */
  function onEnd(node: SimNode, process: SimProcess, asked: boolean, cause: unknown): void {
    world.note('end', node.name, asked ? 'as asked' : String(cause))
    if (cause !== null && !isFault(cause)) {
      world.fail(new Violation('a daemon ends only by a failed disk', `${node.name}: ${told(cause)}`))
    } else if (cause === null && !asked) {
      world.fail(new Violation('a daemon ends only when asked', node.name))
    }
    count(asked ? 'ended in order' : 'ended by a fault')
    gone(node, process)
    world.after(supervisorMs.min + random.next() * supervisorMs.spread, () => start(node))
  }

  function gone(node: SimNode, process: SimProcess): void {
    process.kill()
    if (node.process !== process) return
    node.process = null
    node.terminate = null
  }

  /** What `skein join` does on a new host: asks a member until it lets it in. */
  async function join(node: SimNode): Promise<Config> {
    const request: JoinRequest = {
      tokenId: 'sim',
      secret,
      name: node.name,
      identity: node.machine.identity,
      addresses: [addressOf(node.name, gossipPort)],
      apiAddress: addressOf(node.name, apiPort),
      version: configOf(node, raft, null, []).version,
    }
    for (;;) {
      const members = nodes.filter(({ process }) => process !== null)
      const exchange = http.request({
        node: random.pick(members).name,
        port: apiPort,
        method: 'POST',
        target: '/skein/v1/join',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: new TextEncoder().encode(JSON.stringify(request)),
        timeoutMs: 10_000,
      })
      let text = ''
      exchange.onChunk = (chunk) => {
        text += new TextDecoder().decode(chunk)
      }
      const whole = new Promise<Error | null>((resolve) => {
        exchange.onEnd = resolve
      })
      const status = await exchange.response.then(
        (head) => head.status,
        () => 0,
      )
      if (status === 200 && (await whole) === null) {
        const answer = JSON.parse(text) as JoinAnswer
        return configOf(node, raft, null, answer.members)
      }
      world.note('join', node.name, `${status} ${text}`)
      await new Promise<void>((resolve) => void world.after(500, resolve))
    }
  }

  return {
    nodes,
    counts,
    start,
    node(name) {
      const found = nodes.find((node) => node.name === name)
      if (found === undefined) throw new RangeError(`no node ${name}`)
      return found
    },
    crash(node) {
      if (node.process === null) return
      world.note('crash', node.name, `life ${node.lives}`)
      gone(node, node.process)
    },
    stop(node) {
      const { process, terminate } = node
      if (process === null || terminate === null) return
      world.note('stop', node.name, `life ${node.lives}`)
      terminate()
      world.after(stopPatienceMs, () => {
        if (!process.alive) return
        if (!process.paused) count('had to be killed')
        gone(node, process)
        world.after(supervisorMs.min, () => start(node))
      })
    },
    async form() {
      const token = { id: 'sim', secretHash: sha256Hex(secret), expiresAtMs: worldEpochMs + 365 * 86_400_000 }
      for (const [i, node] of nodes.entries()) {
        node.config = i === 0 ? configOf(node, raft, { joinToken: token }, []) : await join(node)
        start(node)
      }
    },
    startAll() {
      for (const node of nodes) {
        node.process?.resume()
        start(node)
      }
    },
  }
}

/** `n3` has the address 10.0.0.3. */
function addressOf(name: string, port: number): string {
  return `10.0.0.${name.slice(1)}:${port}`
}

function configOf(node: SimNode, raft: Config['raft'], founding: Config['founding'], peers: Config['peers']): Config {
  return {
    version: '0.1.0',
    cluster: { id: 'sim' },
    node: { name: node.name, identity: node.machine.identity, labels: {}, podsMax: 110 },
    founding,
    api: { address: '0.0.0.0', port: apiPort, advertise: addressOf(node.name, apiPort) },
    gossip: { address: '0.0.0.0', port: gossipPort, advertise: addressOf(node.name, gossipPort), preset: 'lan' },
    raft,
    peers,
    ca: { certificatePem: 'simulated certificate', keyPem: 'simulated key' },
  }
}

/** A disk failed, here or as the cause of what was thrown: the one fault that a daemon may not outlive. */
function isFault(cause: unknown): boolean {
  for (let at = cause; at instanceof Error; at = at.cause) if (at instanceof DeviceError) return at.code === 'failed'
  return false
}

function told(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
