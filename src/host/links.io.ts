import type { Identity, Lane, Log } from './host.ts'
import { newOutlet, type Outlet, type OutletLimits } from './outlet.io.ts'
import type { P2pConnection, P2pStream } from './p2p.io.ts'

/** One peer, as this host sees it: where it is, how it is connected, what is on its way to it. */
interface Link {
  readonly peer: Identity
  addresses: readonly string[]
  /** Open ones, oldest first. Two are usual when both sides dialled at once; neither is in the way. */
  readonly connections: P2pConnection[]
  readonly outlets: Readonly<Record<Lane, Outlet>>
  readonly opening: Record<Lane, boolean>
  dialling: Promise<P2pConnection> | null
  /** Since something last went well. */
  failures: number
  retryAtMs: number
  /** A stream was agreed on since the link was last down: the peer admits us, so that its loss is news. */
  proved: boolean
}

export interface LinkNeeds {
  /** Connects to one of these addresses; rejects within a few seconds when it cannot. */
  dial(peer: Identity, addresses: readonly string[]): Promise<P2pConnection>
  openLane(connection: P2pConnection, lane: Lane): Promise<P2pStream>
  admitted(peer: Identity): boolean
  lost(peer: Identity): void
  readonly log: Log
}

/** Raft: a few of the largest packets, or many small ones. Probes: enough for a burst, and stale soon. */
const outletLimits: Readonly<Record<Lane, OutletLimits>> = {
  raft: { packetsMax: 8192, bytesMax: 32 * 1024 * 1024 },
  swim: { packetsMax: 1024, bytesMax: 1024 * 1024 },
}
const lanes: readonly Lane[] = ['raft', 'swim']
const linksMax = 20_000
/** A peer that opens more loses its oldest: that one is most likely a dead one of a former life. */
const connectionsPerPeerMax = 4
const retryFirstMs = 50
const retryMaxMs = 2_000
/** A stream that closes sooner has failed; one that lived is simply opened again. */
const streamLivedMs = 1_000
const beatMs = 500
/** At the end: what was said last, a farewell perhaps, shall arrive; a peer that is gone shall not hold us up. */
const farewellMs = 500
/** Eight beats: above any stall that a healthy process has, far below TCP's own patience after a partition. */
const unansweredBeatsMax = 8

/**
 * The links to all peers. A link connects when there is something to send, and after a failure not before a jittered
 * back-off has passed: until then packets are refused, and those that waited for the attempt are dropped, so that
 * nobody gets old news when the peer is back.
 */
export interface Links {
  learn(peer: Identity, addresses: readonly string[]): void
  send(peer: Identity, lane: Lane, packet: Uint8Array): boolean
  /** An open connection, dialled if there is none. */
  connection(peer: Identity): Promise<P2pConnection>
  opened(connection: P2pConnection): void
  closed(connection: P2pConnection): void
  /** The peer opened a stream to us. */
  proved(peer: Identity): void
  recheck(): void
  /** Refuses what comes from now on, and waits a moment for what was accepted to be taken by the peers. */
  close(): Promise<void>
}

