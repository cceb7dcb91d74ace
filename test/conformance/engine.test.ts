import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { dockerEngine } from '../../src/host/docker.io.ts'
import { type EngineFixture, engineSuite } from './engine.ts'

const image = 'skein-conformance:1'
const answers = await new Docker().ping().then(
  () => true,
  () => false,
)

if (answers) engineSuite('docker', dockerFixture)
else
  describe.skip('engine: docker (no engine answers at DOCKER_HOST or /var/run/docker.sock)', () =>
    it('runs', () => undefined))

async function dockerFixture(): Promise<EngineFixture> {
  await importImage()
  return {
    engine: dockerEngine(),
    image,
    imageMissing: '127.0.0.1:1/nobody/nothing:1',
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

/** An image from this machine's own busybox, for no registry may be in reach. */
async function importImage(): Promise<void> {
  const docker = new Docker()
  if (
    await docker
      .getImage(image)
      .inspect()
      .then(
        () => true,
        () => false,
      )
  )
    return
  const root = await mkdtemp(join(tmpdir(), 'skein-image-'))
  await mkdir(join(root, 'bin'))
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of ['sh', 'sleep', 'true']) await symlink('busybox', join(root, 'bin', applet))
  const archive = join(root, 'image.tar')
  await promisify(execFile)('tar', ['-C', root, '-cf', archive, 'bin'])
  const progress = await docker.importImage(archive, { repo: 'skein-conformance', tag: '1' } as object)
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)))
  })
  await rm(root, { recursive: true })
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
