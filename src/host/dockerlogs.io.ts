import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { timed } from './dockercalls.io.ts'
import { newFrameSplitter } from './dockerframes.ts'
import { DeviceError, type LogOptions, type LogPiece } from './host.ts'

/**
 * What a container printed, as the engine keeps it. Never more of it in memory than one read of the socket: who does
 * not ask for the next piece stops the engine. Ends when the container has ended, or been removed.
 */
export async function* containerLogs(
  docker: Docker,
  id: string,
  options: LogOptions,
  callTimeoutMs: number,
  signal: AbortSignal,
): AsyncGenerator<LogPiece> {
  signal.throwIfAborted()
  const call = <T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => timed(signal, callTimeoutMs, run)
  const { Config } = await call((abortSignal) => docker.getContainer(id).inspect({ abortSignal }))
  const stream = await call((abortSignal) => openLogs(docker, id, options, abortSignal))
  const abort = (): void => void stream.destroy()
  signal.addEventListener('abort', abort, { once: true })
  // Destroying it may yet emit an error, of which we know the cause.
  stream.on('error', () => undefined)
  // With a terminal there is one stream, and no frames.
  const frames = Config.Tty ? null : newFrameSplitter()
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      if (frames === null) yield { stream: 'stdout', data: chunk }
      else yield* frames.push(chunk)
    }
    signal.throwIfAborted()
    if (frames?.whole === false) throw new Error('in the middle of a frame')
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof DeviceError) throw cause
    throw new DeviceError('unavailable', 'the engine broke off the log', cause)
  } finally {
    signal.removeEventListener('abort', abort)
    stream.destroy()
  }
}

/** The client's own call reads the whole log into memory where it is not followed; so the request is made by hand. */
function openLogs(docker: Docker, id: string, options: LogOptions, abortSignal: AbortSignal): Promise<Readable> {
  const request = {
    path: `/containers/${id}/logs?`,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    abortSignal,
    options: {
      stdout: true,
      stderr: true,
      follow: options.follow,
      timestamps: options.timestamps,
      tail: options.tail === undefined ? 'all' : String(options.tail),
      ...(options.sinceMs !== undefined && { since: (options.sinceMs / 1000).toFixed(3) }),
    },
  }
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, stream: unknown) => {
      if (error === null || error === undefined) resolve(stream as Readable)
      else reject(error as Error)
    })
  })
}
