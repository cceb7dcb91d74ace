import type { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { timed } from './dockercalls.io.ts'
import { DeviceError } from './host.ts'

interface Run {
  readonly command: readonly string[]
  readonly outputBytesMax: number
  readonly callTimeoutMs: number
}

/** Runs a command in a container (`docker exec`), to its end, which may take as long as it likes. */
export async function runCommand(
  container: Docker.Container,
  { command, outputBytesMax, callTimeoutMs }: Run,
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  const call = <T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => timed(signal, callTimeoutMs, run)
  const asked = { Cmd: [...command], AttachStdout: true, AttachStderr: true }
  const exec = await call((abortSignal) => container.exec({ ...asked, abortSignal }))
  const stream = await call((abortSignal) => exec.start({ hijack: true, stdin: false, abortSignal } as object))
  const output = await outputOf(stream, outputBytesMax, signal)
  const { ExitCode } = await call((abortSignal) => exec.inspect({ abortSignal }))
  // The engine says so in the place of the command's output, and answers as if it had run.
  if ((ExitCode === 126 || ExitCode === 127) && output.startsWith(couldNotRun)) {
    throw new DeviceError('invalid', output.trim())
  }
  return { exitCode: ExitCode ?? unknownExitCode, output }
}

const couldNotRun = 'OCI runtime exec failed'
const unknownExitCode = 137

/** Everything that was printed, without the heads of its frames: 8 bytes, the last four of them the length. */
function outputOf(stream: Duplex, bytesMax: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const kept: Buffer[] = []
    let room = bytesMax
    let head = Buffer.alloc(0)
    let left = 0
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort)
      stream.removeAllListeners()
      stream.on('error', () => undefined)
      stream.destroy()
      settle()
    }
    const abort = (): void => end(() => reject(signal.reason as Error))
    const take = (chunk: Buffer): void => {
      let rest = chunk
      while (rest.length > 0) {
        if (left === 0) {
          const needed = frameHeadBytes - head.length
          head = Buffer.concat([head, rest.subarray(0, needed)])
          rest = rest.subarray(needed)
          if (head.length < frameHeadBytes) return
          left = head.readUInt32BE(4)
          head = Buffer.alloc(0)
          continue
        }
        const piece = rest.subarray(0, left)
        if (room > 0) kept.push(piece.subarray(0, room))
        room = Math.max(0, room - piece.length)
        left -= piece.length
        rest = rest.subarray(piece.length)
      }
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    stream.on('data', take)
    stream.on('end', () => end(() => resolve(Buffer.concat(kept).toString('utf8'))))
    stream.on('error', (cause) =>
      end(() => reject(new DeviceError('unavailable', 'the engine broke off the output of a command', cause))),
    )
  })
}

const frameHeadBytes = 8
