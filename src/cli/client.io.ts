import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { CallError } from './calls.ts'
import type { ApiAnswer, ApiRequest, ApiTarget, Client } from './world.ts'

const connectMs = 5_000
/** Above the time in which a cluster tells that it has no quorum. */
const answerMs = 30_000
const answerBytesMax = 64 * 1024 * 1024
/** A certificate chain has two or three. */
const chainMax = 10

export function newClient(): Client {
  return { call, pinned }
}

function call(target: ApiTarget, { method, path, body }: ApiRequest): Promise<ApiAnswer> {
  const { host, port, caPem, client, token, serverName } = target
  const sent = body === undefined ? null : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const calling = request(
      {
        host,
        port,
        path,
        method,
        agent: false,
        ca: caPem,
        cert: client?.certificatePem,
        key: client?.keyPem,
        servername: serverName ?? (isIP(host) === 0 ? host : ''),
        headers: {
          accept: 'application/json',
          ...(sent === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.byteLength
          if (size > answerBytesMax) calling.destroy(new CallError('unreachable', 'the answer is too large'))
          chunks.push(chunk)
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }))
        response.on('error', (error) => reject(classified(error, true)))
      },
    )
    const connecting = setTimeout(
      () => calling.destroy(new CallError('unreachable', 'no connection in 5 s')),
      connectMs,
    )
    const answering = setTimeout(() => calling.destroy(new CallError('unreachable', 'no answer in 30 s')), answerMs)
    let secured = false
    calling.on('socket', (socket) =>
      socket.once('secureConnect', () => {
        secured = true
        clearTimeout(connecting)
      }),
    )
    calling.on('error', (error) => reject(classified(error, secured)))
    calling.on('close', () => {
      clearTimeout(connecting)
      clearTimeout(answering)
    })
    calling.end(sent ?? undefined)
  })
}

function pinned(
  host: string,
  port: number,
  caSha256: string,
): Promise<{ readonly caPem: string; readonly localAddress: string }> {
  return new Promise((resolve, reject) => {
    // Nothing is trusted here and nothing secret is said: the chain is only read, and its authority compared with the pin.
    const socket = connect({ host, port, rejectUnauthorized: false, servername: isIP(host) === 0 ? host : '' })
    const timer = setTimeout(() => socket.destroy(new CallError('unreachable', 'no connection in 5 s')), connectMs)
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(classified(error, false))
    })
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      const localAddress = plainAddress(socket.localAddress)
      const authority = chainOf(socket).find((certificate) => sha256Of(certificate) === caSha256)
      socket.destroy()
      if (authority === undefined) {
        reject(new CallError('untrusted', 'its certificates are not of the authority that the token names'))
      } else {
        resolve({ caPem: authority.toString(), localAddress })
      }
    })
  })
}

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (at?.raw !== undefined && chain.length < chainMax) {
    chain.push(new X509Certificate(at.raw))
    const issuer: DetailedPeerCertificate | undefined = at.issuerCertificate
    at = issuer === at ? undefined : issuer
  }
  return chain
}

function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** An IPv4 address that came through an IPv6 socket, as itself. */
function plainAddress(address: string | undefined): string {
  return (address ?? '127.0.0.1').replace(/^::ffff:/, '')
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null // Not an API's answer; the status still says something.
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved now',
}

const untrustedWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired (are both clocks right?)',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (are both clocks right?)',
  CERT_SIGNATURE_FAILURE: 'its certificate is forged',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of another authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of another authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of another authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of another authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate does not cover this address',
}

function classified(error: Error, secured: boolean): CallError {
  if (error instanceof CallError) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  // Gossip hangs up on whom it does not know; so does much else that is not an API.
  if (code === 'ECONNRESET' && !secured) return new CallError('not-tls', 'it hung up during the handshake', error)
  const untrusted = untrustedWords[code]
  if (untrusted !== undefined) return new CallError('untrusted', untrusted, error)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return new CallError('not-tls', 'it does not speak TLS', error)
  return new CallError('unreachable', words[code] ?? error.message, error)
}
