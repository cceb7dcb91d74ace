/** IPv4 addresses as numbers, and ranges of them. */

/** Null when the text is none: four decimal numbers without leading zeros. */
export function parseIPv4(text: string): number | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let address = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null
    address = address * 256 + Number(part)
  }
  return address
}

export function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** The addresses that begin with the same bits. */
export interface AddressRange {
  /** `10.96.0.0/16`. */
  readonly text: string
  /** Its first address. */
  readonly base: number
  readonly bits: number
  readonly size: number
}

/** Throws on a text that is none; for texts that the program itself holds. */
export function rangeOf(text: string): AddressRange {
  const range = parseRange(text)
  if (range === null) throw new RangeError(`${text} is no range of addresses`)
  return range
}

/** Null when the text is none: an address, a slash, 0 to 32 bits, and nothing set in what follows them. */
export function parseRange(text: string): AddressRange | null {
  const match = /^(\S+)\/(\d{1,2})$/.exec(text)
  const base = parseIPv4(match?.[1] ?? '')
  const bits = Number(match?.[2])
  if (base === null || bits > 32) return null
  const size = 2 ** (32 - bits)
  return base % size === 0 ? { text, base, bits, size } : null
}

export function inRange({ base, size }: AddressRange, address: number): boolean {
  return address >= base && address < base + size
}
