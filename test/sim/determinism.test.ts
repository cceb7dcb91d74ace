import { expect, it } from 'vitest'
import { runDaemon } from '../../src/daemon.ts'
import { runSeed } from './run.ts'

const run = (seed: number) => runSeed(seed, { daemon: runDaemon, safetyMs: 10_000 })

it.each([1, 2, 3])('seed %i gives the same trace twice, and breaks nothing', { timeout: 60_000 }, async (seed) => {
  const first = await run(seed)
  expect(first.failure).toBeNull()
  expect(first.events).toBeGreaterThan(1_000)
  const again = await run(seed)
  expect([again.traceHash, again.events]).toEqual([first.traceHash, first.events])
})

it('other seeds give other traces', { timeout: 60_000 }, async () => {
  expect((await run(4)).traceHash).not.toBe((await run(5)).traceHash)
})
