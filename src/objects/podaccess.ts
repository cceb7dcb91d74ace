/**
 * What daemons say to one another about a user's wish to look into a pod: the node that the user reached has decided
 * that they may, and asks the pod's node, which checks what only it can know and answers with a grant. The grant is
 * good once, for this one thing, for seconds, and only for who asked; with it the bytes are fetched over a stream.
 */
export interface PodAccess {
  readonly verb: 'log'
  /** On whose behalf. */
  readonly user: string
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly container: string
  readonly options: PodLogOptions
}

/** `PodLogOptions` of v1, checked. Counts are whole numbers, not negative. */
export interface PodLogOptions {
  readonly follow: boolean
  /** Of the container's last life before this one. */
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  /** Milliseconds since the epoch. */
  readonly sinceMs?: number
  readonly limitBytes?: number
}

export type AccessAnswer =
  | { readonly type: 'granted'; readonly grant: string }
  /** It is not, or not yet, a pod of that node as far as the node knows. */
  | { readonly type: 'unknown' }
  /** There is nothing to look into, and never was or not yet. */
  | { readonly type: 'refused'; readonly message: string }
  /** The node cannot tell: its engine does not answer, or too many ask. */
  | { readonly type: 'unable'; readonly message: string }

/** Question and answer, and the stream on which the grant is shown. */
export const accessProtocol = 'access'
export const grantedProtocol = 'granted'

/** How a grant is written. */
export const grantLetters = 32

export function encodeAccess(value: PodAccess | AccessAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** Throws a TypeError at anything else. */
export function decodeAccess(bytes: Uint8Array): PodAccess {
  const value = parsed(bytes)
  const { verb, user, namespace, pod, uid, container, options } = value
  const texts = [user, namespace, pod, uid, container].every((text) => typeof text === 'string')
  if (verb !== 'log' || !texts || !isLogOptions(options)) throw new TypeError('no wish to look into a pod')
  return value as unknown as PodAccess
}

/** Throws a TypeError at anything else. */
export function decodeAccessAnswer(bytes: Uint8Array): AccessAnswer {
  const value = parsed(bytes)
  const { type, grant, message } = value
  const whole =
    (type === 'granted' && typeof grant === 'string' && grant.length === grantLetters) ||
    type === 'unknown' ||
    ((type === 'refused' || type === 'unable') && typeof message === 'string')
  if (!whole) throw new TypeError('no answer to a wish to look into a pod')
  return value as unknown as AccessAnswer
}

function isLogOptions(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false
  const { follow, previous, timestamps, ...counts } = value as Readonly<Record<string, unknown>>
  return (
    [follow, previous, timestamps].every((flag) => typeof flag === 'boolean') &&
    Object.values(counts).every((count) => Number.isSafeInteger(count) && Number(count) >= 0)
  )
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (value !== null && typeof value === 'object') return value as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new TypeError('no JSON', { cause })
  }
  throw new TypeError('no JSON object')
}
