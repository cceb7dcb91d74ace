import { type ByteStream, DeviceError, type Identity, type Lane, type Network } from '../../../src/host/host.ts'
import { assert } from '../../../src/lib/assert.ts'
import { type Answer, deviceCall, type SimProcess } from '../process.ts'
import { bytesMark } from '../trace.ts'
import type { World } from '../world.ts'
import { allowEverything, type SimLinks } from './links.ts'
import { openSimStream, type SimAcceptor } from './streams.ts'

/**
 * The network between hosts. Two hosts speak over one connection, made by the first that has something to say, if both
 * gates admit the other. Packets on it are lost, repeated, delayed and overtaken as `links` says. A connection over a cut
 * link looks well for some seconds, then breaks on both sides; that of a killed process mostly breaks at once.
 */
export interface SimNetwork {
  /** The network as this process sees it. An earlier process with the same identity is forgotten. */
  attach(process: SimProcess, identity: Identity, addresses: readonly string[]): Network
}

interface Endpoint {
  readonly process: SimProcess
  readonly identity: Identity
  readonly addresses: readonly string[]
  readonly learnt: Map<Identity, readonly string[]>
  readonly receivers: Map<Lane, (from: Identity, packet: Uint8Array) => void>
  readonly answerers: Map<string, (from: Identity, question: Uint8Array) => Promise<Uint8Array>>
  readonly acceptors: Map<string, SimAcceptor>
  readonly hearers: ((from: Identity, payload: Uint8Array) => void)[]
  readonly lostListeners: ((peer: Identity) => void)[]
  readonly connections: Map<Identity, Connection>
  /** When the next dial of a peer may start, after one that failed. */
  readonly dialFromMs: Map<Identity, number>
  gate: ((peer: Identity) => boolean) | null
}

interface Connection {
  readonly ends: readonly [Endpoint, Endpoint]
  state: 'dialling' | 'open' | 'closed'
  /** What runs with the open connection, or with null when none could be made. */
  readonly waiting: ((open: Connection | null) => void)[]
  /** What must know when it breaks. */
  readonly broken: Set<() => void>
  /** When the last packet on a lane arrives, by direction and lane, so that packets keep order. */
  readonly arrivals: Map<string, number>
}

const packetBytesMax = 4 * 1024 * 1024
const waitingMax = 512
const dialTimeoutMs = 3_000
/** How long a connection over a cut link still looks well. */
const keepAliveMs = { min: 2_000, spread: 10_000 }

