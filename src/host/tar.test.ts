import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { tarOf } from './tar.ts'

it('makes what tar reads', () => {
  const data = new Uint8Array(1000).fill(65)
  const archive = tarOf([
    { name: 'program', data, mode: 0o755 },
    { name: 'empty', data: new Uint8Array(), mode: 0o600 },
  ])
  expect(archive.length % 512).toBe(0)
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--utc'], { input: archive, encoding: 'utf8' })
  expect(listed.trim().split('\n')).toEqual([
    expect.stringMatching(/^-rwxr-xr-x 0\/0\s+1000 1970-01-01 00:00 program$/),
    expect.stringMatching(/^-rw------- 0\/0\s+0 1970-01-01 00:00 empty$/),
  ])
  expect(execFileSync('tar', ['-xOf', '-', 'program'], { input: archive })).toEqual(Buffer.from(data))
})
