import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { dockerEngine } from '../../src/host/docker.io.ts'
import type { Engine } from '../../src/host/host.ts'
import { worldEpochMs } from '../sim/host/clock.ts'
import { newSimEngine } from '../sim/host/engine.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { dockerAnswers, dockerImage, importDockerImage } from './dockerimage.ts'
import { type EngineLogsFixture, engineLogsSuite } from './enginelogs.ts'

const here = await dockerAnswers()
const never = new AbortController().signal

if (here) engineLogsSuite('docker', dockerFixture)
engineLogsSuite('simulated', simulatedFixture)

async function dockerFixture(): Promise<EngineLogsFixture> {
  await importDockerImage()
  const sh = (script: string): string[] => ['sh', '-c', `trap "exit 0" TERM; ${script}`]
  return {
    engine: dockerEngine(),
    image: dockerImage,
    programs: {
      counts: sh('echo one; echo two; echo three'),
      complains: sh('echo said; sleep 0.1; echo oops >&2'),
      lingers: sh('echo first; sleep 0.5; echo second; sleep 0.5'),
      chatters: sh('i=0; while true; do i=$((i+1)); echo line $i; sleep 0.05; done'),
      silent: sh('sleep 1000 & wait'),
    },
    nowMs: () => Date.now(),
    pause: (ms) => pause(ms),
    close: () => Promise.resolve(),
  }
}

function simulatedFixture(): Promise<EngineLogsFixture> {
  const world = newWorld(3)
  const stop = world.runFreely()
  const sh = (script: string): string[] => ['sh', '-c', script]
  return Promise.resolve({
    engine: newSimEngine(world, 'n1', { images: ['bb:1'] }).attach(newSimProcess(world, 'n1')),
    image: 'bb:1',
    programs: {
      counts: sh('echo one; echo two; echo three'),
      complains: sh('echo said; sleep 0.1; echo oops >&2'),
      lingers: sh('echo first; sleep 0.5; echo second; sleep 0.5'),
      chatters: sh('chatter 50'),
      silent: sh('rest'),
    },
    nowMs: () => worldEpochMs + Math.floor(world.nowMs),
    pause: (ms) => new Promise<void>((resolve) => void world.after(ms, resolve)),
    close: () => Promise.resolve(stop()),
  })
}

describe.skipIf(!here)('engine logs: docker alone', () => {
  async function running(command: string, tty: boolean, run: (engine: Engine, id: string) => Promise<void>) {
    await importDockerImage()
    const engine = dockerEngine()
    const name = `skein-conformance-logs-${Date.now()}-${Math.random().toString(36).slice(2)}`
    const labels = { 'skein.dev/conformance': name }
    const asked = { name, image: dockerImage, command: ['sh', '-c', command], env: [], labels, hostname: 'web' }
    const id = await engine.create({ ...asked, tty, stdin: false, network: 'none' }, never)
    try {
      await engine.start(id, never)
      await run(engine, id)
    } finally {
      await engine.remove(id, never)
    }
  }

  it('tells what was printed to a terminal', () =>
    running('echo one; echo two >&2', true, async (engine, id) => {
      let text = ''
      for await (const piece of engine.logs(id, { follow: true, timestamps: false }, never)) {
        expect(piece.stream).toBe('stdout')
        text += new TextDecoder().decode(piece.data)
      }
      expect(text).toBe('one\r\ntwo\r\n')
    }))

  it('does not read ahead of who asks', () =>
    running('while true; do echo 0123456789012345678901234567890123456789; done', false, async (engine, id) => {
      const reading = engine.logs(id, { follow: true, timestamps: false }, never)[Symbol.asyncIterator]()
      await reading.next()
      const before = process.memoryUsage()
      await pause(1_500)
      const after = process.memoryUsage()
      expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(32 * 1024 * 1024)
      await reading.return?.()
    }))
})

describe('engine logs: an engine that fails', () => {
  it('breaks off with it, rather than look whole', async () => {
    const server = createServer((request, response) => {
      if (!request.url?.includes('/logs')) return response.end('{"Config":{"Tty":false}}')
      response.write(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 4, 97, 98, 99, 10))
      setTimeout(() => response.destroy(), 50)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    let text = ''
    const reading = (async () => {
      const engine = dockerEngine({ endpoint: `tcp://127.0.0.1:${port}` })
      for await (const { data } of engine.logs('x', { follow: true, timestamps: false }, never))
        text += new TextDecoder().decode(data)
    })()
    await expect(reading).rejects.toMatchObject({ name: 'DeviceError', code: 'unavailable' })
    expect(text).toBe('abc\n')
    server.close()
  })
})
