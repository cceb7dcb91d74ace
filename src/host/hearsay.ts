import type { Identity } from './host.ts'

/** The gossipsub topic of broadcasts. */
export const hearsayTopic = 'skein'
/** Of one broadcast: these are hints, not data. */
export const broadcastBytesMax = 64 * 1024
const idBytes = 16

/**
 * Broadcasts travel unsigned, as signing costs several times what sending does and only admitted peers have
 * connections at all. A message carries 16 random bytes that name it and its origin's identity:
 * `<id><length of the identity><identity><payload>`. So the origin is a claim of an admitted peer: good for hints.
 */
export function encodeHearsay(id: Uint8Array, from: Identity, payload: Uint8Array): Uint8Array {
  const identity = new TextEncoder().encode(from)
  const message = new Uint8Array(idBytes + 1 + identity.length + payload.length)
  message.set(id.subarray(0, idBytes))
  message[idBytes] = identity.length
  message.set(identity, idBytes + 1)
  message.set(payload, idBytes + 1 + identity.length)
  return message
}

/** Null when the bytes are no such message. */
export function decodeHearsay(data: Uint8Array): { readonly from: Identity; readonly payload: Uint8Array } | null {
  const identityBytes = data[idBytes]
  const at = idBytes + 1
  if (identityBytes === undefined || data.length < at + identityBytes) return null
  if (data.length - at - identityBytes > broadcastBytesMax) return null
  const from = new TextDecoder().decode(data.subarray(at, at + identityBytes))
  return { from, payload: new Uint8Array(data.subarray(at + identityBytes)) }
}

/** Names a message for gossipsub: also one that is too short to be ours, which nobody then takes. */
export function hearsayId(data: Uint8Array): Uint8Array {
  return data.subarray(0, idBytes)
}
