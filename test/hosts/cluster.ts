import { execFile, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ClusterStatus } from '../../src/objects/clusterstatus.ts'
import { newApiClient } from './client.ts'
import { engineCall } from './engine.ts'
import { skeinMain } from './skein.ts'

/**
 * Several daemons on this machine, as demo, e2e tests and benchmarks have them: `startCluster` runs them side by side,
 * each with its own ports and data directory, on one Docker Engine; `startHostCluster` (hostcluster.ts) each in a host
 * of its own. `stop` leaves nothing behind: processes, containers, files.
 */
export interface LocalCluster {
  readonly nodes: readonly LocalNode[]
  readonly folder: string
  /** What the label `skein.dev/cluster` of its containers says; others may share the engine. */
  readonly id: string
  node(name: string): LocalNode
  /** Waits until every running node says that all `nodes` are ready, and who leads. */
  ready(timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

export interface LocalNode {
  readonly name: string
  /** Where its API is, together with `apiPort`. */
  readonly address: string
  readonly apiPort: number
  /** As this machine sees it, wherever the daemon runs. */
  readonly dataDir: string
  readonly kubeconfig: string
  /** All it has printed so far. */
  output(): string
  readonly running: boolean
  start(): Promise<void>
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and waits until it is gone; its exit code. */
  terminate(): Promise<number | null>
}

/** Where a daemon runs, and how it is started there. */
export interface DaemonPlace {
  readonly address: string
  readonly apiPort: number
  readonly gossipPort: number
  /** The data directory: as this machine sees it, and as the daemon does. */
  readonly dataDir: string
  readonly ownDataDir: string
  /** As the daemon sees it. */
  readonly engineSocket: string
  /** Starts node with these arguments, what it prints going to `output`. */
  launch(args: readonly string[], output: number): Daemon
}

export interface Daemon {
  readonly running: boolean
  signal(name: NodeJS.Signals): void
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

export const engineSocket = process.env.SKEIN_TEST_ENGINE ?? '/var/run/docker.sock'

const run = promisify(execFile)

/** Runs the `skein` command to its end. */
export function skein(
  args: readonly string[],
  options: { timeoutMs?: number; input?: string } = {},
): { status: number | null; stdout: string; stderr: string } {
  const done = spawnSync(process.execPath, [skeinMain, ...args], {
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 30_000,
    input: options.input ?? '',
  })
  return { status: done.status, stdout: done.stdout, stderr: done.stderr }
}

export async function startCluster(names: readonly string[], tell: (line: string) => void): Promise<LocalCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-cluster-'))
  const ports = await freePorts(names.length * 2)
  const placeOf = (name: string, index: number): DaemonPlace => ({
    address: '127.0.0.1',
    apiPort: present(ports[2 * index], 'api port'),
    gossipPort: present(ports[2 * index + 1], 'gossip port'),
    dataDir: join(folder, name),
    ownDataDir: join(folder, name),
    engineSocket,
    launch,
  })
  const cleanUp = async (): Promise<void> => {
    const clusterId = clusterIdIn(join(folder, names[0] ?? ''))
    if (clusterId !== null) await removeContainers(clusterId)
    rmSync(folder, { recursive: true, force: true })
  }
  return await assembleCluster({ names, folder, placeOf, cleanUp, tell })
}

function launch(args: readonly string[], output: number): Daemon {
  const child = spawn(process.execPath, args, { stdio: ['ignore', output, output] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
  return {
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    signal: (name) => void child.kill(name),
    ended,
  }
}

export interface ClusterPlan {
  readonly names: readonly string[]
  /** For kubeconfigs and logs. */
  readonly folder: string
  placeOf(name: string, index: number): DaemonPlace
  /** Once all daemons have ended. */
  cleanUp(): Promise<void>
  tell(line: string): void
}

/** The first daemon founds the cluster, the others join it. When that fails, nothing remains. */
export async function assembleCluster({ names, folder, placeOf, cleanUp, tell }: ClusterPlan): Promise<LocalCluster> {
  const nodes: LocalNode[] = []
  let clusterId = ''
  const cluster: LocalCluster = {
    nodes,
    folder,
    get id() {
      return clusterId
    },
    node: (name) =>
      present(
        nodes.find((node) => node.name === name),
        `node ${name}`,
      ),
    ready: (timeoutMs = 60_000) => untilReady(nodes, timeoutMs),
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()))
      await cleanUp()
    },
  }
  const add = (name: string, how: readonly string[]): LocalNode => {
    const node = newNode(folder, name, placeOf(name, nodes.length), how)
    nodes.push(node)
    return node
  }
  const begin = async (node: LocalNode): Promise<void> => {
    await node.start()
    tell(`${node.name} is up: API at https://${node.address}:${node.apiPort}`)
  }
  try {
    const [firstName, ...others] = names
    const first = add(present(firstName, 'a name'), ['up'])
    await begin(first)
    clusterId = present(clusterIdIn(first.dataDir), 'the id of the cluster')
    const how = others.length === 0 ? [] : await joinArguments(first)
    // All are waited for also when one fails, so that none is started after the cleaning up.
    const begun = await Promise.allSettled(others.map((name) => begin(add(name, how))))
    for (const one of begun) if (one.status === 'rejected') throw one.reason
    await cluster.ready()
  } catch (error) {
    const said = nodes.map((node) => `--- ${node.name}\n${node.output().split('\n').slice(-15).join('\n')}`).join('\n')
    await cluster.stop()
    throw new Error(`the cluster did not start: ${String(error)}\n${said}`)
  }
  return cluster
}

function newNode(folder: string, name: string, place: DaemonPlace, how: readonly string[]): LocalNode {
  const { address, apiPort, gossipPort, dataDir, ownDataDir } = place
  const logPath = join(folder, `${name}.log`)
  const kubeconfig = join(folder, `${name}.kubeconfig`)
  const data = ['--data-dir', ownDataDir, '--docker-socket', place.engineSocket]
  const ports = ['--api-port', String(apiPort), '--gossip-port', String(gossipPort)]
  let daemon: Daemon | null = null
  let arguments_: readonly string[] = [...how, ...data, ...ports, '--name', name, '--advertise', address]
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    daemon?.signal(signal)
    return daemon === null ? null : await daemon.ended
  }
  return {
    name,
    address,
    apiPort,
    dataDir,
    kubeconfig,
    output: () => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : ''),
    get running() {
      return daemon?.running ?? false
    },
    async start() {
      const log = openSync(logPath, 'a')
      const started = place.launch([skeinMain, ...arguments_], log)
      closeSync(log)
      daemon = started
      arguments_ = ['up', ...data]
      await waitFor(`${name} to answer`, 60_000, async () => {
        if (!started.running) throw new Gone(`${name} ended with ${await started.ended}`)
        return (await answers(address, apiPort)) === 'ok'
      })
      // Good for a year: a node that was started again needs no other.
      if (!existsSync(kubeconfig))
        await run(process.execPath, [skeinMain, 'kubeconfig', '--data-dir', dataDir, '--out', kubeconfig])
    },
    kill: async () => {
      await end('SIGKILL')
    },
    terminate: () => end('SIGTERM'),
  }
}