export function newSimNetwork(world: World, links: SimLinks = allowEverything()): SimNetwork {
  const random = world.random.fork()
  const endpoints = new Map<Identity, Endpoint>()

  function admits(endpoint: Endpoint, peer: Identity): boolean {
    return endpoint.process.alive && endpoint.gate?.(peer) === true
  }

  /** The endpoint that answers at one of the addresses under this identity. */
  function reach(peer: Identity, addresses: readonly string[]): Endpoint | undefined {
    const endpoint = endpoints.get(peer)
    return endpoint?.addresses.some((address) => addresses.includes(address)) ? endpoint : undefined
  }

  /** The open or opening connection, or a new one; null when there is no way to make one now. */
  function connect(from: Endpoint, peer: Identity): Connection | null {
    const known = from.connections.get(peer)
    if (known !== undefined) return known
    const addresses = from.learnt.get(peer)
    if (addresses === undefined || peer === from.identity || !admits(from, peer)) return null
    if (world.nowMs < (from.dialFromMs.get(peer) ?? 0)) return null
    const to = reach(peer, addresses)
    const connection: Connection = {
      ends: [from, to ?? from],
      state: 'dialling',
      waiting: [],
      broken: new Set(),
      arrivals: new Map(),
    }
    from.connections.set(peer, connection)
    const reachable = to?.process.alive === true && !links.isCut(from.process.node, to.process.node)
    const roundTripMs = links.delayMs(random) + links.delayMs(random)
    const patienceMs =
      reachable && !to.process.paused ? 2 * roundTripMs + 1 : to?.process.alive ? dialTimeoutMs : 2 * roundTripMs
    world.after(patienceMs, () => finishDial(connection, from, peer, to))
    return connection
  }

  function finishDial(connection: Connection, from: Endpoint, peer: Identity, to: Endpoint | undefined): void {
    if (connection.state !== 'dialling') return
    const open =
      to !== undefined &&
      endpoints.get(peer) === to &&
      !to.process.paused &&
      bothWays(from, to) &&
      admits(from, peer) &&
      admits(to, from.identity)
    world.note('dial', from.process.node, `${peer} ${open ? 'open' : 'failed'}`)
    if (!open) {
      connection.state = 'closed'
      if (from.connections.get(peer) === connection) from.connections.delete(peer)
      from.dialFromMs.set(peer, world.nowMs + 100 + random.next() * 400)
    } else {
      const other = to.connections.get(from.identity)
      if (other?.state === 'open') close(other, null)
      // Both dialled at once: this one came first, the other joins it.
      if (other?.state === 'dialling') connection.waiting.push(...other.waiting.splice(0))
      if (other !== undefined) other.state = 'closed'
      to.connections.set(from.identity, connection)
      connection.state = 'open'
    }
    for (const callback of connection.waiting.splice(0)) callback(open ? connection : null)
  }

  function bothWays(a: Endpoint, b: Endpoint): boolean {
    return !links.isCut(a.process.node, b.process.node) && !links.isCut(b.process.node, a.process.node)
  }

  /** Breaks a connection; the end that caused it (null: none) does not hear of it. */
  function close(connection: Connection, causedBy: Endpoint | null): void {
    if (connection.state === 'closed') return
    connection.state = 'closed'
    const [a, b] = connection.ends
    world.note('lost', a.process.node, `${a.identity} ${b.identity}`)
    for (const [end, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      if (end.connections.get(peer.identity) === connection) end.connections.delete(peer.identity)
      if (end === causedBy) continue
      end.process.enter(links.delayMs(random), () => {
        for (const listener of end.lostListeners) listener(peer.identity)
      })
    }
    for (const callback of [...connection.broken]) callback()
    connection.broken.clear()
  }

  function other(connection: Connection, end: Endpoint): Endpoint {
    return connection.ends[0] === end ? connection.ends[1] : connection.ends[0]
  }

  /** Keeps an eye on a connection that may be dead: breaks it if its link is still cut, or its other end gone, after a while. */
  function suspect(connection: Connection, afterMs: number): void {
    world.after(afterMs, () => {
      const [a, b] = connection.ends
      if (connection.state === 'open' && !(bothWays(a, b) && a.process.alive && b.process.alive))
        close(connection, null)
    })
  }

  links.onCut((from, to) => {
    for (const endpoint of endpoints.values()) {
      if (endpoint.process.node !== from) continue
      for (const connection of endpoint.connections.values()) {
        if (other(connection, endpoint).process.node !== to) continue
        suspect(connection, keepAliveMs.min + random.next() * keepAliveMs.spread)
      }
    }
  })

  function transmit(connection: Connection, from: Endpoint, lane: Lane, packet: Uint8Array): void {
    const to = other(connection, from)
    if (random.chance(links.lossChance)) return
    const copies = random.chance(links.repeatChance) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const track = `${from.identity} ${lane}`
      let delayMs = links.delayMs(random)
      if (copy === 0 && !random.chance(links.reorderChance)) {
        delayMs = Math.max(delayMs, (connection.arrivals.get(track) ?? 0) - world.nowMs + 0.001)
        connection.arrivals.set(track, world.nowMs + delayMs)
      }
      world.after(delayMs, () => arrive(connection, from, to, lane, packet))
    }
  }

  function arrive(connection: Connection, from: Endpoint, to: Endpoint, lane: Lane, packet: Uint8Array): void {
    if (connection.state !== 'open' || links.isCut(from.process.node, to.process.node)) return
    if (!to.process.alive) {
      // A new process on that host knows nothing of this connection and says so.
      if (endpoints.get(to.identity)?.process.alive === true) close(connection, to)
      return
    }
    world.note('packet', to.process.node, `${lane} from ${from.process.node} ${packet.length} ${bytesMark(packet)}`)
    to.process.deliver(() => to.receivers.get(lane)?.(from.identity, packet))
  }

  /** Whom a broadcast can reach over open connections, with the number of hops. */
  function reachable(from: Endpoint): Map<Endpoint, number> {
    const hops = new Map([[from, 0]])
    for (const [endpoint, count] of hops) {
      for (const connection of endpoint.connections.values()) {
        const next = other(connection, endpoint)
        if (connection.state !== 'open' || !next.process.alive || hops.has(next)) continue
        if (!links.isCut(endpoint.process.node, next.process.node)) hops.set(next, count + 1)
      }
    }
    hops.delete(from)
    return hops
  }

  function ask(
    from: Endpoint,
    peer: Identity,
    protocol: string,
    question: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    return deviceCall(from.process, signal, (answer) => {
      const fail = (why: string): void => answer.reject(0.1, new DeviceError('unavailable', `${peer}: ${why}`))
      onConnection(from, peer, fail, (open) => exchange(open, from, protocol, question, answer, fail))
    })
  }

  function open(from: Endpoint, peer: Identity, protocol: string, signal: AbortSignal): Promise<ByteStream> {
    return deviceCall(from.process, signal, (answer) => {
      const fail = (why: string): void => answer.reject(0.1, new DeviceError('unavailable', `${peer}: ${why}`))
      onConnection(from, peer, fail, (connection) => {
        const to = other(connection, from)
        openSimStream(world, links, random, { connection, from, to, protocol, answer, fail })
      })
    })
  }

  /** Runs with the open connection, now or when it is made. */
  function onConnection(
    from: Endpoint,
    peer: Identity,
    fail: (why: string) => void,
    run: (open: Connection) => void,
  ): void {
    const connection = connect(from, peer)
    if (connection === null) fail('not connected')
    else if (connection.state === 'open') run(connection)
    else {
      connection.waiting.push((open) => {
        if (open === null) fail('cannot connect')
        else run(open)
      })
    }
  }

  /** One question and its answer on an open connection: whole, or the connection broke (or seems to, for as long as it looks well). */
  function exchange(
    connection: Connection,
    from: Endpoint,
    protocol: string,
    question: Uint8Array,
    answer: Answer<Uint8Array>,
    fail: (why: string) => void,
  ): void {
    const to = other(connection, from)
    const broke = (): void => {
      connection.broken.delete(broke)
      fail('the connection broke')
    }
    const carry = (one: Endpoint, another: Endpoint, arrived: () => void): void => {
      world.after(links.delayMs(random), () => {
        if (connection.state === 'open' && !links.isCut(one.process.node, another.process.node)) arrived()
      })
    }
    connection.broken.add(broke)
    if (random.chance(links.lossChance / 4)) {
      broke()
      return
    }
    carry(from, to, () => {
      world.note('ask', to.process.node, `${protocol} from ${from.process.node} ${bytesMark(question)}`)
      to.process.deliver(() => {
        const answerer = to.answerers.get(protocol)
        const refuse = (): void => carry(to, from, broke)
        const reply = (bytes: Uint8Array): void => {
          carry(to, from, () => {
            connection.broken.delete(broke)
            answer.resolve(0, bytes.slice())
          })
        }
        if (answerer === undefined) refuse()
        else answerer(from.identity, question.slice()).then(reply, refuse)
      })
    })
  }

  return {
    attach(process, identity, addresses) {
      const endpoint: Endpoint = {
        process,
        identity,
        addresses,
        learnt: new Map(),
        receivers: new Map(),
        answerers: new Map(),
        acceptors: new Map(),
        hearers: [],
        lostListeners: [],
        connections: new Map(),
        dialFromMs: new Map(),
        gate: null,
      }
      endpoints.set(identity, endpoint)
      process.onKill(() => {
        for (const connection of [...endpoint.connections.values()]) {
          const seenAtOnce = random.chance(0.8) && bothWays(...connection.ends)
          suspect(connection, seenAtOnce ? links.delayMs(random) : keepAliveMs.min + random.next() * keepAliveMs.spread)
        }
      })
      return {
        identity,
        addresses,
        packetBytesMax,
        admit(gate) {
          endpoint.gate = gate
        },
        recheck() {
          for (const [peer, connection] of [...endpoint.connections]) {
            if (connection.state === 'open' && !admits(endpoint, peer)) close(connection, null)
          }
        },
        learn: (peer, places) => void endpoint.learnt.set(peer, places),
        send(peer, lane, packet) {
          assert(packet.length <= packetBytesMax, 'a packet has its limit')
          if (!process.alive) return false
          const connection = connect(endpoint, peer)
          if (connection === null || connection.waiting.length >= waitingMax) return false
          const copy = packet.slice()
          if (connection.state === 'open') transmit(connection, endpoint, lane, copy)
          else connection.waiting.push((open) => open !== null && transmit(open, endpoint, lane, copy))
          return true
        },
        receive: (lane, receiver) => void endpoint.receivers.set(lane, receiver),
        broadcast(payload) {
          if (!process.alive) return
          const copy = payload.slice()
          for (const [to, hops] of reachable(endpoint)) {
            if (random.chance(0.02 + links.lossChance)) continue
            let delayMs = random.next() * 20
            for (let hop = 0; hop < hops; hop++) delayMs += links.delayMs(random)
            to.process.enter(delayMs, () => {
              world.note('heard', to.process.node, `from ${process.node} ${copy.length} ${bytesMark(copy)}`)
              for (const hearer of to.hearers) hearer(identity, copy)
            })
          }
        },
        hear: (receiver) => void endpoint.hearers.push(receiver),
        ask: (peer, protocol, question, signal) => ask(endpoint, peer, protocol, question.slice(), signal),
        answer: (protocol, answerer) => void endpoint.answerers.set(protocol, answerer),
        open: (peer, protocol, signal) => open(endpoint, peer, protocol, signal),
        accept: (protocol, acceptor) => void endpoint.acceptors.set(protocol, acceptor),
        lost: (listener) => void endpoint.lostListeners.push(listener),
      }
    },
  }
}
