import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { createConnection, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { addressText, unreachable } from './dialfault.ts'
import { type ByteStream, DeviceError, type Log, type SocketAddress, type Sockets } from './host.ts'
import { socketStream } from './socketstream.io.ts'

const limits = {
  /** Connections of one listener at a time; the kernel's next ones are closed at once. */
  connectionsMax: 8_192,
  /** Datagrams of one listener that are being answered; more are dropped: who asked will ask again. */
  answersMax: 1_024,
  backlogMax: 1_024,
  /** A connection whose acceptor is done, and whose other side goes on without an end. */
  lingerMs: 10_000,
}

/** TCP and UDP of this host. `log` hears of what went wrong where nobody waits for it. */
export function newSockets(log: Log): Sockets {
  return {
    answerUdp: (at, answer, signal) => answerUdp(at, answer, signal, log),
    acceptTcp: (at, accept, signal) => acceptTcp(at, accept, signal, log),
    connectTcp,
    askUdp,
  }
}

// ---- TCP ---------------------------------------------------------------------------------------------------------

async function connectTcp(to: SocketAddress, signal: AbortSignal): Promise<ByteStream> {
  signal.throwIfAborted()
  const where = addressText(to)
  const options = { host: to.address, port: to.port, allowHalfOpen: true, noDelay: true, keepAlive: true }
  const socket = createConnection(options)
  const abort = (): void => void socket.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    signal.throwIfAborted()
    throw unreachable(`dial tcp ${where}`, cause)
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return socketStream(socket, `tcp ${where}`)
}

async function acceptTcp(
  at: SocketAddress,
  accept: (stream: ByteStream, from: SocketAddress) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  signal.throwIfAborted()
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true })
  server.maxConnections = limits.connectionsMax
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    const stream = socketStream(socket, `tcp ${addressText(from)}`)
    accept(stream, from).then(() => finish(socket, stream), stream.reset)
  })
  await listening(server, at)
  // Accepting may fail for a while, as when all file descriptors are in use: the kernel keeps what waits.
  server.on('error', (error) => log.warn('connections not accepted', { at: addressText(at), error }))
  const stop = (): void => {
    server.close()
    for (const socket of open) socket.resetAndDestroy()
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
}

/** The acceptor is done: this side ends, and what the other yet sends is dropped until it ends as well. */
function finish(socket: Socket, stream: ByteStream): void {
  if (socket.destroyed) return
  stream.end()
  socket.resume()
  const timer = setTimeout(stream.reset, limits.lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

function listening(server: Server, at: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(at, error))
    server.once('error', failed)
    server.listen({ host: at.address, port: at.port, backlog: limits.backlogMax, exclusive: true }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

/** An address that is not there yet may come: that is no mistake of who asks. */
function listenError(at: SocketAddress, error: NodeJS.ErrnoException): DeviceError {
  const where = addressText(at)
  if (error.code === 'EADDRINUSE') return new DeviceError('conflict', `${where} is in use`, error)
  const code = error.code === 'EADDRNOTAVAIL' ? 'unavailable' : 'invalid'
  return new DeviceError(code, `cannot listen on ${where}: ${error.message}`, error)
}

// ---- UDP ---------------------------------------------------------------------------------------------------------

async function answerUdp(
  at: SocketAddress,
  answer: (question: Uint8Array, from: SocketAddress) => Promise<Uint8Array | null>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  signal.throwIfAborted()
  const socket = newUdp(at.address)
  let answering = 0
  const where = addressText(at)

  async function answerOne(question: Uint8Array, from: RemoteInfo): Promise<void> {
    answering++
    try {
      const reply = await answer(question, { address: from.address, port: from.port })
      if (reply !== null && !signal.aborted) await sent(socket, reply, from)
    } catch (cause) {
      log.warn('datagram not answered', { at: where, from: from.address, error: cause })
    } finally {
      answering--
    }
  }

  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(listenError(at, error)))
    socket.bind({ address: at.address, port: at.port, exclusive: true }, resolve)
  })
  socket.removeAllListeners('error')
  socket.on('error', (error) => log.warn('datagrams not received', { at: where, error }))
  socket.on('message', (question, from) => {
    if (answering < limits.answersMax) void answerOne(question, from)
  })
  const stop = (): void => void socket.close()
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
}

async function askUdp(to: SocketAddress, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  const socket = newUdp(to.address)
  let abort = (): void => undefined
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      abort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      socket.on('error', reject)
      socket.on('message', (reply) => resolve(reply))
      // Connected, it hears when nobody listens there, and takes no answer from anybody else.
      socket.connect(to.port, to.address, () => {
        socket.send(question, (error) => error !== null && reject(error))
      })
    })
  } catch (cause) {
    signal.throwIfAborted()
    throw unreachable(`udp ${addressText(to)}`, cause)
  } finally {
    signal.removeEventListener('abort', abort)
    socket.close()
  }
}

function newUdp(address: string): UdpSocket {
  return createSocket(isIPv6(address) ? 'udp6' : 'udp4')
}

function sent(socket: UdpSocket, bytes: Uint8Array, to: RemoteInfo): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, to.port, to.address, (error) => (error === null ? resolve() : reject(error)))
  })
}
