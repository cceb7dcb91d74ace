import { type Clock, DeviceError } from '../host/host.ts'
import { childSignal, sleep } from '../lib/wait.ts'
import type { Container } from '../objects/types.ts'
import type { RuntimeParts } from './parts.driver.ts'
import type { ProbeAnswer, ProbeSpec } from './probes.ts'

/** What probes and hooks do with a container: run a command in it, ask it over HTTP, connect to it. */
export type Handler = Pick<ProbeSpec, 'exec' | 'httpGet' | 'tcpSocket'> & {
  readonly sleep?: { readonly seconds?: number }
}

export interface HandlerTarget {
  readonly container: Container
  /** The engine's id of it. */
  readonly id: string
  readonly address: string
}

export type HandlerParts = Pick<RuntimeParts, 'engine' | 'http' | 'sockets' | 'clock'>

/** Of what a command prints, only what a person needs to see. */
const outputBytesMax = 1024

/**
 * Good, or why not, within `timeoutMs`. Null: the engine does not answer, which says nothing of the container. Rejects
 * with the signal's reason only.
 */
export async function tryHandler(
  handler: Handler,
  target: HandlerTarget,
  parts: HandlerParts,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeAnswer | null> {
  const late = new Error(`no answer within ${timeoutMs / 1000} s`)
  const timed = childSignal(signal)
  const cancel = parts.clock.after(timeoutMs, () => timed.abort(late))
  try {
    return await ask(handler, target, parts, timed.signal)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause === late) return { good: false, why: late.message }
    if (!(cause instanceof DeviceError)) throw cause
    return handler.exec !== undefined && cause.code === 'unavailable' ? null : { good: false, why: cause.message }
  } finally {
    cancel()
    timed.release()
  }
}

async function ask(
  { exec, httpGet, tcpSocket, sleep: pause }: Handler,
  { container, id, address }: HandlerTarget,
  { engine, http, sockets, clock }: HandlerParts,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  if (exec !== undefined) {
    const { exitCode, output } = await engine.run(id, exec.command ?? [], outputBytesMax, signal)
    return exitCode === 0 ? { good: true } : { good: false, why: output.trim() || `exit code ${exitCode}` }
  }
  if (httpGet !== undefined) {
    const port = portOf(httpGet.port, container)
    if (port === null) return noPort(httpGet.port)
    const { status } = await http.ask(
      {
        scheme: httpGet.scheme === 'HTTPS' ? 'https' : 'http',
        address: httpGet.host ?? address,
        port,
        method: 'GET',
        path: httpGet.path ?? '/',
        headers: headersOf(httpGet.httpHeaders ?? []),
      },
      signal,
    )
    return status >= 200 && status < 400 ? { good: true } : { good: false, why: `it answers with status ${status}` }
  }
  if (tcpSocket !== undefined) {
    const port = portOf(tcpSocket.port, container)
    if (port === null) return noPort(tcpSocket.port)
    const stream = await sockets.connectTcp({ address: tcpSocket.host ?? address, port }, signal)
    stream.reset()
    return { good: true }
  }
  await wait(clock, (pause?.seconds ?? 0) * 1000, signal)
  return { good: true }
}

function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return ms <= 0 ? Promise.resolve() : sleep(clock.after, ms, signal)
}

/** By number, in digits too, or by its name among the container's ports. */
function portOf(port: number | string, { ports = [] }: Container): number | null {
  if (typeof port === 'number') return port
  if (/^\d+$/.test(port)) return Number(port)
  return ports.find(({ name }) => name === port)?.containerPort ?? null
}

function noPort(port: number | string): ProbeAnswer {
  return { good: false, why: `the container has no port named ${port}` }
}

/** Servers know probes by this name. */
const agent = ['user-agent', 'kube-probe/skein'] as const

function headersOf(
  given: readonly { readonly name: string; readonly value: string }[],
): readonly (readonly [string, string])[] {
  const headers = given.map(({ name, value }) => [name.toLowerCase(), value] as const)
  return headers.some(([name]) => name === agent[0]) ? headers : [agent, ...headers]
}
