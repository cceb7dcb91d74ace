import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ClusterStatus } from '../../src/objects/clusterstatus.ts'
import { newApiClient } from './client.ts'
import { engineCall } from './engine.ts'

/**
 * Several daemons on this machine, each a process of its own with its own ports and data directory, on one Docker
 * Engine. The one harness of demo, e2e tests and benchmarks. `stop` leaves nothing behind: processes, containers, files.
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
  readonly apiPort: number
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

export const engineSocket = process.env.SKEIN_TEST_ENGINE ?? '/var/run/docker.sock'

const skeinMain = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/src/main.js' : '../../src/main.js', import.meta.url),
)

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
      if (clusterId !== '') await removeContainers(clusterId)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const add = (name: string, how: readonly string[]): LocalNode => {
    const i = nodes.length
    const node = newNode(folder, name, present(ports[2 * i], 'api port'), present(ports[2 * i + 1], 'gossip port'), how)
    nodes.push(node)
    return node
  }
  const begin = async (node: LocalNode): Promise<void> => {
    await node.start()
    tell(`${node.name} is up: API at https://127.0.0.1:${node.apiPort}`)
  }
  try {
    const [firstName, ...others] = names
    const first = add(present(firstName, 'a name'), ['up'])
    await begin(first)
    clusterId = (await clusterStatus(first)).clusterId
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

function newNode(folder: string, name: string, apiPort: number, gossipPort: number, how: readonly string[]): LocalNode {
  const dataDir = join(folder, name)
  const logPath = join(folder, `${name}.log`)
  const kubeconfig = join(folder, `${name}.kubeconfig`)
  mkdirSync(folder, { recursive: true })
  let child: ChildProcess | null = null
  const common = [
    '--data-dir',
    dataDir,
    '--name',
    name,
    '--api-port',
    String(apiPort),
    '--gossip-port',
    String(gossipPort),
  ]
  const place = ['--advertise', '127.0.0.1', '--docker-socket', engineSocket]
  let arguments_: readonly string[] = [...how, ...common, ...place]
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    const process_ = child
    if (process_ === null || process_.exitCode !== null || process_.signalCode !== null)
      return process_?.exitCode ?? null
    const gone = new Promise<number | null>((resolve) => process_.once('exit', (code) => resolve(code)))
    process_.kill(signal)
    return gone
  }
  return {
    name,
    apiPort,
    dataDir,
    kubeconfig,
    output: () => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : ''),
    get running() {
      return child !== null && child.exitCode === null && child.signalCode === null
    },
    async start() {
      const log = createWriteStream(logPath, { flags: 'a' })
      await new Promise((resolve) => log.once('open', resolve))
      child = spawn(process.execPath, [skeinMain, ...arguments_], { stdio: ['ignore', log, log] })
      arguments_ = ['up', '--data-dir', dataDir, '--docker-socket', engineSocket]
      await waitFor(`${name} to answer`, 60_000, async () => {
        if (child?.exitCode !== null) throw new Gone(`${name} ended with ${child?.exitCode}`)
        return (await answers(apiPort)) === 'ok'
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

async function answers(port: number): Promise<string> {
  const { request } = await import('node:https')
  return new Promise((resolve) => {
    const call = request(
      { host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, timeout: 2_000 },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += String(chunk)
        })
        response.on('end', () => resolve(text))
        response.on('error', () => resolve(''))
      },
    )
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
