import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { dockerEngine } from '../../src/host/docker.io.ts'
import type { Engine } from '../../src/host/host.ts'
import { must } from '../../src/lib/assert.ts'
import { pauseExecutable } from '../../src/runtime/pause.ts'
import { newSimEngine } from '../sim/host/engine.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { dockerAnswers, dockerImage, importDockerImage } from './dockerimage.ts'
import { type EngineFixture, engineSuite } from './engine.ts'

if (await dockerAnswers()) engineSuite('docker', dockerFixture)
else
  describe.skip('engine: docker (no engine answers at DOCKER_HOST or /var/run/docker.sock)', () =>
    it('runs', () => undefined))

engineSuite('simulated', simulatedFixture)

async function dockerFixture(): Promise<EngineFixture> {
  await importDockerImage()
  const engine = dockerEngine()
  return {
    engine,
    image: dockerImage,
    imageMissing: '127.0.0.1:1/nobody/nothing:1',
    executable: await pauseOf(engine),
    programs: {
      sleeps: { command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'] },
      stubborn: { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'] },
      fails: { command: ['sh', '-c', 'exit 3'] },
      ends: { command: ['true'] },
      absent: { command: ['/no/such/program'] },
    },
    pause: (ms) => pause(ms),
    close: () => Promise.resolve(),
  }
}

/** The real pause program, that it is known to run. */
async function pauseOf(engine: Engine): Promise<Uint8Array> {
  const { arch } = await engine.info(new AbortController().signal)
  return must(pauseExecutable(arch), 'there is one for this machine')
}

function simulatedFixture(): Promise<EngineFixture> {
  const world = newWorld(1)
  const process = newSimProcess(world, 'n1')
  const stop = world.runFreely()
  return Promise.resolve({
    engine: newSimEngine(world, 'n1', { images: ['bb:1'] }).attach(process),
    image: 'bb:1',
    imageMissing: 'nothing:1',
    executable: new Uint8Array(),
    programs: {
      sleeps: { command: ['sh', '-c', 'trap "exit 0" TERM; serve'] },
      stubborn: { command: ['sh', '-c', 'trap "" TERM; serve'] },
      fails: { command: ['sh', '-c', 'exit 3'] },
      ends: { command: ['true'] },
      absent: { command: ['/no/such/program'] },
    },
    pause: (ms) => new Promise<void>((resolve) => void world.after(ms, resolve)),
    close: () => Promise.resolve(stop()),
  })
}

describe('an engine that fails', () => {
  const signal = new AbortController().signal

  async function serving(
    handle: Parameters<typeof createServer>[1],
    run: (endpoint: string, server: Server) => Promise<void>,
  ) {
    const server = createServer(handle as never)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address() as { port: number }
    try {
      await run(`tcp://127.0.0.1:${address.port}`, server)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('is unavailable when nobody listens', async () => {
    const engine = dockerEngine({ endpoint: 'unix:///nowhere/docker.sock' })
    await expect(engine.info(signal)).rejects.toMatchObject({ code: 'unavailable', message: /is Docker running/ })
    await expect(engine.watch({}, () => undefined, signal)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is unavailable when the connection breaks before the answer', async () => {
    await serving(
      (_request, response) => response.destroy(),
      async (endpoint) => {
        const engine = dockerEngine({ endpoint })
        await expect(engine.info(signal)).rejects.toMatchObject({ code: 'unavailable' })
      },
    )
  })

  it('never leaves a caller waiting when the answer breaks off', async () => {
    await serving(
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' })
        response.write('{"ServerVersion":')
        setTimeout(() => response.destroy(), 50)
      },
      async (endpoint) => {
        const engine = dockerEngine({ endpoint, callTimeoutMs: 500 })
        await expect(engine.info(signal)).rejects.toMatchObject({ code: 'unavailable' })
      },
    )
  })

  it('ends a watch when it goes', async () => {
    await serving(
      (_request, response) => {
        response.writeHead(200)
        response.write(`${JSON.stringify({ Actor: { ID: 'a' } })}\n{"Actor":{"ID"`)
        setTimeout(() => response.write(':"b"}}\n'), 50)
        setTimeout(() => response.destroy(), 150)
      },
      async (endpoint) => {
        const seen: string[] = []
        const watch = dockerEngine({ endpoint }).watch({}, (id) => seen.push(id), signal)
        await expect(watch).rejects.toMatchObject({ code: 'unavailable' })
        expect(seen).toEqual(['a', 'b'])
      },
    )
  })

  it('does not ask more than a few things at once', async () => {
    let open = 0
    let openMax = 0
    await serving(
      (_request, response) => {
        openMax = Math.max(openMax, ++open)
        setTimeout(() => {
          open--
          response.end('{"Architecture":"x86_64"}')
        }, 20)
      },
      async (endpoint) => {
        const engine = dockerEngine({ endpoint })
        const answers = await Promise.all(Array.from({ length: 20 }, () => engine.info(signal)))
        expect(answers.every(({ arch }) => arch === 'amd64')).toBe(true)
        expect(openMax).toBe(4)
      },
    )
  })
})
