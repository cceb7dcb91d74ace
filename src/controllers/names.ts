import { sha256 } from '../lib/hash.ts'
import { uuid } from '../lib/uuid.ts'

/** Neither vowels nor figures that look like letters: no word comes of it by accident. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * Text that looks drawn and follows from its parts: whoever makes the same thing twice gives it the same name, and the
 * second time it is there.
 */
export function nameFrom(length: number, ...parts: readonly string[]): string {
  const bytes = sha256(parts.join('\n'))
  return Array.from({ length }, (_, i) => letters[(bytes[i] ?? 0) % letters.length]).join('')
}

/** A uid that follows from its parts, which must never be the same for two objects. */
export function uidFrom(...parts: readonly string[]): string {
  return uuid(sha256(parts.join('\n')).subarray(0, 16))
}

/** Longer names leave no room for what is appended. */
export const ownerNameMax = 57
