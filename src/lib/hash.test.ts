import { describe, expect, it } from 'vitest'
import { crc32, hex, newSha256, sha256, sha256Hex } from './hash.ts'

const abc = new TextEncoder().encode('abc')

describe('hash', () => {
  // FIPS 180-2, appendix B
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('sha256 of %j', (text, expected) => {
    expect(sha256Hex(text)).toBe(expected)
    expect(hex(sha256(text))).toBe(expected)
  })

  it('takes text as its UTF-8 bytes', () => {
    expect(sha256(new TextEncoder().encode('skein é'))).toEqual(sha256('skein é'))
  })

  it('does not see where one part ends and the next begins', () => {
    expect(sha256('a', abc.subarray(1))).toEqual(sha256(abc))
    const stream = newSha256()
    stream.update('ab')
    stream.update('c')
    expect(stream.digest()).toEqual(sha256('abc'))
  })

  // The check value of CRC-32/ISO-HDLC
  it('crc32 of the check string, whole and in two parts', () => {
    expect(crc32('123456789')).toBe(0xcbf43926)
    expect(crc32('56789', crc32('1234'))).toBe(0xcbf43926)
  })

  it('writes hexadecimal of a part of a buffer', () => {
    expect(hex(new Uint8Array([1, 0xab, 0xff]).subarray(1))).toBe('abff')
  })
})
