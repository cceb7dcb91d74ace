import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rehearse } from './raft-rehearsal.ts'

/**
 * Scripts in the manner of etcd's: a command, `----`, then all that happened. `REWRITE=1` writes what happens now; the
 * difference is to be read, not waved through.
 */
const folder = new URL('./raft/', import.meta.url).pathname
const scripts = readdirSync(folder).filter((name) => name.endsWith('.txt'))

test.each(scripts)('%s', (name) => {
  const path = folder + name
  const before = readFileSync(path, 'utf8')
  const after = rehearse(before)
  if (process.env.REWRITE === '1') writeFileSync(path, after)
  else expect(after).toBe(before)
})

test('there are scripts', () => {
  expect(scripts.length).toBeGreaterThan(8)
})
