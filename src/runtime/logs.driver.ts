import {
  type ByteStream,
  type Clock,
  DeviceError,
  type Engine,
  type Entropy,
  type Identity,
  type Log,
  type Network,
} from '../host/host.ts'
import { hex } from '../lib/hash.ts'
import { childSignal } from '../lib/wait.ts'
import {
  type AccessAnswer,
  accessProtocol,
  decodeAccess,
  encodeAccess,
  grantedProtocol,
  grantLetters,
  type PodAccess,
  type PodLogOptions,
} from '../objects/podaccess.ts'
import type { StoreView } from '../store/types.ts'
import { labels } from './labels.ts'
import { chooseLog, sinceOf } from './logs.ts'
import { podKey, wantedOf } from './own.ts'

export interface PodLogsParts {
  readonly view: StoreView
  readonly engine: Engine
  readonly network: Network
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Log
  readonly node: { readonly name: string; readonly clusterId: string }
  readonly members: { admits(identity: Identity): boolean }
  readonly grants: Grants
}

/** One-use grants, kept where they are shown. */
interface Grants {
  give(name: string, holder: Identity, what: Granted, nowMs: number): boolean
  take(name: string, holder: Identity, nowMs: number): Granted | null
}

/** What a grant opens: the log of one container of the engine. */
export interface Granted {
  readonly id: string
  readonly options: PodLogOptions
}

/** The logs of this node's pods, for other nodes over the network and for this node's own API at first hand. */
export interface PodLogs {
  /** Whether there is such a log; with it a grant that opens it once. `from`: the node whose API let the user in. */
  ask(from: Identity, access: PodAccess, signal: AbortSignal): Promise<AccessAnswer>
  /** Spends the grant. Throws `DeviceError` `invalid` when it is none. */
  read(from: Identity, grant: string, signal: AbortSignal): AsyncIterable<Uint8Array>
}

const grantBytes = grantLetters / 2
/** From a stream to the grant that must be the first thing on it. */
const showGrantMs = 5_000

/** Serves until the signal aborts. */
export function newPodLogs(parts: PodLogsParts, signal: AbortSignal): PodLogs {
  const { view, engine, network, clock, entropy, log, node, members, grants } = parts

  async function ask(from: Identity, access: PodAccess, until: AbortSignal): Promise<AccessAnswer> {
    if (!members.admits(from)) return { type: 'unknown' }
    const wanted = wantedOf(view.get(podKey(access.namespace, access.pod)), node.name)
    if (wanted?.pod.metadata.uid !== access.uid) return { type: 'unknown' }
    try {
      const own = { [labels.cluster]: node.clusterId, [labels.uid]: access.uid }
      const containers = await engine.containers(own, until)
      const choice = chooseLog(wanted.pod, access.container, access.options.previous, containers)
      if (choice.type === 'refused') return choice
      const grant = hex(entropy.bytes(grantBytes))
      if (!grants.give(grant, from, { id: choice.id, options: access.options }, clock.monotonicMs())) {
        return { type: 'unable', message: `node ${node.name} has granted more than is used` }
      }
      log.debug('log granted', { user: access.user, pod: access.pod, container: access.container, from })
      return { type: 'granted', grant }
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause
      return { type: 'unable', message: `the container engine of node ${node.name} does not answer: ${cause.message}` }
    }
  }

  function read(from: Identity, grant: string, until: AbortSignal): AsyncIterable<Uint8Array> {
    const granted = grants.take(grant, from, clock.monotonicMs())
    if (granted === null) throw new DeviceError('invalid', 'no grant, or one that is spent or expired')
    const { follow, timestamps, tailLines, limitBytes } = granted.options
    const options = { follow, timestamps, tail: tailLines, sinceMs: sinceOf(granted.options, clock.nowMs()) }
    return limited(engine.logs(granted.id, options, until), limitBytes ?? Number.POSITIVE_INFINITY)
  }

  /** The grant comes first; then nothing more may, for this end hears by it that the other has gone. */
  async function serve(from: Identity, stream: ByteStream): Promise<void> {
    const incoming = stream.received[Symbol.asyncIterator]()
    const cancel = clock.after(showGrantMs, () => stream.reset())
    const grant = await readGrant(incoming)
    cancel()
    const gone = childSignal(signal)
    void untilEnd(incoming).then(() => gone.abort(new DeviceError('unavailable', 'who asked has gone')))
    try {
      for await (const chunk of read(from, grant, gone.signal)) await stream.send(chunk)
    } finally {
      gone.release()
    }
  }

  network.answer(accessProtocol, async (from, question) =>
    encodeAccess(await ask(from, decodeAccess(question), signal)),
  )
  network.accept(grantedProtocol, serve)
  return { ask, read }
}

async function* limited(
  pieces: AsyncIterable<{ readonly data: Uint8Array }>,
  limitBytes: number,
): AsyncGenerator<Uint8Array> {
  let left = limitBytes
  for await (const { data } of pieces) {
    yield data.length > left ? data.subarray(0, left) : data
    left -= data.length
    if (left <= 0) return
  }
}

async function readGrant(incoming: AsyncIterator<Uint8Array>): Promise<string> {
  let text = ''
  while (text.length < grantLetters) {
    const { value, done } = await incoming.next()
    if (done === true) throw new DeviceError('invalid', 'no grant was shown')
    text += new TextDecoder().decode(value)
  }
  return text
}

/** Resolves when the other side has ended, or broken it off; what it sends is thrown away. Never rejects. */
async function untilEnd(incoming: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    for (let next = await incoming.next(); next.done !== true; next = await incoming.next());
  } catch (cause) {
    // It broke off: who sends hears of it as well, and that is all there is to do.
    if (!(cause instanceof DeviceError)) throw cause
  }
}
