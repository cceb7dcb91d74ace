import './polyfill.io.ts'

import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { assert } from '../lib/assert.ts'
import { formatHostPort, type HostPort, isWildcard, parseHostPort, toMultiaddrText } from './addresses.ts'
import { askProtocol, asksPerConnectionMax, newAsks } from './asks.io.ts'
import { newHearsay } from './hearsay.io.ts'
import { broadcastBytesMax, hearsayTopic } from './hearsay.ts'
import { DeviceError, type Identity, type Lane, type Log, type Network } from './host.ts'
import type { OwnIdentity } from './identity.io.ts'
import { receivePackets } from './inlet.io.ts'
import { newLinks } from './links.io.ts'
import { createNode, dialMs, type P2pConnection, type P2pNode, type P2pStream } from './p2p.io.ts'
import { newStreams, streamProtocol, streamsPerConnectionMax } from './streams.io.ts'

const packetBytesMax = 8 * 1024 * 1024
/** From an agreed connection to an agreed stream: one round trip. */
const openStreamMs = 3_000
/** A lane has one stream; a second may overlap while the first dies. */
const laneStreamsMax = 4
const protocols: Readonly<Record<Lane, string>> = { raft: '/skein/raft/1', swim: '/skein/swim/1' }

export interface NetworkOptions {
  readonly own: OwnIdentity
  /** `host:port`; port 0: any. */
  readonly listen: string
  /** Where others reach this host, when that is not where it listens (behind NAT, in a container). */
  readonly announce?: readonly string[]
  readonly log: Log
}

/** The network, and how it ends. */
export interface OpenNetwork extends Network {
  close(): Promise<void>
}

/**
 * The network over libp2p: TCP, TLS 1.3 with both ends' keys proved, one connection to a peer shared by all lanes.
 * Rejects `conflict` when the port is taken, `invalid` when an address is none.
 */
export async function openNetwork(options: NetworkOptions, signal: AbortSignal): Promise<OpenNetwork> {
  signal.throwIfAborted()
  const { own, log } = options
  const listen = parseOrRefuse(options.listen)
  let gate: ((peer: Identity) => boolean) | null = null
  const admitted = (peer: Identity): boolean => gate?.(peer) === true
  const node = await createNode(own.privateKey, toMultiaddrText(listen), admitted)
  const receivers: Partial<Record<Lane, (from: Identity, packet: Uint8Array) => void>> = {}
  const lostListeners: ((peer: Identity) => void)[] = []
  const links = newLinks({
    dial: (peer, addresses) => dial(node, peer, addresses),
    openLane: (connection, lane) => openStream(connection, protocols[lane]),
    admitted,
    lost: (peer) => {
      for (const listener of lostListeners) listener(peer)
    },
    log,
  })
  const asks = newAsks({
    connection: links.connection,
    openAsk: (connection, until) => openStream(connection, askProtocol, until),
  })
  const streams = newStreams({
    connection: links.connection,
    openStream: (connection, until) => openStream(connection, streamProtocol, until),
    log,
  })
  const hearsay = newHearsay(node.services.pubsub, own.identity, admitted, log)

  node.addEventListener('connection:open', ({ detail }) => links.opened(detail))
  node.addEventListener('connection:close', ({ detail }) => links.closed(detail))
  for (const lane of ['raft', 'swim'] as const) {
    await serve(protocols[lane], laneStreamsMax, (from, stream) =>
      receivePackets(stream, packetBytesMax, (packet) => receivers[lane]?.(from, packet)),
    )
  }
  await serve(askProtocol, asksPerConnectionMax, asks.serve)
  await serve(streamProtocol, streamsPerConnectionMax, streams.serve)
  await start(node, options.listen)
  node.services.pubsub.subscribe(hearsayTopic)
  const addresses = reachable(options, listen, node)
  log.debug('network open', { identity: own.identity, addresses })

  /** Streams of peers that the gate has shut out since they connected are reset. `streamsMax`: on one connection, each way. */
  function serve(
    protocol: string,
    streamsMax: number,
    take: (from: Identity, stream: P2pStream) => void,
  ): Promise<void> {
    const handler = (stream: P2pStream, connection: P2pConnection): void => {
      const from = connection.remotePeer.toString()
      if (!admitted(from)) {
        stream.abort(new Error('not admitted'))
        return
      }
      links.proved(from)
      take(from, stream)
    }
    return node.handle(protocol, handler, { maxInboundStreams: streamsMax, maxOutboundStreams: streamsMax })
  }

  return {
    identity: own.identity,
    addresses,
    packetBytesMax,
    admit(asked) {
      gate = asked
    },
    recheck: links.recheck,
    learn(peer, places) {
      if (peer !== own.identity) links.learn(peer, places)
    },
    send(peer, lane, packet) {
      assert(packet.length <= packetBytesMax, 'a packet has at most packetBytesMax bytes')
      return links.send(peer, lane, packet)
    },
    receive(lane, receiver) {
      receivers[lane] = receiver
    },
    broadcast(payload) {
      assert(payload.length <= broadcastBytesMax, 'a broadcast has at most 64 KiB')
      hearsay.broadcast(payload)
    },
    hear: hearsay.hear,
    ask: asks.ask,
    answer: asks.answer,
    open: streams.open,
    accept: streams.accept,
    lost(listener) {
      lostListeners.push(listener)
    },
    async close() {
      await links.close()
      await node.stop()
    },
  }
}

