import { newClock } from '../../src/host/clock.io.ts'
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

logSuite('simulated', () => {
  const world = newWorld(7)
  const lines: SimLogLine[] = []
  const log = newSimLog(world, newSimProcess(world, 'n1'), (line) => lines.push(line))
  return { log, lines: () => lines.map(({ level, message, fields }) => ({ level, message, fields })) }
})
