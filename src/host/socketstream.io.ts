import type { Socket } from 'node:net'
import { unreachable } from './dialfault.ts'
import { type ByteStream, DeviceError } from './host.ts'

/**
 * A TCP connection as a stream of bytes. The socket must have been made with `allowHalfOpen`, else the kernel's news that
 * the other side has ended would end this side as well. `what` names it in errors.
 */
export function socketStream(socket: Socket, what: string): ByteStream {
  let fault: Error | null = null
  // Without a listener an error would end the process; whoever sends or receives next is told of it.
  socket.on('error', (error) => {
    fault ??= error
  })
  const broken = (cause: unknown): DeviceError =>
    fault === null ? new DeviceError('unavailable', `${what}: broken off`, cause) : unreachable(what, fault)
  let reading = false
  let wasReset = false

  async function* receive(): AsyncGenerator<Uint8Array> {
    try {
      // Leaving the loop early is the reader's affair: the stream lives until it is reset.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array
    } catch (cause) {
      throw broken(cause)
    }
    // A socket that was destroyed before the other side ended looks ended, too.
    if (wasReset || !socket.readableEnded) throw broken(null)
  }

  return {
    send(chunk) {
      return new Promise((resolve, reject) => {
        if (!socket.writable) return reject(broken(null))
        if (socket.write(chunk)) return resolve()
        const settle = (): void => {
          socket.off('drain', settle)
          socket.off('close', settle)
          if (socket.destroyed) reject(broken(null))
          else resolve()
        }
        socket.on('drain', settle)
        socket.on('close', settle)
      })
    },
    end() {
      if (socket.writable) socket.end()
    },
    received: {
      [Symbol.asyncIterator]() {
        if (reading) throw new Error('a stream has one reader')
        reading = true
        return receive()
      },
    },
    reset() {
      wasReset = true
      socket.resetAndDestroy()
    },
  }
}
