import { expect, it } from 'vitest'
import { must } from '../lib/assert.ts'
import { sha256Hex } from '../lib/hash.ts'
import { pauseExecutable } from './pause.ts'

it.each([
  ['amd64', 202, 62, '1922291cc7954eee29dd9922e7c913a5e48f97fc85a1a612b64692fcb7931aaf'],
  ['arm64', 248, 183, '2108c928096993f16c5c438346557d0ea1e8a8aa148ef6c7d58cc000dcd787e4'],
])('the program for %s', (arch, bytes, machine, hash) => {
  const file = must(pauseExecutable(arch), 'it is known')
  const view = new DataView(file.buffer)
  expect([...file.subarray(0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46])
  expect(view.getUint16(18, true)).toBe(machine)
  expect(view.getBigUint64(24, true)).toBe(0x400078n)
  expect(view.getBigUint64(64 + 32, true)).toBe(BigInt(file.length))
  expect(file.length).toBe(bytes)
  // Read instruction by instruction by a disassembler, and run on amd64 (test/conformance/engine.ts).
  expect(sha256Hex(file)).toBe(hash)
})

it('knows no other machine', () => expect(pauseExecutable('riscv64')).toBeNull())
