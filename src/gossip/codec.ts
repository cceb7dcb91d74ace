import { Packr } from 'msgpackr'
import type { MemberState, Update } from './member.ts'

/** What members say to one another. All but `sync` travel as packets and carry news. */
export type Message =
  | { readonly type: 'ping'; readonly sequence: number; readonly updates: readonly Update[] }
  | { readonly type: 'ack'; readonly sequence: number; readonly updates: readonly Update[] }
  /** The relayer could not reach whom it was asked to probe, but is well itself. */
  | { readonly type: 'nack'; readonly sequence: number; readonly updates: readonly Update[] }
  | {
      readonly type: 'probe'
      readonly sequence: number
      readonly target: string
      readonly updates: readonly Update[]
    }
  | { readonly type: 'gossip'; readonly updates: readonly Update[] }
  /** All that the sender knows. */
  | { readonly type: 'sync'; readonly updates: readonly Update[] }

/** The bytes are no message of ours. */
export class MessageError extends Error {
  override readonly name = 'MessageError'
}

/** Of a packet; a sync may have `syncUpdatesMax`. */
export const packetUpdatesMax = 16
export const syncUpdatesMax = 20_000
const identityCharsMax = 128
const packetBytesMax = 16 * 1024
const syncBytesMax = 4 * 1024 * 1024

const types = ['ping', 'ack', 'nack', 'probe', 'gossip', 'sync'] as const
const states: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left']
const packr = new Packr({ useRecords: false })

/** `[type, sequence, target, [[identity, state, incarnation, from], …]]`, with types and states by number. */
export function encode(message: Message): Uint8Array {
  const sequence = 'sequence' in message ? message.sequence : 0
  const target = message.type === 'probe' ? message.target : ''
  const updates = message.updates.map((update) => [
    update.identity,
    states.indexOf(update.state),
    update.incarnation,
    update.from,
  ])
  return packr.pack([types.indexOf(message.type), sequence, target, updates])
}

/** Throws `MessageError`, and nothing else, whatever the bytes. */
export function decode(bytes: Uint8Array): Message {
  if (bytes.length > syncBytesMax) throw new MessageError(`a message of ${bytes.length} bytes`)
  const parts = asArray(unpack(bytes), 4, 'a message')
  const type = types[asInteger(parts[0], types.length - 1, 'type')]
  const sequence = asInteger(parts[1], 0xffff_ffff, 'sequence')
  if (type !== 'sync' && bytes.length > packetBytesMax) throw new MessageError(`a packet of ${bytes.length} bytes`)
  const updates = asUpdates(parts[3], type === 'sync' ? syncUpdatesMax : packetUpdatesMax)
  switch (type) {
    case 'ping':
    case 'ack':
    case 'nack':
      return { type, sequence, updates }
    case 'probe':
      return { type, sequence, target: asIdentity(parts[2]), updates }
    case 'gossip':
    case 'sync':
      return { type, updates }
    default:
      throw new MessageError('type is missing')
  }
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (cause) {
    throw new MessageError(`not msgpack: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function asUpdates(value: unknown, countMax: number): Update[] {
  if (!Array.isArray(value) || value.length > countMax)
    throw new MessageError(`updates are no list of up to ${countMax}`)
  return value.map((item: unknown) => {
    const [identity, state, incarnation, from] = asArray(item, 4, 'an update')
    return {
      identity: asIdentity(identity),
      state: states[asInteger(state, states.length - 1, 'state')] ?? 'alive',
      incarnation: asInteger(incarnation, Number.MAX_SAFE_INTEGER - 1, 'incarnation'),
      from: asIdentity(from),
    }
  })
}

function asArray(value: unknown, length: number, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw new MessageError(`${what} is no list of ${length}`)
  return value
}

function asInteger(value: unknown, max: number, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new MessageError(`${what} is no integer from 0 to ${max}`)
}

function asIdentity(value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= identityCharsMax) return value
  throw new MessageError('an identity is no short text')
}
