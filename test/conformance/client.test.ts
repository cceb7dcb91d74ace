import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authorityForm, clientForm, servingForm } from '../../src/auth/ca.ts'
import { newClient } from '../../src/cli/client.io.ts'
import type { KeyPair } from '../../src/config.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import type { HttpHandler, Log } from '../../src/host/host.ts'
import { newTlsHttp } from '../../src/host/http.io.ts'
import { readCertificate } from '../../src/host/pem.io.ts'

/** The command's client against the server that it is for: whom it believes, and how it tells what went wrong. */
const nowMs = Date.now()
const nothing = (): void => undefined
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent }
const stop = new AbortController()
const client = newClient()
let ca: KeyPair
let port: number
let plain: Server
let plainPort: number
let mute: Server
let mutePort: number

async function serve(leaf: KeyPair, authority: KeyPair, handle: HttpHandler): Promise<number> {
  const cert = leaf.certificatePem + authority.certificatePem
  const http = newTlsHttp({ key: leaf.keyPem, cert, ca: authority.certificatePem }, silent)
  return (await http.serve({ address: '127.0.0.1', port: 0, bodyBytesMax: 1_000 }, handle, stop.signal)).port
}

const echo: HttpHandler = async ({ method, target, client: asking, body }) => {
  const told = { method, target, user: asking?.user ?? null, body: new TextDecoder().decode(body ?? new Uint8Array()) }
  return { status: 201, headers: {}, body: new TextEncoder().encode(JSON.stringify(told)) }
}

beforeAll(async () => {
  ca = await issueCertificate(authorityForm('c1', nowMs), null)
  port = await serve(await issueCertificate(servingForm('n1', [], [], nowMs), ca), ca, echo)
  plain = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end('/multistream/1.0.0\n')
  })
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  plainPort = (plain.address() as { port: number }).port
  mute = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  mutePort = (mute.address() as { port: number }).port
})
afterAll(() => {
  mute.close()
  stop.abort(new Error('over'))
  plain.close()
})

test('asks by certificate and reads the answer', async () => {
  const admin = await issueCertificate(clientForm('ann', ['system:masters'], 60_000, nowMs), ca)
  const target = { host: '127.0.0.1', port, caPem: ca.certificatePem, client: admin }
  const answer = await client.call(target, { method: 'POST', path: '/x?y=1', body: { a: 1 } })
  expect(answer).toEqual({ status: 201, body: { method: 'POST', target: '/x?y=1', user: 'ann', body: '{"a":1}' } })
  const nobody = await client.call({ ...target, client: undefined, host: 'localhost' }, { method: 'GET', path: '/' })
  expect(nobody.body).toMatchObject({ user: null })
})

test('finds the pinned authority in the chain, and where this machine stands', async () => {
  const pin = readCertificate(ca.certificatePem).sha256
  const found = await client.pinned('127.0.0.1', port, pin)
  expect(readCertificate(found.caPem).sha256).toBe(pin)
  expect(found.localAddress).toBe('127.0.0.1')
})

test('another authority is not the pinned one', async () => {
  const other = await issueCertificate(authorityForm('c1', nowMs), null)
  await expect(client.pinned('127.0.0.1', port, readCertificate(other.certificatePem).sha256)).rejects.toMatchObject({
    why: 'untrusted',
  })
})

test('who only shows the pinned authority, without a certificate of it, is told no secret', async () => {
  let reached = false
  const thief = await issueCertificate(authorityForm('c1', nowMs), null)
  const leaf = await issueCertificate(servingForm('n1', [], [], nowMs), thief)
  const thiefPort = await serve(leaf, ca, async (request) => {
    reached = true
    return await echo(request, stop.signal)
  })
  const found = await client.pinned('127.0.0.1', thiefPort, readCertificate(ca.certificatePem).sha256).catch(() => null)
  const caPem = found?.caPem ?? ca.certificatePem
  const call = client.call(
    { host: '127.0.0.1', port: thiefPort, caPem },
    { method: 'POST', path: '/', body: { secret: 1 } },
  )
  await expect(call).rejects.toMatchObject({ why: 'untrusted' })
  expect(reached).toBe(false)
})

test('a certificate that does not cover the host is refused', async () => {
  const target = { host: '127.0.0.1', port, caPem: ca.certificatePem, serverName: 'elsewhere' }
  await expect(client.call(target, { method: 'GET', path: '/' })).rejects.toMatchObject({ why: 'untrusted' })
})

test('nobody there, no such host, and a server that does not speak TLS', async () => {
  const free = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: taken } = server.address() as { port: number }
      server.close(() => resolve(taken))
    })
  })
  const pin = '00'.repeat(32)
  await expect(client.pinned('127.0.0.1', free, pin)).rejects.toMatchObject({
    why: 'unreachable',
    message: 'connection refused',
  })
  await expect(client.pinned('127.0.0.1', plainPort, pin)).rejects.toMatchObject({ why: 'not-tls' })
  await expect(client.pinned('127.0.0.1', mutePort, pin)).rejects.toMatchObject({ why: 'not-tls' })
  await expect(client.pinned('no-such-host.invalid', 1, pin)).rejects.toMatchObject({ why: 'unreachable' })
  const target = { host: '127.0.0.1', port: plainPort, caPem: ca.certificatePem }
  await expect(client.call(target, { method: 'GET', path: '/' })).rejects.toMatchObject({ why: 'not-tls' })
})
