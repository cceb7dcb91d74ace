import { newSimEngine } from '../sim/host/engine.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { engineSuite } from './engine.ts'

engineSuite('simulated', async () => {
  const world = newWorld(11)
  const stop = world.runFreely()
  return {
    engine: newSimEngine(world, 'n1', { images: ['app:1'] }).attach(newSimProcess(world, 'n1')),
    image: 'app:1',
    imageMissing: 'nobody/nothing:1',
    executable: new Uint8Array(),
    programs: {
      sleeps: { command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'] },
      stubborn: { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'] },
      fails: { command: ['sh', '-c', 'exit 3'] },
      ends: { command: ['true'] },
      absent: { command: ['/no/such/program'] },
    },
    pause: (ms) => new Promise((resolve) => void world.after(ms, resolve)),
    close: async () => stop(),
  }
})
