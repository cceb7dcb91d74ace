import { expect, it } from 'vitest'
import { uuid } from './uuid.ts'

it('marks version and variant and keeps all other bits', () => {
  expect(uuid(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000')
  expect(uuid(new Uint8Array(16).fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
})
