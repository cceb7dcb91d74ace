import type { Clock, Log, Network } from '../host/host.ts'
import { newInbox } from '../lib/inbox.ts'
import { childSignal, sleep, untilAborted } from '../lib/wait.ts'
import type { StoreView } from '../store/types.ts'
import { decodeNews, encodeNews } from './codec.ts'
import { type Members, nodePrefix } from './members.ts'

export interface MembersParts {
  readonly members: Members
  readonly view: StoreView
  readonly network: Network
  readonly clock: Clock
  readonly log: Log
  /** Null while this node knows of no leader. */
  readonly leader: () => string | null
  /** Calls back when Raft's configuration may have changed; the returned function ends it. */
  readonly raft: { watch(listener: () => void): () => void }
}

const protocol = 'members'
/** A node that hears of no leader for so long may have been away while those it knew were replaced: it asks around. */
const lonelyMs = 3_000
const askTimeoutMs = 2_000

/** Keeps the gate: who is a member may speak with this node, and nobody else. */
export async function driveMembers(parts: MembersParts, signal: AbortSignal): Promise<void> {
  const { members, view, network } = parts
  network.admit((peer) => members.admits(peer))
  network.answer(protocol, async () => encodeNews(members.list(), view.revision))
  for (const { identity, gossipAddresses } of members.list()) network.learn(identity, gossipAddresses)
  await untilAborted(signal, {
    gate: (inner) => followStore(parts, inner),
    lonely: (inner) => askAround(parts, inner),
  })
}

async function followStore({ members, view, network, raft }: MembersParts, signal: AbortSignal): Promise<void> {
  const inbox = newInbox<'look'>(1)
  const unwatch = raft.watch(() => void inbox.offer('look'))
  const unsubscribe = view.subscribe((changes) => {
    if (changes.length === 0 || changes.some(({ key }) => key.startsWith(nodePrefix))) inbox.offer('look')
  })
  try {
    for (;;) {
      if (members.look()) network.recheck()
      await inbox.takeAll(signal)
    }
  } finally {
    unsubscribe()
    unwatch()
  }
}

/** The leader may be somebody this node has never heard of, whom its gate keeps out: others can tell. */
async function askAround({ members, network, clock, log, leader }: MembersParts, signal: AbortSignal): Promise<void> {
  for (let turn = 0; ; turn++) {
    await sleep(clock.after, lonelyMs, signal)
    const others = members.list().filter(({ identity }) => identity !== network.identity)
    const asked = others[turn % Math.max(1, others.length)]
    if (leader() !== null || asked === undefined) continue
    const asking = childSignal(signal)
    const cancel = clock.after(askTimeoutMs, () => asking.abort(new Error('no answer in time')))
    try {
      const news = decodeNews(await network.ask(asked.identity, protocol, new Uint8Array(0), asking.signal))
      members.told(news.members, news.revision)
      for (const { identity, gossipAddresses } of members.list()) network.learn(identity, gossipAddresses)
    } catch (cause) {
      signal.throwIfAborted()
      log.debug('a member could not tell who else is one', { asked: asked.name, error: String(cause) })
    } finally {
      cancel()
      asking.release()
    }
  }
}
