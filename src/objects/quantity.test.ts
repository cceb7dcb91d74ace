import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalQuantity, compareQuantities, milliUnits, wholeUnits } from './quantity.ts'

test.each([
  // Rows from upstream's own table of canonical forms (resource.ParseQuantity).
  ['0', '0'],
  ['-0', '0'],
  ['0Mi', '0'],
  ['0.001', '1m'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['5.', '5'],
  ['+1', '1'],
  ['1', '1'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1Ki', '1Ki'],
  ['0.5Ki', '512'],
  ['1023Ki', '1023Ki'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Gi', '512Mi'],
  ['1.1Ki', '1126400m'],
  ['100m', '100m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1100000', '1100k'],
  ['1E', '1E'],
  ['1E3', '1e3'],
  ['1e3', '1e3'],
  ['12e5', '1200e3'],
  ['1e-3', '1e-3'],
  ['-2Gi', '-2Gi'],
  ['0.1n', '1n'],
  ['-0.1n', '-1n'],
  ['1.0000000001', '1000000001n'],
  ['1000Ei', '9223372036854775807'],
  ['9e99', '9223372036854775807e0'],
  ['0.0000000000001', '1n'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical.replace(/e0$/, ''))
})

test.each([
  '',
  '.',
  'm',
  '1 ',
  ' 1',
  '1Kb',
  '1ki',
  '1mi',
  '0x1',
  '1e',
  '1e+',
  '--1',
  '1i',
  'NaN',
  'Infinity',
  '9'.repeat(100),
])('%j is no quantity', (text) => {
  expect(canonicalQuantity(text)).toBeNull()
  expect(milliUnits(text)).toBeNull()
  expect(wholeUnits(text)).toBeNull()
})

test.each([
  ['500m', 500, 1],
  ['2', 2000, 2],
  ['1Ki', 1_024_000, 1024],
  ['1n', 1, 1],
  ['-1500m', -1500, -2],
  ['9E', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
])('%s is %d thousandths and %d wholes', (text, millis, wholes) => {
  expect(milliUnits(text)).toBe(millis)
  expect(wholeUnits(text)).toBe(wholes)
})

const quantities = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.option(fc.integer({ min: 0, max: 999_999 }), { nil: null }),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-3', 'E2'),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`)

test('the canonical form is its own canonical form, and the same number', () => {
  fc.assert(
    fc.property(quantities, (text) => {
      const canonical = canonicalQuantity(text) ?? ''
      expect(canonicalQuantity(canonical)).toBe(canonical)
      expect(compareQuantities(text, canonical)).toBe(0)
    }),
  )
})

test('comparison is an order that agrees with whole units', () => {
  fc.assert(
    fc.property(quantities, quantities, (a, b) => {
      expect(compareQuantities(a, b) + compareQuantities(b, a)).toBe(0)
      if (compareQuantities(a, b) < 0) expect(wholeUnits(a)).toBeLessThanOrEqual(wholeUnits(b) ?? 0)
    }),
  )
})

test('any text is taken or refused, never thrown at', () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void canonicalQuantity(text)))
})
