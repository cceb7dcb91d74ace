/**
 * Crockford's base 32, in lower case: letters and digits that survive being read aloud (no i, l, o, u). Five bits a
 * letter, most significant first, the last one filled with zero bits.
 */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet.charAt((held >>> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31)
}

/** Null when a letter is not of the alphabet, the length is impossible, or the filling is not zero: one text a value. */
export function fromBase32(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let held = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = alphabet.indexOf(letter)
    if (value < 0) return null
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = held >>> bits
      held &= (1 << bits) - 1
    }
  }
  return bits < 5 && held === 0 ? bytes : null
}
