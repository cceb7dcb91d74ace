import type { Config } from '../../src/config.ts'
import { labels } from '../../src/runtime/labels.ts'
import { newApiClient } from './client.ts'
import { type Daemon, newSimCluster, type SimCluster } from './cluster.ts'
import { newFaults } from './faults.ts'
import { newHistory } from './history.ts'
import { newSimHttp } from './host/http.ts'
import { newSimLinks } from './host/links.ts'
import { newSimNetwork } from './host/network.ts'
import type { SimSites } from './host/sites.ts'
import { newSimSockets } from './host/sockets.ts'
import { type LogChecker, newLogChecker } from './logchecker.ts'
import type { Pods } from './pods.ts'
import { Violation } from './violation.ts'
import { newWorkload } from './workload.ts'
import { newWorld, type World } from './world.ts'

/** One seed from beginning to end: a cluster forms, lives through faults, heals, and must come to rest as it was asked. */
export interface SeedResult {
  readonly seed: number
  readonly traceHash: string
  readonly events: number
  readonly virtualMs: number
  /** Faults by kind. */
  readonly faults: Readonly<Record<string, number>>
  /** Rare states and work done, by name. */
  readonly states: Readonly<Record<string, number>>
  readonly failure: { readonly invariant: string; readonly detail: string; readonly last: readonly string[] } | null
}

export interface SeedOptions {
  readonly daemon: Daemon
  /** How long faults go on, in virtual milliseconds. */
  readonly safetyMs: number
  /** Every event, as it happens. */
  readonly onEvent?: (line: string) => void
}

const formMsMax = 60_000
/** From the last fault to rest: an election, the pods of a whole cluster started anew, back-off at its longest. */
const convergeMsMax = 400_000
const quiesceMsMax = 120_000

export async function runSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const world = newWorld(seed)
  world.trace.listener = options.onEvent ?? null
  const logs = newLogChecker()
  const links = newSimLinks()
  const sites: SimSites = new Map()
  const http = newSimHttp(world, sites)
  const onLine = (line: Parameters<LogChecker['line']>[0]): void => {
    try {
      logs.line(line)
      faults.line(line)
    } catch (cause) {
      world.fail(cause as Error)
    }
  }
  http.handlerFailed = (cause) => world.fail(new Violation('no request breaks its server', causeText(cause)))
  const network = newSimNetwork(world, links)
  const sockets = newSimSockets(world, links, sites)
  const size = world.random.pick([3, 3, 3, 4, 5])
  const cluster = newSimCluster(
    { world, network, http, sockets, sites, onLine },
    { size, daemon: options.daemon, raft: raftNumbers(world) },
  )
  const leader = () => (logs.leader === null ? null : cluster.node(logs.leader.node))
  const faults = newFaults({ world, cluster, links, http, leader })
  const history = newHistory(world)
  const nodes = cluster.nodes.map(({ name }) => name)
  const stray = (cause: unknown): void => world.fail(new Violation('no rejection is left alone', causeText(cause)))
  process.on('unhandledRejection', stray)
  let failure: SeedResult['failure'] = null
  let states: Record<string, number> = {}
  try {
    await within(world, formMsMax, 'a cluster forms', cluster.form())
    const workload = newWorkload({ world, http, nodes, history, writers: 2 + world.random.below(3), watchers: 2 })
    await world.run(world.nowMs + 3_000)
    faults.start()
    await world.run(world.nowMs + options.safetyMs)
    faults.heal()
    cluster.startAll()
    const healedMs = world.nowMs
    await within(world, quiesceMsMax, 'every request is answered in the end', workload.quiesce())
    await within(world, convergeMsMax, 'it comes to rest', rest(world, cluster, logs, http, workload.pods))
    states = { 'seconds to rest': Math.round((world.nowMs - healedMs) / 1000) }
    await within(world, quiesceMsMax, 'every request is answered in the end', workload.readAll())
    workload.end()
    await world.run(world.nowMs + 2_000)
    history.check()
    workload.configMaps.check()
    workload.pods.watch.check()
    states = {
      ...states,
      ...counts({
        ...history.counts,
        ...workload.pods.counts,
        'logs read': workload.logs.counts.read,
        'logs followed': workload.logs.counts.followed,
        'logs refused': workload.logs.counts.refused,
        'watch events': workload.configMaps.counts.events + workload.pods.watch.counts.events,
        'watches expired': workload.configMaps.counts.expired + workload.pods.watch.counts.expired,
      }),
    }
  } catch (cause) {
    failure = told(cause, world)
  } finally {
    process.off('unhandledRejection', stray)
  }
  return {
    seed,
    traceHash: world.trace.hash,
    events: world.trace.events,
    virtualMs: world.nowMs,
    faults: faults.counts,
    states: { ...states, ...logs.counts, ...cluster.counts },
    failure,
  }
}

