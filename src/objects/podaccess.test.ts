import { describe, expect, it } from 'vitest'
import { type AccessAnswer, decodeAccess, decodeAccessAnswer, encodeAccess, type PodAccess } from './podaccess.ts'

const access: PodAccess = {
  verb: 'log',
  user: 'ann',
  namespace: 'default',
  pod: 'web',
  uid: 'u1',
  container: 'main',
  options: { follow: true, previous: false, timestamps: false, tailLines: 5, sinceMs: 1_700_000_000_000 },
}
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

describe('a wish to look into a pod', () => {
  it('arrives as it was sent', () => {
    expect(decodeAccess(encodeAccess(access))).toEqual(access)
  })

  it.each([
    ['another verb', { ...access, verb: 'shred' }],
    ['no user', { ...access, user: undefined }],
    ['no options', { ...access, options: null }],
    ['a flag that is none', { ...access, options: { ...access.options, follow: 'yes' } }],
    ['a count below zero', { ...access, options: { ...access.options, tailLines: -1 } }],
    ['a count that is none', { ...access, options: { ...access.options, limitBytes: '7' } }],
    ['no object', 'log'],
    ['nothing', null],
  ])('is refused with %s', (_, value) => {
    expect(() => decodeAccess(bytes(value))).toThrow(TypeError)
  })

  it('is refused when it is no JSON', () => {
    expect(() => decodeAccess(Uint8Array.of(0xff, 0xfe))).toThrow(TypeError)
  })
})

describe('its answer', () => {
  it.each<AccessAnswer>([
    { type: 'granted', grant: 'x'.repeat(32) },
    { type: 'unknown' },
    { type: 'refused', message: 'not yet' },
    { type: 'unable', message: 'no engine' },
  ])('arrives as it was sent: %j', (answer) => {
    expect(decodeAccessAnswer(encodeAccess(answer))).toEqual(answer)
  })

  it.each([{ type: 'granted', grant: 'short' }, { type: 'refused' }, { type: 'perhaps' }, {}])(
    'is refused: %j',
    (value) => {
      expect(() => decodeAccessAnswer(bytes(value))).toThrow(TypeError)
    },
  )
})
