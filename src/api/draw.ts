import type { Entropy } from '../host/host.ts'
import { uuid } from '../lib/uuid.ts'

export function drawUid(entropy: Entropy): string {
  return uuid(entropy.bytes(16))
}

/** Letters and digits that form no words and are not mistaken for one another, as Kubernetes ends generated names. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'

export function drawSuffix(entropy: Entropy): string {
  // 256 is no multiple of 27: bytes from 243 on are drawn again, so that no letter is likelier than another.
  let suffix = ''
  while (suffix.length < 5) {
    for (const byte of entropy.bytes(8)) {
      if (byte < 243 && suffix.length < 5) suffix += letters[byte % letters.length] ?? ''
    }
  }
  return suffix
}
