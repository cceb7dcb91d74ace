import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { authorityForm, clientForm, servingForm } from '../../src/auth/ca.ts'
import type { KeyPair } from '../../src/config.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import type { HttpResponse, Log } from '../../src/host/host.ts'
import { newTlsHttp, type TlsMaterial } from '../../src/host/http.io.ts'
import { newSimHttp } from '../sim/host/http.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { type HttpCall, type HttpExchange, type HttpFixture, httpSuite } from './http.ts'

const known = { user: 'ann', groups: ['ops', 'system:masters'] }
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
const nowMs = Date.now()
let ca: KeyPair
let server: KeyPair
let client: KeyPair

beforeAll(async () => {
  ca = await issueCertificate(authorityForm('c1', nowMs), null)
  server = await issueCertificate(servingForm('n1', [], [], nowMs), ca)
  client = await issueCertificate(clientForm(known.user, known.groups, 86_400_000, nowMs), ca)
})

function materialOf(serving: KeyPair): TlsMaterial {
  return { key: serving.keyPem, cert: serving.certificatePem, ca: ca.certificatePem }
}

type Ask = (call: HttpCall, as?: KeyPair) => Promise<HttpExchange>

function credentials(call: HttpCall, as: KeyPair): object {
  const own = { key: as.keyPem, cert: as.certificatePem }
  return { ca: ca.certificatePem, servername: 'localhost', ...(call.known ? own : {}) }
}