async function start(node: P2pNode, listen: string): Promise<void> {
  try {
    await node.start()
  } catch (cause) {
    await node.stop()
    const text = String(cause)
    if (text.includes('EADDRINUSE')) throw new DeviceError('conflict', `${listen} is in use`, cause)
    throw new DeviceError('invalid', `cannot listen on ${listen}`, cause)
  }
}

/** Always with the peer's identity: another host at its address is refused during the handshake. */
async function dial(node: P2pNode, peer: Identity, addresses: readonly string[]): Promise<P2pConnection> {
  const places = addresses.flatMap((address) => parseHostPort(address) ?? [])
  if (places.length === 0) throw new DeviceError('invalid', `${peer} has no address`)
  const targets = places.map((place) => multiaddr(`${toMultiaddrText(place)}/p2p/${peer}`))
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error(`not within ${dialMs} ms`)), dialMs)
  try {
    return await node.dial(targets, { signal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A connection on which no stream is agreed on in time leads nowhere, though it looks open: it is given up, for else
 * each further attempt would begin on it again.
 */
async function openStream(connection: P2pConnection, protocol: string, signal?: AbortSignal): Promise<P2pStream> {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    const late = new Error(`no stream within ${openStreamMs} ms`)
    controller.abort(late)
    connection.abort(late)
  }, openStreamMs)
  const follow = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', follow, { once: true })
  try {
    return await connection.newStream([protocol], { signal: controller.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', follow)
  }
}

function parseOrRefuse(address: string): HostPort {
  const parsed = parseHostPort(address)
  if (parsed === null) throw new DeviceError('invalid', `${address} is no host:port`)
  return parsed
}

/** Links of containers: every machine has them, with the same addresses. */
const containerLinks = /^(docker|br-|veth|cni|virbr|podman)/

/** What to tell others: as configured, else where it listens; never a wildcard. */
function reachable(options: NetworkOptions, listen: HostPort, node: P2pNode): readonly string[] {
  const { announce } = options
  if (announce !== undefined && announce.length > 0) return announce.map((text) => formatHostPort(parseOrRefuse(text)))
  const port = listen.port !== 0 ? listen.port : listeningPort(node)
  if (!isWildcard(listen)) return [formatHostPort({ ...listen, port })]
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !containerLinks.test(name))
    .flatMap(([, links]) => links ?? [])
    .filter((link) => !link.internal && !link.address.startsWith('fe80:'))
    .filter((link) => link.family === (listen.family === 'ip4' ? 'IPv4' : 'IPv6'))
    .map((link) => formatHostPort({ host: link.address, port, family: listen.family }))
  return found.length > 0 ? found : [formatHostPort({ host: loopback(listen), port, family: listen.family })]
}

function loopback({ family }: HostPort): string {
  return family === 'ip4' ? '127.0.0.1' : '::1'
}

function listeningPort(node: P2pNode): number {
  for (const address of node.getMultiaddrs()) {
    const port = address.getComponents().find(({ name }) => name === 'tcp')?.value
    if (port !== undefined) return Number(port)
  }
  throw new DeviceError('failed', 'the network listens nowhere')
}
