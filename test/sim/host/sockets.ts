import { type ByteStream, DeviceError, type SocketAddress, type Sockets } from '../../../src/host/host.ts'
import { deviceCall, newSimProcess, type SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import { newSimLinks, type SimLinks } from './links.ts'
import { newSimPipe, type SimPipe } from './pipe.ts'
import type { SimSites } from './sites.ts'

/**
 * TCP and UDP between daemons, and to what serves in containers (`sites`). Node `n3` owns the address 10.0.0.3; an
 * address that begins with 127. or 169.254. is each node's own. Connections break with `lossChance`, datagrams get lost.
 */
export interface SimSockets {
  attach(process: SimProcess): Sockets
}

type Datagrams = (question: Uint8Array, from: SocketAddress) => Promise<Uint8Array | null>
type Connections = (stream: ByteStream, from: SocketAddress) => Promise<void>

interface Listener<T> {
  readonly process: SimProcess
  readonly at: SocketAddress
  readonly take: T
  readonly pipes: Set<SimPipe>
}

/** All listeners of one kind, by `<node>|<address>:<port>`. */
type Listeners<T> = Map<string, Listener<T>>

const connectTimeoutMs = 30_000
/** How long a connection over a cut link, or to a host that lost its power, still looks well. */
const keepAliveMs = { min: 2_000, spread: 10_000 }

export function newSimSockets(world: World, links: SimLinks = newSimLinks(), sites: SimSites = new Map()): SimSockets {
  const random = world.random.fork()
  const tcp: Listeners<Connections> = new Map()
  const udp: Listeners<Datagrams> = new Map()
  let freePort = 40_000

  /** The site is somewhere in the world, and needs no daemon to be there. */
  const outside = newSimProcess(world, 'outside')

  function listen<T>(
    listeners: Listeners<T>,
    process: SimProcess,
    at: SocketAddress,
    take: T,
    signal: AbortSignal,
  ): Promise<void> {
    return deviceCall(process, signal, (answer) => {
      const key = `${process.node}|${textOf(at)}`
      if (listeners.get(key)?.process.alive === true)
        return answer.reject(1, new DeviceError('conflict', `${textOf(at)} is in use`))
      const listener: Listener<T> = { process, at, take, pipes: new Set() }
      listeners.set(key, listener)
      const stop = (): void => {
        if (listeners.get(key) === listener) listeners.delete(key)
        for (const pipe of listener.pipes) pipe.break('the listener has closed')
      }
      process.onKill(stop)
      signal.addEventListener('abort', () => process.alive && stop(), { once: true })
      answer.resolve(1, undefined)
    })
  }

  /** Who answers there, for one who asks from this node. */
  function find<T>(listeners: Listeners<T>, node: string, to: SocketAddress): Listener<T> | undefined {
    const own = listeners.get(`${node}|${textOf(to)}`)
    if (own !== undefined) return own
    if (isOwn(to.address)) return listeners.get(`${node}|0.0.0.0:${to.port}`)
    for (const [key, listener] of listeners) if (key.endsWith(`|${textOf(to)}`)) return listener
    return listeners.get(`${ownerOf(to.address)}|0.0.0.0:${to.port}`)
  }

  function carries(from: string, to: string): boolean {
    return !links.isCut(from, to) && !links.isCut(to, from)
  }

  function connect(process: SimProcess, to: SocketAddress, signal: AbortSignal): Promise<ByteStream> {
    return deviceCall(process, signal, (answer) => {
      const refuse = (delayMs: number, why: string): void =>
        answer.reject(delayMs, new DeviceError('unavailable', `dial tcp ${textOf(to)}: connect: ${why}`))
      const wayMs = (): number => links.delayMs(random)
      world.after(wayMs(), () => {
        const listener = find(tcp, process.node, to)
        if (listener === undefined && !sites.has(textOf(to))) return refuse(wayMs(), 'connection refused')
        const other = listener?.process ?? outside
        if (!carries(process.node, other.node)) return refuse(connectTimeoutMs, 'connection timed out')
        if (!other.alive) return refuse(wayMs(), 'connection refused')
        const pipe = pipeBetween(process, other)
        listener?.pipes.add(pipe)
        pipe.onClosed(() => listener?.pipes.delete(pipe))
        const from = { address: addressOf(process.node), port: freePort++ }
        if (listener === undefined) pipe.finish(1)
        else other.deliver(() => void listener.take(pipe.ends[1], from).then(() => pipe.finish(1), pipe.ends[1].reset))
        world.after(wayMs(), () => {
          if (answer.settled) pipe.ends[0].reset()
          else answer.resolve(0, pipe.ends[0])
        })
      })
    })
  }

  /** A connection; it ends with either process, and after a while when its way is cut. */
  function pipeBetween(a: SimProcess, b: SimProcess): SimPipe {
    const way = {
      delayMs: () => links.delayMs(random),
      carries,
      breakChance: () => links.lossChance / 20,
      random: () => random.next(),
    }
    const pipe = newSimPipe(world, way, [a, b])
    const patienceMs = (): number => keepAliveMs.min + random.next() * keepAliveMs.spread
    for (const process of new Set([a, b])) {
      process.onKill(() => {
        if (pipe.broken) return
        const seenAtOnce = carries(a.node, b.node)
        world.after(seenAtOnce ? links.delayMs(random) : patienceMs(), () => pipe.break('the host has gone'))
      })
    }
    return pipe
  }

  function ask(process: SimProcess, to: SocketAddress, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const copy = question.slice()
    return deviceCall(process, signal, (answer) => {
      const lost = (one: string, another: string): boolean =>
        links.isCut(one, another) || random.chance(links.lossChance)
      world.after(links.delayMs(random), () => {
        const listener = find(udp, process.node, to)
        const other = listener?.process
        if (listener === undefined || other === undefined || !other.alive) {
          const refused = new DeviceError('unavailable', `udp ${textOf(to)}: connect: connection refused`)
          return answer.reject(links.delayMs(random), refused)
        }
        if (lost(process.node, other.node)) return
        const back = (reply: Uint8Array | null): void => {
          if (reply !== null && !lost(other.node, process.node)) answer.resolve(links.delayMs(random), reply.slice())
        }
        const from = { address: addressOf(process.node), port: freePort++ }
        other.deliver(() => {
          const noReply = (cause: unknown): void => world.note('udp', other.node, `not answered: ${String(cause)}`)
          listener.take(copy, from).then(back, noReply)
        })
      })
    })
  }

  return {
    attach: (process) => ({
      answerUdp: (at, answer, signal) => listen(udp, process, at, answer, signal),
      acceptTcp: (at, accept, signal) => listen(tcp, process, at, accept, signal),
      connectTcp: (to, signal) => connect(process, to, signal),
      askUdp: (to, question, signal) => ask(process, to, question, signal),
    }),
  }
}

function textOf({ address, port }: SocketAddress): string {
  return `${address}:${port}`
}

function isOwn(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('169.254.')
}

/** `n3` has the address 10.0.0.3. */
function addressOf(node: string): string {
  return `10.0.0.${node.slice(1)}`
}

function ownerOf(address: string): string {
  return `n${address.slice('10.0.0.'.length)}`
}
