import { DeviceError } from './host.ts'

/** How calls to the engine are made: a few at once, each with a time limit, their faults told in our words. */

export type Gate = <T>(signal: AbortSignal, run: () => Promise<T>) => Promise<T>

/** Lets at most `max` run at once; the rest wait in the order they came. */
export function newGate(max: number): Gate {
  let running = 0
  const waiting: (() => void)[] = []
  return async (signal, run) => {
    signal.throwIfAborted()
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      signal.throwIfAborted()
      return await run()
    } finally {
      // The place goes to the next in line without becoming free in between.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

/**
 * Runs one call with a time limit. Settles at once on abort or timeout, whatever the client library makes of it: when
 * the connection breaks in the middle of an answer, its promise never settles.
 */
export function timed<T>(
  signal: AbortSignal,
  timeoutMs: number,
  run: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new AbortController()
    const timer = setTimeout(() => {
      finish(() => reject(new DeviceError('unavailable', `the engine did not answer within ${timeoutMs / 1000} s`)))
      call.abort()
    }, timeoutMs)
    const abort = (): void => {
      finish(() => reject(signal.reason as Error))
      call.abort()
    }
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      settle()
    }
    signal.addEventListener('abort', abort, { once: true })
    run(call.signal).then(
      (value) => finish(() => resolve(value)),
      (cause: unknown) => finish(() => reject(signal.aborted ? (signal.reason as Error) : deviceError(cause))),
    )
  })
}

/** The call's answer, or null when the engine answered with one of these codes. */
export async function accepting<T>(statuses: readonly number[], call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (cause) {
    if (statuses.includes(statusOf(cause) ?? 0)) return null
    throw cause
  }
}

export function statusOf(cause: unknown): number | undefined {
  return (cause as { statusCode?: number }).statusCode
}

export function deviceError(cause: unknown): DeviceError {
  if (cause instanceof DeviceError) return cause
  const status = statusOf(cause)
  if (status === undefined) return new DeviceError('unavailable', unreachableMessage(cause), cause)
  const said = (cause as { json?: { message?: unknown } | null }).json?.message
  const message = typeof said === 'string' ? said : String((cause as Error).message)
  if (status === 404) return new DeviceError('not-found', message, cause)
  if (status === 409) return new DeviceError('conflict', message, cause)
  if (status === 502 || status === 503) return new DeviceError('unavailable', message, cause)
  // A container that cannot run is told by 400 or 500, depending on which part of the engine found out.
  return new DeviceError('invalid', message, cause)
}

function unreachableMessage(cause: unknown): string {
  const code = (cause as { code?: string }).code
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'no container engine answers; is Docker running?'
  if (code === 'EACCES')
    return 'the container engine may not be used by this user; run as root or join the group docker'
  return `the container engine does not answer: ${(cause as Error).message}`
}
