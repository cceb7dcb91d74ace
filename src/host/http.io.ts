import { constants as crypto } from 'node:crypto'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  constants as http2,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  type ClientIdentity,
  DeviceError,
  type Http,
  type HttpHandler,
  type HttpOptions,
  type HttpRequest,
  type HttpResponse,
  type Log,
} from './host.ts'
import { askHttp } from './httpask.io.ts'
import { type BodyMemory, bodyTimeoutMs, readBody, TooBusyError } from './httpbody.io.ts'

/** PEM texts: the server's key and certificate, and the authority that client certificates are verified against. */
export interface TlsMaterial {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** The real Http device: HTTP/2 and HTTP/1.1 over TLS on one port, chosen by ALPN. */
export interface TlsHttp extends Http {
  /** Serves new connections with this material from now on; those that are open keep what they shook hands with. */
  renew(material: TlsMaterial): void
}

const limits = {
  connectionsMax: 4096,
  streamsPerConnectionMax: 250,
  headerBytesMax: 64 * 1024,
  headersMax: 200,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 20_000,
  /** A connection on which nothing is asked. */
  idleTimeoutMs: 5 * 60_000,
  /** A client that does not read what it asked for. */
  stallTimeoutMs: 60_000,
  /** Bodies in memory at a time: of those who show a certificate, and of strangers, who shall not take the others' place. */
  bodiesBytesMax: 256 * 1024 * 1024,
  strangersBytesMax: 32 * 1024 * 1024,
  /** From the end of serving to the end of every connection. */
  closeGraceMs: 1_000,
} as const

/** Both protocols' responses; HTTP/1.1's keeps its head back until it is told. */
type Response = Http2ServerResponse & { flushHeaders?(): void }

/** One listening server. */
interface Serving {
  readonly options: HttpOptions
  readonly handle: HttpHandler
  readonly log: Log
  /** A controller for every request that is being answered. */
  readonly open: Set<AbortController>
  /** HTTP/1.1 connections with a request on them; the others wait for their next. */
  readonly busy: Set<TLSSocket>
  readonly memory: BodyMemory
  /** For those who show no certificate. */
  readonly strangers: BodyMemory
}

/** `log` hears of faults of connections and of handlers that throw; neither ends the server. */
export function newTlsHttp(material: TlsMaterial, log: Log): TlsHttp {
  const servers = new Set<Http2SecureServer>()
  let current = material
  return {
    renew(next) {
      current = next
      for (const server of servers) server.setSecureContext(contextOf(next))
    },
    ask: askHttp,
    async serve(options, handle, signal) {
      signal.throwIfAborted()
      const server = createSecureServer({
        ...contextOf(current),
        allowHTTP1: true,
        requestCert: true,
        rejectUnauthorized: false,
        handshakeTimeout: limits.handshakeTimeoutMs,
        unknownProtocolTimeout: limits.handshakeTimeoutMs,
        maxHeaderListPairs: limits.headersMax,
        settings: { maxConcurrentStreams: limits.streamsPerConnectionMax, maxHeaderListSize: limits.headerBytesMax },
        ...httpOneOptions,
      })
      Object.assign(server, httpOneTimes)
      server.maxConnections = limits.connectionsMax
      const memory = { bytesHeld: 0, bytesMax: limits.bodiesBytesMax }
      const strangers = { bytesHeld: 0, bytesMax: limits.strangersBytesMax }
      const serving: Serving = { options, handle, log, open: new Set(), busy: new Set(), memory, strangers }
      const stop = attend(server, serving)
      const port = await listen(server, options)
      servers.add(server)
      server.once('close', () => servers.delete(server))
      if (signal.aborted) stop(signal.reason)
      else signal.addEventListener('abort', () => stop(signal.reason), { once: true })
      return { port }
    },
  }
}

/** For connections that chose HTTP/1.1; the types of the HTTP/2 server do not name it, though it hands them on. */
const httpOneOptions: object = { maxHeaderSize: limits.headerBytesMax }

/**
 * For the same, but to be set where HTTP/1.1's own server has them: given as options they are overlooked, and a
 * connection that asked once stays open for ever.
 */
const httpOneTimes: object = {
  headersTimeout: limits.headersTimeoutMs,
  requestTimeout: bodyTimeoutMs,
  keepAliveTimeout: limits.idleTimeoutMs,
}

/** Without session tickets every connection proves its certificate anew, against the authority of the day. */
function contextOf(material: TlsMaterial): object {
  return { ...material, minVersion: 'TLSv1.2', secureOptions: crypto.SSL_OP_NO_TICKET }
}

async function listen(server: Http2SecureServer, options: HttpOptions): Promise<number> {
  const where = `${options.address}:${options.port}`
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new DeviceError(
          taken ? 'conflict' : 'invalid',
          taken ? `${where} is in use` : `cannot listen on ${where}: ${error.message}`,
          error,
        ),
      )
    }
    server.once('error', failed)
    server.listen({ port: options.port, host: options.address, exclusive: true }, () => {
      server.off('error', failed)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

/** Wires the server's events; the returned function ends it. */
function attend(server: Http2SecureServer, serving: Serving): (reason: unknown) => void {
  const { log, open, busy } = serving
  const sockets = new Set<TLSSocket>()
  const sessions = new Set<ServerHttp2Session>()
  server.on('error', (error) => log.warn('http server failed', { error: error.message }))
  server.on('tlsClientError', (error) => log.debug('tls handshake failed', { error: error.message }))
  server.on('sessionError', (error) => log.debug('http session failed', { error: error.message }))
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', (error) => log.debug('connection failed', { error: error.message }))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    closeWhenIdle(session)
  })
  server.on('request', (request, response) => {
    answer(request, response, serving).catch((error: unknown) => {
      const fields = { target: request.url, error: String(error) }
      // That what an answer is made of is gone is the world's fault, and its client is told.
      if (error instanceof DeviceError) log.debug('http answer broken off', fields)
      else log.error('http request failed', fields)
      breakOff(response, http2.NGHTTP2_INTERNAL_ERROR)
    })
  })
  return (reason) => {
    server.close()
    for (const controller of open) controller.abort(reason)
    for (const session of sessions) session.close()
    for (const socket of sockets) if (socket.alpnProtocol !== 'h2' && !busy.has(socket)) socket.end()
    // Streams end because their handlers were told; what has not ended after the grace is cut.
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, limits.closeGraceMs)
    server.once('close', () => clearTimeout(cut))
  }
}

