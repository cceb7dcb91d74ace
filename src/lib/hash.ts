import { createHash } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'

/** SHA-256 over the parts, one after the other; text counts as UTF-8. For identity: who may choose the bytes may not choose the hash. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = newSha256()
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The same as 64 lower-case hex digits. */
export function sha256Hex(...parts: readonly (Uint8Array | string)[]): string {
  return hex(sha256(...parts))
}

/** SHA-256 over a stream. */
export interface Sha256 {
  update(part: Uint8Array | string): void
  /** The 32 bytes; once. */
  digest(): Uint8Array
}

export function newSha256(): Sha256 {
  const hash = createHash('sha256')
  return {
    update(part) {
      hash.update(part)
    },
    digest: () => new Uint8Array(hash.digest()),
  }
}

/**
 * CRC-32 (IEEE) as an unsigned integer. For damage: chance is found, intent is not. `before` is the checksum of what
 * came before, so that a stream needs no joining.
 */
export function crc32(bytes: Uint8Array | string, before = 0): number {
  return zlibCrc32(bytes, before)
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