/**
 * Raft's numbers, in many seeds other than its defaults: a log cut so short that those who were away need snapshots, in
 * many slices; messages of an entry or two, so that much lies between the first and the last of them; few entries
 * applied at a time; quicker and slower elections.
 */
function raftNumbers({ random }: World): Config['raft'] {
  const short = { logEntriesKept: random.pick([1, 5, 20, 60]), compactEntries: 1 + random.below(10) }
  const slices = { snapshotSliceBytes: 500 + random.below(8_000) }
  const small = { messageEntriesMax: random.pick([1, 1, 2, 3]), inflightMessagesMax: random.pick([1, 1, 2, 8]) }
  const apply = { applyEntriesMax: 1 + random.below(4) }
  const pace = {
    tickMs: random.pick([20, 30, 80]),
    heartbeatTicks: 1 + random.below(3),
    electionTicks: 8 + random.below(12),
  }
  return {
    ...(random.chance(0.5) ? { ...short, ...slices } : {}),
    ...(random.chance(0.4) ? small : {}),
    ...(random.chance(0.2) ? apply : {}),
    ...(random.chance(0.2) ? pace : {}),
  }
}

/** Runs the world until the promise settles; a world that does not get there breaks the invariant `what`. */
async function within(world: World, ms: number, what: string, promise: Promise<unknown>): Promise<void> {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    (cause: unknown) => world.fail(cause as Error),
  )
  await world.run(world.nowMs + ms, () => settled)
  if (!settled) throw new Violation(what, `not within ${ms / 1000} s: ${unrest.get(world) ?? 'it waits'}`)
}

/** Why a world is not at rest yet, for the report. */
const unrest = new WeakMap<World, string>()

/** Resolves when one leader is followed by all, all stores are equal, and pods and containers are as asked. */
async function rest(
  world: World,
  cluster: SimCluster,
  logs: LogChecker,
  http: ReturnType<typeof newSimHttp>,
  pods: Pods,
): Promise<void> {
  const client = newApiClient(http, 'judge')
  for (;;) {
    const why = storesDiffer(cluster, logs) ?? (await podsDiffer(cluster, client, pods))
    if (why === null) return
    unrest.set(world, why)
    world.note('unrest', '', why)
    await new Promise<void>((resolve) => void world.after(1_000, resolve))
  }
}

function storesDiffer(cluster: SimCluster, logs: LogChecker): string | null {
  const stands = cluster.nodes.map(({ name }) => ({ name, ...logs.applied(name) }))
  const [first] = stands
  const other = stands.find(({ index, hash }) => index !== first?.index || hash !== first?.hash)
  if (other !== undefined) return `${first?.name} has applied ${first?.index}, ${other.name} ${other.index}`
  return null
}

async function podsDiffer(
  cluster: SimCluster,
  client: ReturnType<typeof newApiClient>,
  pods: Pods,
): Promise<string | null> {
  for (const { name } of cluster.nodes) {
    const answer = await client.ask(name, 'GET', '/api/v1/pods')
    if (answer?.status !== 200) return `${name} does not list pods: ${answer?.status ?? 'no answer'}`
    const why = pods.unsettled(answer.body.items ?? [], runningPods(cluster))
    if (why !== null) return `as ${name} sees it, ${why}`
  }
  return null
}

function runningPods(cluster: SimCluster) {
  return cluster.nodes.flatMap(({ name: node, machine }) =>
    machine.engine.containers
      .filter(({ state, spec }) => state === 'running' && spec.labels[labels.uid] !== undefined)
      .map(({ spec }) => ({
        node,
        uid: spec.labels[labels.uid] ?? '',
        name: spec.labels[labels.pod] ?? '',
        container: spec.labels[labels.container] ?? '',
      })),
  )
}

function told(cause: unknown, world: World): NonNullable<SeedResult['failure']> {
  const last = world.trace.last()
  if (cause instanceof Violation) return { invariant: cause.invariant, detail: cause.message, last }
  return { invariant: 'the simulator itself works', detail: causeText(cause), last }
}

function causeText(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}

function counts(record: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).filter(([, count]) => count > 0))
}
