import { createServer } from 'node:net'
import { newClock } from '../../src/host/clock.io.ts'
import type { Log } from '../../src/host/host.ts'
import { newSockets } from '../../src/host/sockets.io.ts'
import { newSimClock, newSimMachineClock } from '../sim/host/clock.ts'
import { newSimSockets } from '../sim/host/sockets.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { socketsSuite } from './sockets.ts'

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

socketsSuite('real', async () => ({
  sockets: newSockets(silent),
  clock: newClock(),
  freePort: () =>
    new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
      })
    }),
  end: async () => undefined,
}))

socketsSuite('simulated', async () => {
  const world = newWorld(7)
  const process = newSimProcess(world, 'n1')
  const stop = world.runFreely()
  let port = 1000
  return {
    sockets: newSimSockets(world).attach(process),
    clock: newSimClock(world, process, newSimMachineClock(world)),
    freePort: async () => port++,
    end: async () => stop(),
  }
})
