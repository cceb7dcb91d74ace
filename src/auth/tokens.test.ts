import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Hex } from '../lib/hash.ts'
import {
  equalInConstantTime,
  hashSecret,
  newToken,
  parseToken,
  secretMatches,
  tokenEntropyBytes,
  tokenFingerprint,
  tokenText,
} from './tokens.ts'

const caSha256 = sha256Hex('a certificate')
const entropy = Uint8Array.from({ length: tokenEntropyBytes }, (_, i) => i * 7)
const token = newToken('full', caSha256, entropy)
const text = tokenText(token)

test('a token reads back as it was made', () => {
  expect(text).toMatch(/^SKEIN1-full-[0-9a-z]{8}-[0-9a-z]{52}-[0-9a-z]{30}$/)
  expect(parseToken(text)).toEqual({ type: 'token', token })
  expect(parseToken(` ${text}\n`)).toEqual({ type: 'token', token })
  expect(parseToken(text.toUpperCase())).toEqual({ type: 'token', token })
  const worker = newToken('worker', caSha256, entropy)
  expect(parseToken(tokenText(worker))).toEqual({ type: 'token', token: worker })
})

test.each([
  ['', /empty/],
  ['hello', /not a join token/],
  ['K10abc::server:xyz', /not a join token/],
  [`SWMTKN-1-${text}`, /not a join token/],
  [text.replace('SKEIN1', 'SKEIN2'), /newer version/],
  [text.slice(0, -1), /cut short/],
  [text.slice(0, 40), /cut short/],
  ['SKEIN1-', /cut short/],
  [`${text}0`, /too long/],
  [`${text}-0`, /too long/],
])('%j is refused with a reason', (given, reason) => {
  const parsed = parseToken(given)
  expect(parsed).toMatchObject({ type: 'invalid', reason: expect.stringMatching(reason) })
})

test('one wrong letter anywhere is told as a typo or at least refused', () => {
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), (at, letter) => {
      fc.pre(text.charAt(at).toLowerCase() !== letter)
      const parsed = parseToken(text.slice(0, at) + letter + text.slice(at + 1))
      expect(parsed.type).toBe('invalid')
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('the reason never holds the secret', () => {
  const parsed = parseToken(`${text.slice(0, -1)}!`)
  expect(JSON.stringify(parsed)).not.toContain(token.secret)
  expect(tokenFingerprint(token)).not.toContain(token.secret)
})

test('only the right secret matches its hash', () => {
  const hash = hashSecret(token.secret)
  expect(hash).not.toContain(token.secret)
  expect(secretMatches(token.secret, hash)).toBe(true)
  expect(secretMatches(`${token.secret}0`, hash)).toBe(false)
  expect(secretMatches('', hash)).toBe(false)
  expect(secretMatches(token.secret, '')).toBe(false)
})

test('comparing in constant time agrees with comparing', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(equalInConstantTime(a, b)).toBe(a === b)
      expect(equalInConstantTime(a, a)).toBe(true)
    }),
  )
})
