/** The wire format of protocol buffers, as far as Kubernetes uses it: varints and counted bytes. */

/** A varint, or counted bytes, which are a view of what was read. */
export type WireValue = number | Uint8Array

export interface WireReader {
  /** The next field, null at the end. Throws ProtobufError. */
  next(): { readonly number: number; readonly value: WireValue } | null
}

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

export function newWireReader(bytes: Uint8Array): WireReader {
  let at = 0

  function varint(): number {
    const [value, next] = readVarint(bytes, at)
    at = next
    return value
  }

  function counted(length: number): Uint8Array {
    if (length < 0 || length > bytes.length - at) throw new ProtobufError('unexpected EOF')
    at += length
    return bytes.subarray(at - length, at)
  }

  function value(wireType: number): WireValue {
    switch (wireType) {
      case 0:
        return varint()
      case 1:
        return counted(8)
      case 2:
        return counted(varint())
      case 5:
        return counted(4)
      default:
        throw new ProtobufError(`illegal wireType ${wireType}`)
    }
  }

  return {
    next() {
      if (at === bytes.length) return null
      const tag = varint()
      const number = Math.floor(tag / 8)
      if (number < 1 || number > 0x1fff_ffff) throw new ProtobufError(`illegal tag ${number}`)
      return { number, value: value(tag % 8) }
    },
  }
}

/** Varints one after another: a packed list. */
export function varintsOf(bytes: Uint8Array): number[] {
  const values: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = readVarint(bytes, at)
    values.push(value)
    at = next
  }
  return values
}

/** A signed integer of 64 bits, and where it ends. */
function readVarint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let small = 0
  let at = start
  for (; at < start + 4; at++) {
    const byte = byteAt(bytes, at)
    small |= (byte & 0x7f) << ((at - start) * 7)
    if (byte < 0x80) return [small, at + 1]
  }
  let big = BigInt(small)
  for (; at < start + 10; at++) {
    const byte = byteAt(bytes, at)
    big |= BigInt(byte & 0x7f) << BigInt((at - start) * 7)
    if (byte >= 0x80) continue
    const value = Number(BigInt.asIntN(64, big))
    if (!Number.isSafeInteger(value)) throw new ProtobufError('integer overflow')
    return [value, at + 1]
  }
  throw new ProtobufError('integer overflow')
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new ProtobufError('unexpected EOF')
  return byte
}
