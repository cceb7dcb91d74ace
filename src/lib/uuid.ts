import { assert } from './assert.ts'

/** A random UUID (RFC 9562, version 4) from 16 unpredictable bytes. */
export function uuid(bytes: Uint8Array): string {
  assert(bytes.length === 16, 'a UUID is 16 bytes')
  const fields = [...bytes]
  fields[6] = ((fields[6] ?? 0) & 0x0f) | 0x40
  fields[8] = ((fields[8] ?? 0) & 0x3f) | 0x80
  const hex = fields.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
