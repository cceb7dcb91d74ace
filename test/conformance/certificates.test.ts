import { X509Certificate } from 'node:crypto'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { authorityForm, clientForm, servingForm } from '../../src/auth/ca.ts'
import type { KeyPair } from '../../src/config.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import { readCertificate } from '../../src/host/pem.io.ts'

/** The certificates are judged by the TLS that serves with them and by Node's own reading of X.509. */
const nowMs = Date.now()
const dayMs = 86_400_000
let ca: KeyPair
let server: KeyPair
let admin: KeyPair

beforeAll(async () => {
  ca = await issueCertificate(authorityForm('c1', nowMs), null)
  server = await issueCertificate(servingForm('n1', ['host.example'], ['10.0.0.5', 'fd00::7'], nowMs), ca)
  admin = await issueCertificate(clientForm('skein:admin', ['system:masters', 'a, "b"+c=d'], dayMs, nowMs), ca)
})

test('the authority signs itself and may sign leaves only', () => {
  const authority = new X509Certificate(ca.certificatePem)
  expect(authority.ca).toBe(true)
  expect(authority.verify(authority.publicKey)).toBe(true)
  expect(authority.toString()).toContain('BEGIN CERTIFICATE')
  expect(readCertificate(ca.certificatePem).sha256).toBe(authority.fingerprint256.replaceAll(':', '').toLowerCase())
  expect(readCertificate(ca.certificatePem).belongsTo(ca.keyPem)).toBe(true)
  expect(readCertificate(ca.certificatePem).belongsTo(server.keyPem)).toBe(false)
  expect(readCertificate(ca.certificatePem).belongsTo('no key')).toBe(false)
  expect(() => readCertificate('no certificate')).toThrow('not a certificate')
})

test('a serving certificate covers its names and addresses and no others', () => {
  const leaf = new X509Certificate(server.certificatePem)
  const authority = new X509Certificate(ca.certificatePem)
  expect(leaf.checkIssued(authority)).toBe(true)
  expect(leaf.verify(authority.publicKey)).toBe(true)
  expect(leaf.ca).toBe(false)
  for (const name of ['n1', 'host.example', 'localhost', 'kubernetes.default.svc.cluster.local']) {
    expect(leaf.checkHost(name)).toBe(name)
  }
  for (const address of ['10.0.0.5', '127.0.0.1', '::1', 'fd00::7']) expect(leaf.checkIP(address)).toBe(address)
  expect(leaf.checkHost('n2')).toBeUndefined()
  expect(leaf.checkIP('10.0.0.6')).toBeUndefined()
  expect(readCertificate(server.certificatePem).notAfterMs - nowMs).toBeGreaterThan(29 * dayMs)
})

/** Shakes hands with a server that asks for client certificates; what each side thinks of the other. */
async function shake(
  serving: KeyPair,
  client: KeyPair | null,
  host: string,
): Promise<{ subject: unknown; authorized: boolean }> {
  const listening = createServer({
    key: serving.keyPem,
    cert: serving.certificatePem,
    ca: ca.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  })
  const accepted = new Promise<{ subject: unknown; authorized: boolean }>((resolve) => {
    listening.on('secureConnection', (socket: TLSSocket) => {
      resolve({ subject: { ...socket.getPeerCertificate().subject }, authorized: socket.authorized })
      socket.end()
    })
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as { port: number }
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        servername: host,
        ca: ca.certificatePem,
        ...(client === null ? {} : { key: client.keyPem, cert: client.certificatePem }),
      })
      socket.on('secureConnect', () => {
        socket.end()
        resolve()
      })
      socket.on('error', reject)
      socket.resume()
    })
    return await accepted
  } finally {
    listening.close()
  }
}

describe('in a handshake', () => {
  test('user and groups arrive as they were written', async () => {
    expect(await shake(server, admin, 'localhost')).toEqual({
      authorized: true,
      subject: { CN: 'skein:admin', O: ['system:masters', 'a, "b"+c=d'] },
    })
  })

  test('without a client certificate, or with that of another cluster, nobody is authorized', async () => {
    const other = await issueCertificate(authorityForm('c1', nowMs), null)
    const stranger = await issueCertificate(clientForm('skein:admin', ['system:masters'], dayMs, nowMs), other)
    expect((await shake(server, null, 'localhost')).authorized).toBe(false)
    expect((await shake(server, stranger, 'localhost')).authorized).toBe(false)
  })

  test('a serving certificate does not do for a client, nor a client one for a server', async () => {
    expect((await shake(server, server, 'localhost')).authorized).toBe(false)
    await expect(shake(admin, null, 'localhost')).rejects.toThrow(/purpose|altnames|does not match/i)
  })

  test('a host that the certificate does not name is refused, and an expired certificate too', async () => {
    await expect(shake(server, null, 'n2')).rejects.toThrow(/altnames/)
    const old = await issueCertificate(servingForm('n1', [], [], nowMs - 31 * dayMs), ca)
    await expect(shake(old, null, 'localhost')).rejects.toThrow(/expired/)
  })
})
