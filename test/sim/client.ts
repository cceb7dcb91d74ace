import { type ClientIdentity, DeviceError } from '../../src/host/host.ts'
import type { Random } from '../../src/lib/random.ts'
import type { SimHttp } from './host/http.ts'
import { Violation } from './violation.ts'
import type { World } from './world.ts'

/** A person's program at the API, speaking JSON as Kubernetes does. */
export interface ApiClient {
  readonly name: string
  /** As whom it comes. */
  readonly identity: ClientIdentity
  /** One request at one node. Null: the answer never came, and nobody knows what became of it. */
  ask(node: string, method: string, target: string, body?: unknown): Promise<ApiAnswer | null>
  /** Follows a watch to its end. Resolves when it ends, breaks off or cannot be had. */
  watch(node: string, target: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<WatchEnd>
}

export interface ApiAnswer {
  readonly status: number
  readonly body: ApiObject
}

/** As much of an object as the simulator looks at. */
export interface ApiObject {
  readonly kind?: string
  readonly reason?: string
  readonly code?: number
  readonly message?: string
  readonly metadata?: {
    readonly name?: string
    readonly resourceVersion?: string
    readonly uid?: string
    readonly deletionTimestamp?: string
  }
  readonly data?: Readonly<Record<string, string>>
  readonly items?: readonly ApiObject[]
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: unknown
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: ApiObject
}

/** `expired`: the server no longer holds the changes asked for (410). */
export type WatchEnd = 'ended' | 'broken' | 'expired'

export const apiPort = 6443
const admin: ClientIdentity = { user: 'admin', groups: ['system:masters'] }
const patienceMs = 15_000

/** Waits so long for the head of an answer. */
export function newApiClient(http: SimHttp, name: string, timeoutMs = patienceMs): ApiClient {
  return {
    name,
    identity: admin,
    async ask(node, method, target, body) {
      const encoded = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body))
      const exchange = http.request({
        node,
        port: apiPort,
        method,
        target,
        headers: { accept: 'application/json', 'content-type': 'application/json', 'user-agent': name },
        ...(encoded === undefined ? {} : { body: encoded }),
        client: admin,
        timeoutMs,
      })
      const chunks: Uint8Array[] = []
      exchange.onChunk = (chunk) => void chunks.push(chunk)
      const ended = new Promise<Error | null>((resolve) => {
        exchange.onEnd = resolve
      })
      try {
        const { status } = await exchange.response
        if ((await ended) !== null) return null
        const text = Buffer.concat(chunks).toString()
        if (status === 500)
          throw new Violation('no request breaks its server', `${method} ${target} at ${node}: ${text}`)
        return { status, body: (text.startsWith('{') ? JSON.parse(text) : { message: text }) as ApiObject }
      } catch (cause) {
        if (!(cause instanceof DeviceError)) throw cause
        // Refused, lost or timed out: all the same to a client, the outcome is unknown.
        return null
      }
    },
    async watch(node, target, onEvent, signal) {
      const exchange = http.request({ node, port: apiPort, method: 'GET', target, client: admin, timeoutMs })
      let rest = ''
      let status = 0
      let end: WatchEnd = 'ended'
      const decoder = new TextDecoder()
      exchange.onChunk = (chunk) => {
        if (status !== 200) return
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const event = JSON.parse(line) as WatchEvent
          if (event.type !== 'ERROR') onEvent(event)
          else end = event.object.code === 410 ? 'expired' : 'broken'
        }
      }
      const ended = new Promise<void>((resolve) => {
        exchange.onEnd = (error) => {
          if (error !== null && end === 'ended') end = 'broken'
          resolve()
        }
      })
      signal.addEventListener('abort', () => exchange.abort(), { once: true })
      try {
        status = (await exchange.response).status
        await ended
        return status === 200 ? end : status === 410 ? 'expired' : 'broken'
      } catch (cause) {
        if (!(cause instanceof DeviceError)) throw cause
        return 'broken'
      }
    },
  }
}

/** Waits in virtual time, at least `minMs`, mostly not much more. */
export function idle(world: World, random: Random, minMs: number, spreadMs: number): Promise<void> {
  return new Promise((resolve) => void world.after(minMs + random.next() ** 2 * spreadMs, resolve))
}
