import { DeviceError, type LogPiece } from './host.ts'

/** Stream, three bytes of nothing, length of what follows. */
const headBytes = 8
/** By their number in the head; 0 would be what was typed. A fourth tells of a fault of the engine itself. */
const streams = ['stdout', 'stdout', 'stderr'] as const

/** Takes apart what a container without a terminal has printed: frames of the engine, cut anywhere. */
export interface FrameSplitter {
  /** What these bytes bring, in order; neighbours of one stream come as one piece. Throws `DeviceError` `unavailable` on bytes that are no frames. */
  push(chunk: Uint8Array): LogPiece[]
  /** No frame is incomplete. */
  readonly whole: boolean
}

export function newFrameSplitter(): FrameSplitter {
  const head = new Uint8Array(headBytes)
  let headFilled = 0
  let left = 0

  return {
    get whole() {
      return headFilled === 0 && left === 0
    },
    push(chunk) {
      const runs: { readonly stream: LogPiece['stream']; readonly parts: Uint8Array[] }[] = []
      let at = 0
      while (at < chunk.length) {
        if (headFilled < headBytes) {
          head[headFilled++] = chunk[at++] ?? 0
          if (headFilled < headBytes) continue
          left = new DataView(head.buffer).getUint32(4)
          if (left === 0) headFilled = 0
          continue
        }
        const part = chunk.subarray(at, at + left)
        const stream = streamOf(head)
        const run = runs.at(-1)
        if (run?.stream === stream) run.parts.push(part)
        else runs.push({ stream, parts: [part] })
        at += part.length
        left -= part.length
        if (left === 0) headFilled = 0
      }
      return runs.map(({ stream, parts }) => ({ stream, data: joined(parts) }))
    },
  }
}

function streamOf(head: Uint8Array): LogPiece['stream'] {
  const stream = streams[head[0] ?? 0]
  if (stream === undefined || head[1] !== 0) throw new DeviceError('unavailable', 'the engine sent no log, but a fault')
  return stream
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
