import { adminGroup, adminUser } from '../auth/ca.ts'
import {
  type ClientIdentity,
  type Clock,
  DeviceError,
  type Entropy,
  type HttpResponse,
  type Log,
} from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { newRandom } from '../lib/random.ts'
import type { ClusterStatus } from '../objects/clusterstatus.ts'
import { encodeProposal } from '../store/codec.ts'
import { newStoreCore, type StoreCore } from '../store/store.ts'
import { NoQuorumError, type Outcome, type StoreWriter, type Txn, UnknownOutcomeError } from '../store/types.ts'
import { newObjectCache } from './cache.ts'
import { newHandler } from './handle.ts'
import { newJoin } from './join.ts'
import type { PodReach } from './podreach.ts'
import type { World } from './world.ts'

/** For tests: the API over a real store core in memory, a clock that stands, and a cluster that can be broken. */
export interface Fixture {
  readonly world: World
  readonly clock: FixtureClock
  readonly cluster: FixtureCluster
  /** One request; resolves with its head. */
  ask(method: string, target: string, call?: FixtureCall): Promise<FixtureAnswer>
}

export interface FixtureCall {
  /** Sent as JSON, unless it is text or bytes. */
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Null: nobody. Absent: the administrator. */
  readonly client?: ClientIdentity | null
  readonly signal?: AbortSignal
}

export interface FixtureAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  text(): Promise<string>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json(): Promise<any>
  /** The next line of a stream, parsed; null at its end. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  line(): Promise<any>
}

export interface FixtureCluster {
  /**
   * `lost`: no majority, and everybody knows. `losing`: no majority, and nobody has noticed. `unknown`: a write is carried
   * out, and its outcome never learnt.
   */
  state: 'well' | 'lost' | 'losing' | 'unknown'
  /** A write at another node: seen here only after the next barrier or write. */
  elsewhere(txn: Txn): void
  commit(txn: Txn): Outcome
}

export interface FixtureClock extends Clock {
  advance(ms: number): Promise<void>
}

const startMs = Date.UTC(2026, 0, 2, 3, 4, 5)

export function newFixture(core: StoreCore = newStoreCore(), reach: PodReach = nowhere): Fixture {
  const clock = newFixtureClock()
  const cluster = newCluster(core)
  const world: World = {
    view: core.view,
    writer: cluster.writer,
    clock,
    entropy: newFixtureEntropy(),
    log: silent,
    config: { clusterId: 'c1', version: '0.1.0', address: '127.0.0.1', port: 6443 },
    objects: newObjectCache(100),
    clusterStatus: () => statusOf(cluster.state === 'lost'),
    leader: () => (cluster.state === 'lost' ? null : 'id1'),
    reach,
    ca: { certificatePem: 'the certificate', keyPem: 'the key' },
  }
  const handle = newHandler(world, newJoin(world))
  return {
    world,
    clock,
    cluster,
    async ask(method, target, call = {}) {
      const body = call.body === undefined ? new Uint8Array() : bytesOf(call.body)
      const client = call.client === undefined ? { user: adminUser, groups: [adminGroup] } : call.client
      const headers = {
        ...(call.type !== undefined && { 'content-type': call.type }),
        ...(call.accept !== undefined && { accept: call.accept }),
        ...call.headers,
      }
      const signal = call.signal ?? new AbortController().signal
      const request = { method, target, headers, body, remoteAddress: '10.0.0.1', ...(client !== null && { client }) }
      return answerOf(await handle(request, signal))
    },
  }
}

const nowhere: PodReach = {
  ask: () => Promise.reject(new DeviceError('unavailable', 'no way to any node')),
  open: () => Promise.reject(new DeviceError('unavailable', 'no way to any node')),
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (message, fields) => {
    throw new Error(`${message} ${JSON.stringify(fields)}`)
  },
  child: () => silent,
}

function bytesOf(body: unknown): Uint8Array | null {
  if (body === null || body instanceof Uint8Array) return body
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
}

function answerOf({ status, headers, body }: HttpResponse): FixtureAnswer {
  const chunks = body instanceof Uint8Array ? once(body) : body[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let rest = ''
  const text = async (): Promise<string> => {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      rest += decoder.decode(next.value)
    return rest
  }
  return {
    status,
    headers,
    text,
    json: async () => JSON.parse(await text()),
    async line() {
      while (!rest.includes('\n')) {
        const next = await chunks.next()
        if (next.done === true) return null
        rest += decoder.decode(next.value)
      }
      const end = rest.indexOf('\n')
      const line = rest.slice(0, end)
      rest = rest.slice(end + 1)
      return JSON.parse(line)
    },
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function newCluster(core: StoreCore): FixtureCluster & { readonly writer: StoreWriter } {
  const held: Txn[] = []
  let sequence = 0
  const apply = (txn: Txn): Outcome => {
    sequence++
    const mark = { origin: 'fixture', since: 0, sequence, acked: sequence }
    const applied = core.apply({ index: core.head.index + 1, term: 1, data: encodeProposal(mark, txn) })
    core.publish(applied.changes)
    const { verdict } = applied
    return must(verdict.type === 'decided' ? verdict.outcome : null, 'each proposal is new')
  }
  const catchUp = (): void => {
    for (const txn of held.splice(0)) apply(txn)
  }
  const cluster: FixtureCluster & { readonly writer: StoreWriter } = {
    state: 'well',
    elsewhere: (txn) => void held.push(txn),
    commit: apply,
    writer: {
      async commit(txn) {
        if (cluster.state === 'lost' || cluster.state === 'losing') throw new NoQuorumError('no leader')
        catchUp()
        const outcome = apply(txn)
        if (cluster.state === 'unknown') throw new UnknownOutcomeError('not confirmed')
        return outcome
      },
      async barrier() {
        if (cluster.state === 'lost' || cluster.state === 'losing') throw new NoQuorumError('no leader')
        catchUp()
      },
    },
  }
  return cluster
}

function newFixtureClock(): FixtureClock {
  let nowMs = startMs
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    after(ms, callback) {
      const timer = { atMs: nowMs + ms, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    /** Timer by timer, so that what one of them starts is there when the next is due. */
    async advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        await settled()
        const due = [...timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
        const [first] = due
        if (first === undefined) break
        nowMs = Math.max(nowMs, first.atMs)
        timers.delete(first)
        first.callback()
      }
      nowMs = endMs
      await settled()
    },
  }
}

/** Lets what waits on nothing but promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

function newFixtureEntropy(): Entropy {
  const random = newRandom(7)
  return { bytes: (count) => Uint8Array.from({ length: count }, () => random.below(256)) }
}

function statusOf(lost: boolean): ClusterStatus {
  return {
    node: 'n1',
    clusterId: 'c1',
    version: '0.1.0',
    raft: {
      role: lost ? 'precandidate' : 'leader',
      term: 1,
      leader: lost ? null : 'id1',
      commitIndex: 1,
      appliedIndex: 1,
      voters: ['id1'],
      learners: [],
      active: lost ? [] : ['id1'],
    },
    members: [],
    engine: '',
    quorum: { voters: 1, mayFail: 0 },
  }
}
