import fs from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { newClock } from '../../src/host/clock.io.ts'
import { newLog } from '../../src/host/log.io.ts'
import { newEntropy } from '../../src/host/random.io.ts'
import { newRandom } from '../../src/lib/random.ts'
import { newSimClock, newSimMachineClock } from '../sim/host/clock.ts'
import { newSimEntropy } from '../sim/host/entropy.ts'
import type { SimLogLine } from '../sim/host/log.ts'
import { newSimLog } from '../sim/host/log.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { clockSuite } from './clock.ts'
import { entropySuite } from './entropy.ts'
import { logSuite } from './log.ts'

clockSuite('real', () => ({ clock: newClock(), end: () => undefined }))

for (const rate of [1, 0.98, 1.03]) {
  clockSuite(`simulated, rate ${rate}`, () => {
    const world = newWorld(7)
    const machine = newSimMachineClock(world)
    machine.drift(rate)
    return { clock: newSimClock(world, newSimProcess(world, 'n1'), machine), end: world.runFreely() }
  })
}

entropySuite('real', newEntropy)
entropySuite('simulated', () => newSimEntropy(newRandom(7)))

logSuite('real', () => {
  const written = captureStandardError()
  const log = newLog({ level: 'debug', format: 'json', terminal: false, colours: false })
  return {
    log,
    lines: () =>
      written().map((line) => {
        const { level, message, time, ...fields } = JSON.parse(line) as Record<string, unknown>
        expect(Date.parse(String(time))).toBeGreaterThan(Date.UTC(2025, 0, 1))
        return { level: String(level), message: String(message), fields }
      }),
  }
})

logSuite('simulated', () => {
  const world = newWorld(7)
  const lines: SimLogLine[] = []
  const log = newSimLog(world, newSimProcess(world, 'n1'), (line) => lines.push(line))
  return { log, lines: () => lines.map(({ level, message, fields }) => ({ level, message, fields })) }
})

/** The lines written to standard error until the test ends, none of which a person sees. */
function captureStandardError(): () => readonly string[] {
  const real = fs.writeSync
  let text = ''
  fs.writeSync = ((fd: number, data: string | NodeJS.ArrayBufferView, ...more: never[]) => {
    if (fd !== 2) return real(fd, data as string, ...more)
    text += typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
    return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength
  }) as typeof fs.writeSync
  onTestFinished(() => {
    fs.writeSync = real
  })
  return () => text.split('\n').filter((line) => line !== '')
}
