import {
  type ClientIdentity,
  DeviceError,
  type Http,
  type HttpHandler,
  type HttpOptions,
  type HttpQuestion,
  type HttpRequest,
  type HttpResponse,
} from '../../../src/host/host.ts'
import { must } from '../../../src/lib/assert.ts'
import { deviceCall, type SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import type { SimSiteAnswer, SimSites } from './sites.ts'

/** All HTTP servers of a world, and the clients that speak with them. Requests and answers take time and may be lost whole. */
export interface SimHttp {
  /** The server side as one process sees it. */
  attach(process: SimProcess): Http
  /** Asks the server at `node` and `port`. Fails with `unavailable` when nobody listens, or the connection breaks or stays mute too long. */
  request(call: SimHttpCall): SimHttpExchange
  readonly faults: SimHttpFaults
  /** Told when a handler, or the body it gave, threw though its client was still there. */
  handlerFailed: (cause: unknown) => void
}

export interface SimHttpFaults {
  /** Chance that a request, or its answer, is lost on the way: the client cannot tell which. */
  lossChance: number
  /** Nodes that no client reaches now. */
  readonly unreachable: Set<string>
  injected: (kind: 'request lost' | 'answer lost') => void
}

export interface SimHttpCall {
  readonly node: string
  readonly port: number
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly client?: ClientIdentity
  /** Until the head of the answer. */
  readonly timeoutMs: number
}

export interface SimHttpExchange {
  /** The head; the body comes by `onChunk`, then `onEnd` (with an error when it broke off). */
  readonly response: Promise<SimHttpHead>
  onChunk: (chunk: Uint8Array) => void
  onEnd: (error: Error | null) => void
  /** The client hangs up. */
  abort(): void
}

export interface SimHttpHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

interface Listener {
  readonly process: SimProcess
  readonly options: HttpOptions
  readonly handle: HttpHandler
  readonly exchanges: Set<Exchange>
}

/** One request under way. */
interface Exchange {
  readonly call: SimHttpCall
  /** Aborts when the client has gone. */
  readonly gone: AbortController
  /** The client hears nothing more after this. */
  ended: boolean
  /** Tells the client, after the way there. */
  fail(error: DeviceError): void
}

const delayMs = { min: 0.2, spread: 5 }
const askedBytesMax = 10 * 1024
/** How long a client of a host that fell silent waits. */
const keepAliveMs = 5_000
const lookMs = 1_000

export function newSimHttp(world: World, sites: SimSites = new Map()): SimHttp {
  const random = world.random.fork()
  const listeners = new Map<string, Listener>()
  const faults: SimHttpFaults = { lossChance: 0, unreachable: new Set(), injected: () => undefined }
  let anyPort = 30_000
  const wayMs = (): number => delayMs.min + random.next() ** 3 * delayMs.spread

  function close(where: string, listener: Listener, reason: unknown): void {
    if (listeners.get(where) === listener) listeners.delete(where)
    for (const exchange of listener.exchanges) {
      if (listener.process.alive) exchange.gone.abort(reason)
      exchange.fail(new DeviceError('unavailable', 'the server closed the connection'))
    }
    listener.exchanges.clear()
  }

  function serve(
    process: SimProcess,
    options: HttpOptions,
    handle: HttpHandler,
    signal: AbortSignal,
  ): Promise<{ readonly port: number }> {
    return deviceCall(process, signal, (answer) => {
      const port = options.port === 0 ? anyPort++ : options.port
      const where = `${process.node}:${port}`
      if (listeners.get(where)?.process.alive === true)
        return answer.reject(1, new DeviceError('conflict', `${where} is in use`))
      const listener: Listener = { process, options, handle, exchanges: new Set() }
      listeners.set(where, listener)
      process.onKill(() => close(where, listener, null))
      signal.addEventListener('abort', () => process.alive && close(where, listener, signal.reason), { once: true })
      answer.resolve(1, { port })
    })
  }

  /** What a daemon asks of what serves in a container. */
  function ask(process: SimProcess, question: HttpQuestion, signal: AbortSignal): Promise<SimSiteAnswer> {
    const where = `${question.address}:${question.port}`
    const what = `${question.method} "${question.scheme}://${where}${question.path}"`
    return deviceCall(process, signal, (answer) => {
      const fail = (afterMs: number, why: string): void =>
        answer.reject(afterMs, new DeviceError('unavailable', `${what}: ${why}`))
      world.after(wayMs(), () => {
        const site = sites.get(where)
        if (site === undefined) return fail(wayMs(), `dial tcp ${where}: connect: connection refused`)
        if (random.chance(faults.lossChance)) return fail(keepAliveMs, 'read: connection timed out')
        if (site.answer === undefined) return fail(wayMs(), 'read: connection reset by peer')
        const { status, body, afterMs = 0 } = site.answer(question)
        answer.resolve(afterMs + wayMs(), { status, body: body.slice(0, askedBytesMax) })
      })
    })
  }

  /** The server's side of an exchange: the handler, then its body, chunk by chunk in order. */
  function handleRequest(listener: Listener, exchange: Exchange, tell: Tell): void {
    const { process, options, handle } = listener
    const { call, gone } = exchange
    const tooLarge = (call.body?.length ?? 0) > options.bodyBytesMax
    const request: HttpRequest = {
      method: call.method,
      target: call.target,
      headers: call.headers ?? {},
      body: tooLarge ? null : (call.body ?? new Uint8Array()),
      ...(call.client === undefined ? {} : { client: call.client }),
      remoteAddress: '10.0.0.99',
    }
    listener.exchanges.add(exchange)
    const broken = (cause: unknown): void => {
      listener.exchanges.delete(exchange)
      if (!gone.signal.aborted) {
        world.note('http', process.node, `handler of ${call.method} ${call.target} failed: ${String(cause)}`)
        tell.end(new DeviceError('unavailable', 'the server broke off'))
        // That what an answer is made of is gone is the world's fault, and its client is told.
        if (!(cause instanceof DeviceError)) web.handlerFailed(cause)
      }
    }
    const answered = async (response: HttpResponse): Promise<void> => {
      world.note('http', process.node, `${call.method} ${call.target} ${response.status}`)
      if (random.chance(faults.lossChance)) {
        faults.injected('answer lost')
        listener.exchanges.delete(exchange)
        gone.abort(new DeviceError('unavailable', 'the client has gone'))
        return
      }
      tell.head(response.status, response.headers)
      if (response.body instanceof Uint8Array) tell.chunk(response.body.slice())
      else await pour(process, response.body, gone.signal, tell)
      listener.exchanges.delete(exchange)
      tell.end(null)
    }
    handle(request, gone.signal).then(answered).catch(broken)
  }

  /** Pulls the stream; each chunk leaves before the next is asked for. */
  async function pour(
    process: SimProcess,
    body: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
    tell: Tell,
  ): Promise<void> {
    for await (const chunk of body) {
      if (gone.aborted) return
      tell.chunk(chunk.slice())
      await new Promise<void>((resolve) => process.enter(0.01, resolve))
    }
  }

  const web: SimHttp = {
    faults,
    handlerFailed: () => undefined,
    attach: (process) => ({
      serve: (options, handle, signal) => serve(process, options, handle, signal),
      ask: (question, signal) => ask(process, question, signal),
    }),
    request(call) {
      const { node, port } = call
      const head = newSettled<SimHttpHead>()
      let headCame = false
      let arrivalMs = 0
      let torn = false
      /** Runs at the client, in order, after the way back. What cannot arrive tears the connection: a stream has no gaps. */
      const atClient = (callback: () => void): void => {
        arrivalMs = Math.max(arrivalMs + 0.001, world.nowMs + wayMs())
        world.after(arrivalMs - world.nowMs, () => {
          torn ||= faults.unreachable.has(node)
          if (!torn && !exchange.ended) callback()
        })
      }
      const finish = (error: Error | null): void => {
        if (exchange.ended) return
        exchange.ended = true
        if (headCame) result.onEnd(error)
        else head.reject(error ?? new DeviceError('unavailable', 'no answer'))
      }
      const exchange: Exchange = {
        call,
        gone: new AbortController(),
        ended: false,
        fail: (error) => atClient(() => finish(error)),
      }
      /** The client goes; the server notices after a while. */
      const hangUp = (error: Error): void => {
        if (exchange.ended) return
        finish(error)
        const listener = listeners.get(`${node}:${port}`)
        const reason = new DeviceError('unavailable', 'the client has gone')
        listener?.process.enter(wayMs(), () => {
          if (!listener.exchanges.delete(exchange)) return
          exchange.gone.abort(reason)
        })
      }
      const tell: Tell = {
        head: (status, headers) =>
          atClient(() => {
            headCame = true
            head.resolve({ status, headers })
          }),
        chunk: (chunk) => atClient(() => result.onChunk(chunk)),
        end: (error) => atClient(() => finish(error)),
      }
      const result: SimHttpExchange = {
        response: head.promise,
        onChunk: () => undefined,
        onEnd: () => undefined,
        abort: () => hangUp(new DeviceError('unavailable', 'given up')),
      }
      world.after(wayMs(), () => {
        const listener = listeners.get(`${node}:${port}`)
        if (faults.unreachable.has(node)) return
        if (random.chance(faults.lossChance)) return faults.injected('request lost')
        if (listener?.process.alive !== true) return exchange.fail(new DeviceError('unavailable', 'connection refused'))
        listener.process.deliver(() => handleRequest(listener, exchange, tell))
      })
      world.after(call.timeoutMs, () => !headCame && hangUp(new DeviceError('unavailable', 'no answer in time')))
      watchSilence()
      return result

      /** A client of a host that fell silent gives up after some seconds. */
      function watchSilence(): void {
        let silentMs = 0
        const look = (): void => {
          if (exchange.ended) return
          silentMs = torn || faults.unreachable.has(node) ? silentMs + lookMs : 0
          if (silentMs >= keepAliveMs) hangUp(new DeviceError('unavailable', 'the host fell silent'))
          else world.after(lookMs, look)
        }
        world.after(lookMs, look)
      }
    },
  }
  return web
}

interface Settled<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

function newSettled<T>(): Settled<T> {
  let settle: Omit<Settled<T>, 'promise'> | null = null
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...must<Omit<Settled<T>, 'promise'>>(settle, 'a promise calls its executor at once') }
}

/** What the server's side tells the client's, each after the way back. */
interface Tell {
  head(status: number, headers: Readonly<Record<string, string>>): void
  chunk(chunk: Uint8Array): void
  end(error: Error | null): void
}