export function newLinks(needs: LinkNeeds): Links {
  const links = new Map<Identity, Link>()
  let closing = false
  const beats = setInterval(() => {
    for (const link of links.values()) beat(link)
  }, beatMs)
  beats.unref()

  function linkTo(peer: Identity): Link | null {
    const known = links.get(peer)
    if (known !== undefined) return known
    if (links.size >= linksMax && !forgetOne()) return null
    const link = newLink(peer, (livedMs) => {
      if (livedMs < streamLivedMs) failed(link)
    })
    links.set(peer, link)
    return link
  }

  /** Makes room at the cost of a peer of the past. */
  function forgetOne(): boolean {
    for (const peer of links.keys()) if (!needs.admitted(peer)) return links.delete(peer)
    return false
  }

  function canConnect(link: Link): boolean {
    if (link.dialling !== null) return true
    if (performance.now() < link.retryAtMs) return false
    return link.connections.length > 0 || link.addresses.length > 0
  }

  async function connect(link: Link): Promise<P2pConnection> {
    const open = link.connections.at(-1)
    if (open !== undefined) return open
    if (!needs.admitted(link.peer)) throw new Error(`${link.peer} is not admitted`)
    if (!canConnect(link)) throw new Error(`${link.peer} cannot be reached just now`)
    link.dialling ??= dial(link)
    return await link.dialling
  }

  async function dial(link: Link): Promise<P2pConnection> {
    try {
      return await needs.dial(link.peer, link.addresses)
    } catch (cause) {
      failed(link)
      throw cause
    } finally {
      link.dialling = null
    }
  }

  /** Never rejects: a failure is counted, and what waited for this stream is gone. */
  async function openLane(link: Link, lane: Lane): Promise<void> {
    link.opening[lane] = true
    try {
      const stream = await laneOn(link, await connect(link), lane)
      prove(link)
      link.outlets[lane].attach(stream)
    } catch (cause) {
      link.outlets[lane].clear()
      if (!closing && link.failures === 1)
        needs.log.debug('lane not opened', { peer: link.peer, lane, error: String(cause) })
    } finally {
      link.opening[lane] = false
    }
  }

  async function laneOn(link: Link, connection: P2pConnection, lane: Lane): Promise<P2pStream> {
    try {
      const stream = await needs.openLane(connection, lane)
      if (closing || stream.status !== 'open') throw new Error('the stream closed while it opened')
      return stream
    } catch (cause) {
      failed(link)
      throw cause
    }
  }

  function failed(link: Link): void {
    link.failures++
    const retryMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(10, link.failures - 1)) * (0.5 + Math.random())
    link.retryAtMs = performance.now() + retryMs
  }

  function prove(link: Link): void {
    link.proved = true
    link.failures = 0
    link.retryAtMs = 0
  }

  /** A peer that answers nothing while data waits for an answer: the way to it is dead, though TCP still hopes. */
  function beat(link: Link): void {
    for (const lane of lanes) {
      const outlet = link.outlets[lane]
      outlet.beat()
      if (outlet.unanswered <= unansweredBeatsMax) continue
      needs.log.debug('peer silent', { peer: link.peer, lane })
      for (const connection of [...link.connections]) connection.abort(new Error('the peer does not answer'))
      return
    }
  }

  return {
    learn(peer, addresses) {
      const link = linkTo(peer)
      if (link === null) return
      if (link.addresses.join() !== addresses.join()) link.retryAtMs = 0
      link.addresses = [...addresses]
    },
    send(peer, lane, packet) {
      const link = links.get(peer)
      if (closing || link === undefined || !needs.admitted(peer)) return false
      const outlet = link.outlets[lane]
      if (!outlet.attached && !link.opening[lane] && !canConnect(link)) return false
      if (!outlet.offer(packet)) return false
      if (!outlet.attached && !link.opening[lane]) void openLane(link, lane)
      return true
    },
    async connection(peer) {
      const link = links.get(peer)
      if (closing || link === undefined) throw new Error(`${peer} is not known`)
      return await connect(link)
    },
    opened(connection) {
      const peer = connection.remotePeer.toString()
      const link = needs.admitted(peer) && !closing ? linkTo(peer) : null
      if (link === null) return connection.abort(new Error('not admitted'))
      if (connection.status !== 'open') return
      link.connections.push(connection)
      if (connection.direction === 'inbound') link.retryAtMs = 0
      if (link.connections.length > connectionsPerPeerMax) link.connections[0]?.abort(new Error('too many connections'))
    },
    closed(connection) {
      const link = links.get(connection.remotePeer.toString())
      const at = link?.connections.indexOf(connection) ?? -1
      if (link === undefined || at < 0) return
      link.connections.splice(at, 1)
      if (link.connections.length > 0 || !link.proved) return
      link.proved = false
      if (!closing && needs.admitted(link.peer)) needs.lost(link.peer)
    },
    proved(peer) {
      const link = links.get(peer)
      if (link !== undefined) prove(link)
    },
    recheck() {
      for (const link of links.values()) {
        if (needs.admitted(link.peer)) continue
        for (const lane of lanes) link.outlets[lane].clear()
        for (const connection of [...link.connections]) connection.abort(new Error('no longer admitted'))
      }
    },
    async close() {
      closing = true
      clearInterval(beats)
      const outlets = [...links.values()].flatMap((link) => lanes.map((lane) => link.outlets[lane]))
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, farewellMs)
      })
      await Promise.race([Promise.all(outlets.map((outlet) => outlet.end())), patience])
      clearTimeout(timer)
    },
  }
}

function newLink(peer: Identity, laneClosed: (livedMs: number) => void): Link {
  const outlet = (lane: Lane): Outlet =>
    newOutlet(outletLimits[lane], (stream) => laneClosed(Date.now() - stream.timeline.open))
  return {
    peer,
    addresses: [],
    connections: [],
    outlets: { raft: outlet('raft'), swim: outlet('swim') },
    opening: { raft: false, swim: false },
    dialling: null,
    failures: 0,
    retryAtMs: 0,
    proved: false,
  }
}
