import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { authorityForm, servingForm } from '../../src/auth/ca.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import type { Http } from '../../src/host/host.ts'
import { askHttp } from '../../src/host/httpask.io.ts'
import { newSimHttp } from '../sim/host/http.ts'
import type { SimSites } from '../sim/host/sites.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { httpAskSuite } from './httpask.ts'

const real: Pick<Http, 'ask'> = { ask: askHttp }
const never = new AbortController().signal

function listen(server: Server, open: Server[]): Promise<number> {
  open.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })
}

async function closedPort(): Promise<number> {
  const open: Server[] = []
  const port = await listen(createTcpServer(), open)
  await new Promise((resolve) => open[0]?.close(resolve))
  return port
}

httpAskSuite('real', async () => {
  const open: Server[] = []
  const babbler = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end('no HTTP, that is for sure\r\n\r\n')
  })
  return {
    http: real as Http,
    closed: await closedPort(),
    babbler: await listen(babbler, open),
    serve: (answer) =>
      listen(
        createServer((request, response) => {
          const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, `${value}`]))
          const { status, body } = answer({ method: request.method ?? '', path: request.url ?? '', headers })
          response.writeHead(status, { location: '/elsewhere' }).end(body)
        }),
        open,
      ),
    async end() {
      for (const server of open) server.close()
    },
  }
})

httpAskSuite('simulated', async () => {
  const world = newWorld(5)
  const sites: SimSites = new Map()
  const stop = world.runFreely()
  let port = 1000
  const at = (): string => `127.0.0.1:${++port}`
  sites.set(at(), {})
  return {
    http: newSimHttp(world, sites).attach(newSimProcess(world, 'n1')),
    babbler: port,
    closed: 1,
    async serve(answer) {
      sites.set(at(), {
        answer: ({ method, path, headers }) => {
          const all: Record<string, string> = {}
          for (const [name, value] of headers) {
            const key = name.toLowerCase()
            all[key] = all[key] === undefined ? value : `${all[key]}, ${value}`
          }
          return answer({ method, path, headers: all })
        },
      })
      return port
    },
    end: async () => stop(),
  }
})

describe('http ask, real alone', () => {
  const question = { address: '127.0.0.1', method: 'GET', path: '/', headers: [] }

  async function against(listener: RequestListener, run: (port: number) => Promise<void>): Promise<void> {
    const open: Server[] = []
    try {
      await run(await listen(createServer(listener), open))
    } finally {
      for (const server of open) server.close()
    }
  }

  it('does not look at certificates', async () => {
    const ca = await issueCertificate(authorityForm('c1', Date.now()), null)
    const { keyPem: key, certificatePem: cert } = await issueCertificate(servingForm('n1', [], [], Date.now()), ca)
    const open: Server[] = []
    const port = await listen(
      createHttpsServer({ key, cert }, (_, response) => response.end('well')),
      open,
    )
    expect(await askHttp({ ...question, scheme: 'https', port }, never)).toEqual({ status: 200, body: 'well' })
    for (const server of open) server.close()
  })

  it('rejects when the body breaks off, and when it is told to stop in the middle of it', () =>
    against(
      (request, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('half')
        if (request.url === '/breaks') setTimeout(() => response.destroy(), 20)
      },
      async (port) => {
        const broken = askHttp({ ...question, scheme: 'http', port, path: '/breaks' }, never)
        await expect(broken).rejects.toMatchObject({ code: 'unavailable' })
        const giveUp = new AbortController()
        const reason = new Error('enough')
        setTimeout(() => giveUp.abort(reason), 50)
        await expect(askHttp({ ...question, scheme: 'http', port }, giveUp.signal)).rejects.toBe(reason)
      },
    ))

  it('closes the connection on a body that never ends', () =>
    against(
      (_, response) => {
        const more = setInterval(() => response.write('x'.repeat(4096)), 1)
        response.on('close', () => clearInterval(more))
      },
      async (port) => {
        const { body } = await askHttp({ ...question, scheme: 'http', port }, never)
        expect(body.length).toBe(10 * 1024)
      },
    ))

  it('refuses what cannot be sent', async () => {
    const headers = [['x', 'line\nbreak']] as const
    await expect(askHttp({ ...question, scheme: 'http', port: 1, headers }, never)).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})
