import type { Clock, Entropy, Log } from '../host/host.ts'
import { childSignal, sleep } from '../lib/wait.ts'
import type { ClusterStatus } from '../objects/clusterstatus.ts'
import {
  InvalidTxnError,
  NoQuorumError,
  type Outcome,
  type StoreView,
  type StoreWriter,
  type Txn,
  UnknownOutcomeError,
} from '../store/types.ts'
import type { ObjectCache } from './cache.ts'
import type { PodReach } from './podreach.ts'
import { ApiError, notStorable, timedOut, unavailable } from './status.ts'

/** What the verbs work with. */
export interface World {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Log
  readonly config: ApiConfig
  readonly objects: ObjectCache
  readonly clusterStatus: () => ClusterStatus
  /** The leader's identity, as far as this node knows; null while it knows none. */
  readonly leader: () => string | null
  readonly reach: PodReach
  /** Handed to nodes that join. PEM. */
  readonly ca: { readonly certificatePem: string; readonly keyPem: string }
}

export interface ApiConfig {
  readonly clusterId: string
  /** Of Skein itself: `0.1.0`. */
  readonly version: string
  readonly address: string
  readonly port: number
}

const limits = {
  /** An election is over in a second or so; who waits longer than this is told. */
  readTimeoutMs: 3_000,
  readRetryMs: 100,
  writeTimeoutMs: 30_000,
  writeRetryAfterSeconds: 1,
}

/**
 * Waits until the view is as new as the reader asked: null is what is newest anywhere (one quorum round, shared by all
 * that wait), 0 is whatever is here, and any other number at least that.
 */
export async function awaitFreshness(world: World, resourceVersion: number | null, signal: AbortSignal): Promise<void> {
  if (resourceVersion === 0) return
  if (resourceVersion !== null && world.view.revision >= resourceVersion) return
  await catchUp(world, signal)
  if (resourceVersion !== null && world.view.revision < resourceVersion) {
    throw tooLargeVersion(resourceVersion, world.view.revision)
  }
}

const noLeader = 'no leader with a majority of the voters answers'

/** Waits until the view holds all that was acknowledged anywhere. */
export async function catchUp(world: World, signal: AbortSignal): Promise<void> {
  await sitElectionOut(
    world,
    `${noLeader}, so this node cannot tell whether what it holds is current; ` +
      'see `skein status`, or read what it holds with ?resourceVersion=0',
    signal,
  )
}

/** A barrier that outlasts an election, but not the loss of a majority: then 503, with `refusal`. */
async function sitElectionOut(world: World, refusal: string, signal: AbortSignal): Promise<void> {
  const { clock, writer } = world
  const limited = withDeadline(clock, limits.readTimeoutMs, signal)
  try {
    for (;;) {
      try {
        return await writer.barrier(limited.signal)
      } catch (error) {
        if (!(error instanceof NoQuorumError)) throw error
        await sleep(clock.after, limits.readRetryMs, limited.signal)
      }
    }
  } catch (error) {
    if (signal.aborted || !limited.signal.aborted) throw error
    // Without Retry-After: a person who asks gets an answer now; clients would repeat it for them ten times over.
    throw unavailable(refusal, null)
  } finally {
    limited.release()
  }
}

/** Replicates the transaction; what went wrong on the way comes out in Kubernetes' words. */
export async function commit(world: World, txn: Txn, signal: AbortSignal): Promise<Outcome> {
  // Offering it would only make its client wait longer for the same answer.
  if (world.leader() === null) await sitElectionOut(world, `${noLeader}; nothing was written`, signal)
  const limited = withDeadline(world.clock, limits.writeTimeoutMs, signal)
  try {
    return await world.writer.commit(txn, limited.signal)
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof UnknownOutcomeError || limited.signal.aborted) {
      throw timedOut('the cluster did not confirm the write in time; it may or may not have happened')
    }
    if (error instanceof NoQuorumError) {
      throw unavailable(`${noLeader}; nothing was written`, limits.writeRetryAfterSeconds)
    }
    if (error instanceof InvalidTxnError) throw notStorable(error.message)
    throw error
  } finally {
    limited.release()
  }
}

/** A signal that also aborts by itself after `ms`. */
export function withDeadline(clock: Clock, ms: number, parent: AbortSignal): { signal: AbortSignal; release(): void } {
  const child = childSignal(parent)
  const cancel = clock.after(ms, () => child.abort(new Error('deadline')))
  return {
    signal: child.signal,
    release() {
      cancel()
      child.release()
    },
  }
}

/** The cause is what client libraries look for: they list anew. */
function tooLargeVersion(asked: number, current: number): ApiError {
  const error = timedOut(`Too large resource version: ${asked}, current: ${current}`)
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }]
  return new ApiError({ ...error.status, details: { causes, retryAfterSeconds: limits.writeRetryAfterSeconds } })
}
