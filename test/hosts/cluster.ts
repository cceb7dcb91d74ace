import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { engineCall } from './engine.ts'

/**
 * Several daemons on this machine, each a process of its own with its own ports and data directory, on one Docker
 * Engine. The one harness of demo, e2e tests and benchmarks. `stop` leaves nothing behind: processes, containers, files.
 */
export interface LocalCluster {
  readonly nodes: readonly LocalNode[]
  readonly folder: string
  node(name: string): LocalNode
  /** Waits until every running node says that all `nodes` are ready. */
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
  try {
    for (const [i, name] of names.entries()) {
      const first = nodes[0]
      const how = first === undefined ? ['up'] : await joinArguments(first)
      nodes.push(
        newNode(folder, name, present(ports[2 * i], 'api port'), present(ports[2 * i + 1], 'gossip port'), how),
      )
      const node = present(nodes[i], name)
      await node.start()
      if (first === undefined) clusterId = clusterIdOf(node)
      tell(`${name} is up: API at https://127.0.0.1:${node.apiPort}`)
    }
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
    output: () => readFileSync(logPath, 'utf8'),
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
      const done = skein(['kubeconfig', '--data-dir', dataDir, '--out', kubeconfig])
      if (done.status !== 0) throw new Error(`skein kubeconfig: ${done.stderr}`)
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

function clusterIdOf(node: LocalNode): string {
  const told = skein(['status', '--data-dir', node.dataDir, '-o', 'json'])
  if (told.status !== 0) throw new Error(`skein status: ${told.stderr}`)
  return (JSON.parse(told.stdout) as { clusterId: string }).clusterId
}

async function untilReady(nodes: readonly LocalNode[], timeoutMs: number): Promise<void> {
  const asked = nodes.find((node) => node.running)
  if (asked === undefined) throw new Error('no node runs')
  await waitFor('all nodes to be ready', timeoutMs, async () => {
    const told = skein(['status', '--data-dir', asked.dataDir, '-o', 'json'])
    if (told.status !== 0) return false
    const { members, raft } = JSON.parse(told.stdout) as {
      members: { name: string; ready: boolean }[]
      raft: { voters: unknown[] }
    }
    const odd = nodes.length - ((nodes.length + 1) % 2)
    return (
      nodes.every(({ name }) => members.some((member) => member.name === name && member.ready)) &&
      raft.voters.length >= Math.min(odd, 5)
    )
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
