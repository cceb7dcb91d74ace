/**
 * Kubernetes quantities: `500m`, `1Gi`, `2e3`. A quantity is an integer of nanos (10^-9) and the family of suffixes it
 * is written in; nothing finer exists: what is finer is rounded away from zero, as upstream does.
 */

type Family = 'decimal' | 'binary' | 'exponent'

interface Quantity {
  readonly nanos: bigint
  readonly family: Family
}

/** The words upstream uses to refuse one. */
export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const NANO = 1_000_000_000n
const LARGEST = (2n ** 63n - 1n) * NANO
/** Longer texts are refused rather than computed with. */
const quantityDigitsMax = 64

/** The number as its canonical text, or null when it is not a quantity. */
export function canonicalQuantity(text: string): string | null {
  const quantity = parse(text)
  return quantity === null ? null : format(quantity)
}

/** In thousandths, rounded up: cpu `500m` is 500. Null: not a quantity. Capped at the largest safe integer. */
export function milliUnits(text: string): number | null {
  const quantity = parse(text)
  return quantity === null ? null : safe(divideUp(quantity.nanos, 1_000_000n))
}

/** In whole units, rounded up: memory `1Ki` is 1024. Null: not a quantity. Capped at the largest safe integer. */
export function wholeUnits(text: string): number | null {
  const quantity = parse(text)
  return quantity === null ? null : safe(divideUp(quantity.nanos, NANO))
}

/** Below, at or above zero as `a` is less than, equal to or more than `b`. What is no quantity counts as zero. */
export function compareQuantities(a: string, b: string): number {
  const difference = (parse(a)?.nanos ?? 0n) - (parse(b)?.nanos ?? 0n)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,4}))?$/

function parse(text: string): Quantity | null {
  if (text.length > quantityDigitsMax) return null
  const match = PATTERN.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match
  if (whole === '' && fraction === '') return null
  const family: Family = exponent !== undefined ? 'exponent' : suffix.endsWith('i') ? 'binary' : 'decimal'
  const power = family === 'exponent' ? Number(exponent) : family === 'decimal' ? DECIMAL.indexOf(suffix) * 3 - 9 : 0
  const factor = family === 'binary' ? 1024n ** BigInt(BINARY.indexOf(suffix)) : 1n
  const magnitude = scaleUp(BigInt(whole + fraction) * factor * NANO, power - fraction.length)
  const nanos = magnitude > LARGEST ? LARGEST : magnitude
  return { nanos: sign === '-' ? -nanos : nanos, family }
}

/** `value` times 10^power, rounded up. */
function scaleUp(value: bigint, power: number): bigint {
  // Beyond these powers the outcome is the largest, or the smallest, quantity anyway.
  const bounded = Math.max(-200, Math.min(200, power))
  return bounded >= 0 ? value * 10n ** BigInt(bounded) : divideUp(value, 10n ** BigInt(-bounded))
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by === 0n ? quotient : value > 0n ? quotient + 1n : quotient - 1n
}

function format({ nanos, family }: Quantity): string {
  if (nanos === 0n) return '0'
  const small = nanos < 1024n * NANO && nanos > -1024n * NANO
  if (family === 'binary' && !small && nanos % NANO === 0n) {
    const [number, power] = reduce(nanos / NANO, 1024n, BINARY.length - 1)
    return `${number}${BINARY[power]}`
  }
  const [number, power] = reduce(nanos, 1000n, DECIMAL.length - 1)
  if (family !== 'exponent') return `${number}${DECIMAL[power]}`
  return power === 3 ? `${number}` : `${number}e${power * 3 - 9}`
}

/** Divides while nothing is lost, at most `most` times. */
function reduce(value: bigint, by: bigint, most: number): [bigint, number] {
  let rest = value
  let power = 0
  while (power < most && rest % by === 0n) {
    rest /= by
    power++
  }
  return [rest, power]
}

function safe(value: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(value > most ? most : value < -most ? -most : value)
}
