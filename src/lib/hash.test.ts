import { expect, test } from 'vitest'
import { sha256, sha256Hex } from './hash.ts'

test('SHA-256 of FIPS 180-2 appendix B', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('text and its UTF-8 bytes hash alike, in both forms', () => {
  const bytes = new TextEncoder().encode('skein é')
  expect(sha256Hex(bytes)).toBe(sha256Hex('skein é'))
  expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(sha256Hex(bytes))
})