async function joinArguments(first: LocalNode): Promise<string[]> {
  let found: RegExpExecArray | null = null
  await waitFor('the join command', 30_000, async () => {
    found = /skein join (\S+) --token (\S+)/.exec(first.output())
    return found !== null
  })
  const [, address, token] = present<RegExpExecArray>(found, 'the join command')
  return ['join', present(address, 'address'), '--token', present(token, 'token')]
}

/** Of the node that this data directory belongs to; null when there is none yet. */
function clusterIdIn(dataDir: string): string | null {
  const path = join(dataDir, 'node.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { clusterId: string }).clusterId : null
}

/** What `skein status` prints, asked of the node's API without starting a process for it. */
export async function clusterStatus(node: LocalNode): Promise<ClusterStatus> {
  const client = newApiClient(node.kubeconfig)
  try {
    const { status, body } = await client.call('GET', '/skein/v1/status', undefined, 5_000)
    if (status !== 200) throw new Error(`${node.name} answered ${status}: ${JSON.stringify(body)}`)
    return body as ClusterStatus
  } finally {
    client.close()
  }
}

async function untilReady(nodes: readonly LocalNode[], timeoutMs: number): Promise<void> {
  const voters = Math.min(nodes.length - ((nodes.length + 1) % 2), 5)
  const running = nodes.filter((node) => node.running)
  if (running.length === 0) throw new Error('no node runs')
  await waitFor('all nodes to be ready', timeoutMs, async () => {
    const told = await Promise.all(running.map(clusterStatus))
    return told.every(({ members, raft }) => {
      const ready = nodes.every(({ name }) => members.some((member) => member.name === name && member.ready))
      return ready && raft.voters.length >= voters && raft.leader !== null && raft.leader === told[0]?.raft.leader
    })
  })
}

export async function removeContainers(clusterId: string): Promise<void> {
  const filter = encodeURIComponent(JSON.stringify({ label: [`skein.dev/cluster=${clusterId}`] }))
  const listed = await engineCall(engineSocket, 'GET', `/containers/json?all=1&filters=${filter}`)
  for (const { Id } of JSON.parse(listed.text) as { Id: string }[])
    await engineCall(engineSocket, 'DELETE', `/containers/${Id}?force=1`)
}

class Gone extends Error {}

/** Waits for a state, looking every 50 ms; says what it waited for when time runs out. */
export async function waitFor(what: string, timeoutMs: number, look: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + timeoutMs
  let last: unknown
  while (Date.now() < until) {
    try {
      if (await look()) return
      last = undefined
    } catch (error) {
      if (error instanceof Gone) throw error
      last = error
    }
    await sleep(50)
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}${last === undefined ? '' : `; last: ${String(last)}`}`)
}

async function answers(host: string, port: number): Promise<string> {
  const { request } = await import('node:https')
  return new Promise((resolve) => {
    const call = request({ host, port, path: '/healthz', rejectUnauthorized: false, timeout: 2_000 }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += String(chunk)
      })
      response.on('end', () => resolve(text))
      response.on('error', () => resolve(''))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(''))
    call.end()
  })
}

/** Ports of this machine that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`missing: ${what}`)
  return value
}