function closeWhenIdle(session: ServerHttp2Session): void {
  let streams = 0
  session.on('stream', (stream) => {
    streams++
    stream.once('close', () => streams--)
  })
  session.setTimeout(limits.idleTimeoutMs, () => {
    if (streams === 0) session.close()
  })
}

function breakOff(response: Response, code: number): void {
  if (response.stream) response.stream.close(code)
  else response.socket?.destroy()
}

async function answer(request: Http2ServerRequest, response: Response, serving: Serving): Promise<void> {
  const { options, handle, open, busy } = serving
  const gone = new AbortController()
  const abort = (): void => gone.abort(new DeviceError('unavailable', 'the client has gone'))
  response.once('close', abort)
  // Errors of one stream (a reset, a broken pipe) show as its close; without a listener they would end the process.
  request.on('error', abort)
  response.on('error', abort)
  const socket = request.socket as TLSSocket
  open.add(gone)
  busy.add(socket)
  const memory = clientOf(socket) === null ? serving.strangers : serving.memory
  let held = 0
  try {
    const body = await readBody(request, options.bodyBytesMax, memory)
    held = body?.byteLength ?? 0
    if (gone.signal.aborted) return
    await send(response, await handle(requestOf(request, socket, body), gone.signal), gone.signal)
  } catch (error) {
    if (error instanceof TooBusyError) await send(response, busyResponse, gone.signal)
    else if (!gone.signal.aborted) throw error
  } finally {
    memory.bytesHeld -= held
    open.delete(gone)
    busy.delete(socket)
  }
}

function requestOf(request: Http2ServerRequest, socket: TLSSocket, body: Uint8Array | null): HttpRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const client = clientOf(socket)
  return {
    method: request.method,
    target: request.url,
    headers,
    body,
    ...(client === null ? {} : { client }),
    remoteAddress: socket.remoteAddress ?? '',
  }
}

const clients = new WeakMap<object, { readonly client: ClientIdentity | null }>()

/** Who the client is, if its certificate verified against the authority when the connection was made. */
function clientOf(socket: TLSSocket): ClientIdentity | null {
  const known = clients.get(socket)
  if (known !== undefined) return known.client
  const client = socket.authorized ? subjectOf(socket) : null
  clients.set(socket, { client })
  return client
}

function subjectOf(socket: TLSSocket): ClientIdentity | null {
  const subject: unknown = socket.getPeerCertificate()?.subject
  if (subject === null || typeof subject !== 'object') return null
  const { CN: user, O: organizations } = subject as { CN?: unknown; O?: unknown }
  // A subject with several common names does not say who it is.
  if (typeof user !== 'string' || user === '') return null
  const groups = Array.isArray(organizations) ? organizations : [organizations]
  return { user, groups: groups.filter((group): group is string => typeof group === 'string') }
}

const busyResponse: HttpResponse = {
  status: 503,
  headers: { 'content-type': 'text/plain', 'retry-after': '1' },
  body: new TextEncoder().encode('too many requests are being read\n'),
}

async function send(response: Response, answered: HttpResponse, gone: AbortSignal): Promise<void> {
  const { body } = answered
  if (body instanceof Uint8Array) {
    response.writeHead(answered.status, { ...answered.headers, 'content-length': body.byteLength })
    response.end(body)
    return
  }
  response.writeHead(answered.status, { ...answered.headers })
  // The head goes out before the first event: who watches learns at once that the watch stands.
  response.flushHeaders?.()
  for await (const chunk of body) {
    if (response.writableEnded || response.destroyed) break
    if (!response.write(chunk)) await drained(response, gone)
  }
  if (!response.writableEnded) response.end()
}

/** Waits until the client has read; a client that does not is cut off. */
async function drained(response: Response, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      response.off('drain', done)
      response.off('close', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(() => {
      breakOff(response, http2.NGHTTP2_CANCEL)
      done()
    }, limits.stallTimeoutMs)
    response.on('drain', done)
    response.on('close', done)
    gone.addEventListener('abort', done, { once: true })
  })
}
