import { createSocket } from 'node:dgram'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { Machine } from './world.ts'

const engineAnswerMs = 5_000

export function newMachine(): Machine {
  return { hostname: hostname(), address: ownAddress, addresses, portProblem, engineProblem }
}

/** The source address of the default route. Connecting a UDP socket asks the kernel and sends nothing. */
async function ownAddress(): Promise<string> {
  const routed = await new Promise<string | null>((resolve) => {
    const socket = createSocket('udp4')
    const done = (address: string | null): void => {
      socket.close()
      resolve(address)
    }
    socket.once('error', () => done(null))
    // 192.0.2.1 is nobody's (RFC 5737): what leads there is the default route.
    socket.connect(9, '192.0.2.1', () => done(socket.address().address))
  })
  return routed ?? addresses().find((address) => !address.includes(':')) ?? '127.0.0.1'
}

/** Bridges and links that container engines make: real addresses, but nobody else reaches them. */
const containerLinks = /^(docker|br-|veth|virbr|cni|podman)/

function addresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !containerLinks.test(name))
    .flatMap(([, links]) => links ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
    .concat('127.0.0.1')
}

function portProblem(address: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

function engineProblem(socket: string): Promise<string | null> {
  return new Promise((resolve) => {
    const calling = request({ socketPath: socket, path: '/_ping', timeout: engineAnswerMs }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200 ? null : `it answers with ${response.statusCode}`))
      response.on('error', (error) => resolve(error.message))
    })
    calling.on('timeout', () => calling.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
    calling.on('error', (error: NodeJS.ErrnoException) => resolve(engineWords[error.code ?? ''] ?? error.message))
    calling.end()
  })
}

const engineWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there',
  EACCES: 'this user may not speak with it',
  ETIMEDOUT: 'it does not answer',
  ENOTSOCK: 'it is no socket',
  ECONNRESET: 'the connection was closed',
}