/** Each call on a connection of its own, as kubectl makes them. */
const askHttp2: Ask = (call, as = client) =>
  new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${call.port}`, credentials(call, as))
    session.on('error', reject)
    const stream = session.request({
      ...call.headers,
      [constants.HTTP2_HEADER_METHOD]: call.method ?? 'GET',
      [constants.HTTP2_HEADER_PATH]: call.target,
    })
    stream.on('error', reject)
    stream.end(call.body)
    stream.on('response', ({ ':status': status = 0, ...headers }) => {
      const exchange = exchangeOf(status, headers as Record<string, string>, stream, () => session.destroy())
      exchange.ended.then(
        () => session.close(),
        () => session.destroy(),
      )
      resolve(exchange)
    })
    session.on('close', () => reject(new Error('no answer')))
  })

const askHttp1: Ask = (call, as = client) =>
  new Promise((resolve, reject) => {
    const { port, method = 'GET', target: path, headers } = call
    const length = call.body === undefined ? {} : { 'content-length': String(call.body.byteLength) }
    const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false as const }
    const request = requestHttps({ ...options, ...credentials(call, as) }, (response) => {
      const { statusCode = 0 } = response
      resolve(exchangeOf(statusCode, response.headers as Record<string, string>, response, () => request.destroy()))
    })
    request.on('error', reject)
    request.end(call.body)
  })

function exchangeOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  stream: NodeJS.ReadableStream,
  abort: () => void,
): HttpExchange {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve)
    stream.on('error', reject)
    stream.on('aborted', () => reject(new Error('broken off')))
    stream.on('close', () => reject(new Error('broken off')))
  })
  ended.catch(() => undefined)
  return { status, headers, text: () => text, ended, abort }
}

for (const [form, ask] of [
  ['HTTP/2', askHttp2],
  ['HTTP/1.1', askHttp1],
] as const) {
  httpSuite(`real, ${form}`, async () => ({
    http: newTlsHttp(materialOf(server), silent),
    ask,
    known,
    pause: (ms) => pause(ms),
    close: async () => undefined,
  }))
}

httpSuite('simulated', async () => simulated())

function simulated(): HttpFixture {
  const world = newWorld(7)
  const http = newSimHttp(world)
  const end = world.runFreely()
  return {
    http: http.attach(newSimProcess(world, 'n1')),
    known,
    async ask({ port, method = 'GET', target, headers, body, known: isKnown }) {
      let text = ''
      const exchange = http.request({
        node: 'n1',
        port,
        method,
        target,
        timeoutMs: 5_000,
        ...(headers === undefined ? {} : { headers }),
        ...(body === undefined ? {} : { body }),
        ...(isKnown ? { client: known } : {}),
      })
      exchange.onChunk = (chunk) => {
        text += new TextDecoder().decode(chunk)
      }
      const ended = new Promise<void>((resolve, reject) => {
        exchange.onEnd = (error) => (error === null ? resolve() : reject(error))
      })
      ended.catch(() => undefined)
      const head = await exchange.response
      return { ...head, text: () => text, ended, abort: () => exchange.abort() }
    },
    pause: (ms) => new Promise((resolve) => void world.after(ms, resolve)),
    close: async () => end(),
  }
}

describe('http, real alone', () => {
  const whoami = async (request: { readonly client?: object }): Promise<HttpResponse> => ({
    status: 200,
    headers: {},
    body: new TextEncoder().encode(JSON.stringify(request.client ?? null)),
  })
  const options = { address: '127.0.0.1', port: 0, bodyBytesMax: 1000 }

  it('takes nobody for whom another authority vouches, nor a server for a client', async () => {
    const other = await issueCertificate(authorityForm('c1', nowMs), null)
    const stranger = await issueCertificate(clientForm('ann', ['system:masters'], 86_400_000, nowMs), other)
    const stop = new AbortController()
    const { port } = await newTlsHttp(materialOf(server), silent).serve(options, whoami, stop.signal)
    for (const ask of [askHttp2, askHttp1]) {
      for (const as of [stranger, server]) {
        const answer = await ask({ port, target: '/', known: true }, as)
        await answer.ended
        expect(answer.text()).toBe('null')
      }
    }
    stop.abort()
  })

  it('serves new connections with renewed material', async () => {
    const http = newTlsHttp(materialOf(server), silent)
    const stop = new AbortController()
    const { port } = await http.serve(options, whoami, stop.signal)
    const serial = async (): Promise<string> => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: ca.certificatePem, servername: 'localhost' })
      await once(socket, 'secureConnect')
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const before = await serial()
    http.renew(materialOf(await issueCertificate(servingForm('n1', [], [], nowMs), ca)))
    expect(await serial()).not.toBe(before)
    const answer = await askHttp2({ port, target: '/', known: true })
    await answer.ended
    expect(JSON.parse(answer.text())).toEqual(known)
    stop.abort()
  })

  it('asks a stream for no more than its client reads', async () => {
    let made = 0
    async function* flood(): AsyncGenerator<Uint8Array> {
      for (; made < 2_000; made++) yield new Uint8Array(64 * 1024)
    }
    const stop = new AbortController()
    const { port } = await newTlsHttp(materialOf(server), silent).serve(
      options,
      async () => ({ status: 200, headers: {}, body: flood() }),
      stop.signal,
    )
    const session = connect(`https://127.0.0.1:${port}`, { ca: ca.certificatePem, servername: 'localhost' })
    const stream = session.request({ ':path': '/' })
    stream.pause()
    await once(stream, 'response')
    await pause(300)
    expect(made).toBeLessThan(100)
    session.destroy()
    stop.abort()
  })

  it('closes a connection of HTTP/1.1, too, on which nothing is asked any more', async () => {
    const stop = new AbortController()
    const { port } = await newTlsHttp(materialOf(server), silent).serve(options, whoami, stop.signal)
    const tls = { host: '127.0.0.1', port, ca: ca.certificatePem, servername: 'localhost' }
    const socket = connectTls({ ...tls, ALPNProtocols: ['http/1.1'] })
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    const [head] = (await once(socket, 'data')) as [Buffer]
    // The server announces the time only where it keeps to it.
    expect(head.toString().toLowerCase()).toContain('keep-alive: timeout=300\r\n')
    socket.destroy()
    stop.abort()
  })

  it('overlooks what is no TLS, no HTTP, or breaks off in the middle of a body', async () => {
    const stop = new AbortController()
    const { port } = await newTlsHttp(materialOf(server), silent).serve(options, whoami, stop.signal)
    const { connect: connectTcp } = await import('node:net')
    const plain = connectTcp(port, '127.0.0.1')
    plain.on('error', () => undefined)
    plain.write('GET / HTTP/1.1\r\n\r\n')
    await once(plain, 'close')
    const tls = { host: '127.0.0.1', port, ca: ca.certificatePem, servername: 'localhost' }
    for (const text of [
      '\0\x01\x02 nonsense\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf',
    ]) {
      for (const ALPNProtocols of [['http/1.1'], ['h2']]) {
        const socket = connectTls({ ...tls, ALPNProtocols })
        socket.on('error', () => undefined)
        await once(socket, 'secureConnect')
        socket.write(text)
        await pause(20)
        socket.destroy()
      }
    }
    const answer = await askHttp2({ port, target: '/' })
    await answer.ended
    expect(answer.text()).toBe('null')
    stop.abort()
  })
})
