import { DeviceError, type LogOptions, type LogPiece } from '../../../src/host/host.ts'
import { type Answer, deviceCall, type SimProcess } from '../process.ts'

/** What one container has printed, and who is reading along. The engine keeps it until the container is removed. */
export interface SimLogBook {
  print(stream: LogPiece['stream'], text: string): void
  /** The container runs again: who follows from now on waits for more. */
  begin(): void
  /** The container has ended, or is gone: who follows has read all. */
  end(): void
  /** The engine breaks off whoever reads. */
  breakOff(): void
  read(process: SimProcess, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogPiece>
}

interface Line {
  readonly atMs: number
  readonly stream: LogPiece['stream']
  readonly text: string
}

const linesMax = 10_000
const linesPerPiece = 100

/** `wallMs`: what the engine's clock says. `slowness` as of all its calls. */
export function newSimLogBook(wallMs: () => number, slowness: () => number): SimLogBook {
  const lines: Line[] = []
  let dropped = 0
  let running = false
  const readers = new Set<{ readonly look: () => void; readonly fail: () => void }>()
  const lookAll = (): void => {
    for (const { look } of [...readers]) look()
  }

  /** The number of the first line that was asked for. */
  function first({ tail, sinceMs }: LogOptions): number {
    const from = tail === undefined ? 0 : Math.max(0, lines.length - tail)
    const recent = sinceMs === undefined ? 0 : lines.findIndex(({ atMs }) => atMs >= sinceMs)
    return dropped + (recent < 0 ? lines.length : Math.max(from, recent))
  }

  /** The next lines of one stream from this number on. */
  function piece(from: number, timestamps: boolean): { readonly piece: LogPiece; readonly next: number } | null {
    const at = Math.max(0, from - dropped)
    const head = lines[at]
    if (head === undefined) return null
    let end = at
    while (end < lines.length && end - at < linesPerPiece && lines[end]?.stream === head.stream) end++
    const text = lines.slice(at, end).map((line) => (timestamps ? `${stampOf(line.atMs)} ` : '') + line.text)
    return { piece: { stream: head.stream, data: new TextEncoder().encode(text.join('')) }, next: dropped + end }
  }

  /** Answers with the next piece once there is one, or null when none will come. */
  function next(process: SimProcess, from: number, options: LogOptions, signal: AbortSignal) {
    type Found = ReturnType<typeof piece>
    return deviceCall<Found>(process, signal, (answer: Answer<Found>) => {
      const settle = (resolve: () => void): void => {
        readers.delete(reader)
        resolve()
      }
      const look = (): void => {
        if (answer.settled || !process.alive) return void readers.delete(reader)
        const found = piece(from, options.timestamps)
        if (found === null && options.follow && running) return
        settle(() => answer.resolve(0.2 * slowness(), found))
      }
      const fail = (): void => settle(() => answer.reject(0.2, new DeviceError('unavailable', 'the engine broke off')))
      const reader = { look, fail }
      readers.add(reader)
      look()
    })
  }

  return {
    print(stream, text) {
      lines.push({ atMs: wallMs(), stream, text })
      if (lines.length > linesMax) {
        lines.shift()
        dropped++
      }
      lookAll()
    },
    begin() {
      running = true
    },
    end() {
      running = false
      lookAll()
    },
    breakOff() {
      for (const { fail } of [...readers]) fail()
    },
    async *read(process, options, signal) {
      let at = first(options)
      for (;;) {
        const found = await next(process, at, options, signal)
        if (found === null) return
        at = found.next
        yield found.piece
      }
    },
  }
}

/** As the engine writes it: nanoseconds. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z')
}
