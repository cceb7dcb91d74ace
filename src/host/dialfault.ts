import { DeviceError } from './host.ts'

/** The system's faults in the words of Go's network library: they stand in events that people know. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'broken pipe',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'server misbehaving',
}

/** `what` says what was tried: `dial tcp 10.0.0.1:80`. */
export function unreachable(what: string, cause: unknown): DeviceError {
  if (cause instanceof DeviceError) return cause
  const { code = '', message = '', syscall } = faultOf(cause)
  const call = syscall === 'getaddrinfo' ? 'lookup' : syscall
  const why = words[code] === undefined ? message : call === undefined ? words[code] : `${call}: ${words[code]}`
  return new DeviceError('unavailable', `${what}: ${why}`, cause)
}

interface SystemFault {
  readonly code?: string
  readonly message?: string
  readonly syscall?: string
}

/** Where several addresses were tried, the first one's fault speaks for all. */
function faultOf(cause: unknown): SystemFault {
  const first = cause instanceof AggregateError ? (cause.errors as readonly unknown[])[0] : undefined
  return (first ?? cause ?? {}) as SystemFault
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function addressText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
