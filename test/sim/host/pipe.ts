import { type ByteStream, DeviceError } from '../../../src/host/host.ts'
import { assert } from '../../../src/lib/assert.ts'
import { type Answer, deviceCall, type SimProcess } from '../process.ts'
import type { World } from '../world.ts'

/** The way between the two ends of a pipe. */
export interface SimWay {
  /** How long the next bytes take. */
  delayMs(): number
  /** Whether anything gets through now, from one node to another. */
  carries(fromNode: string, toNode: string): boolean
  /** Chance that a chunk breaks the pipe. */
  breakChance(): number
  random(): number
}

/** A stream of bytes and its two ends; each belongs to a process. */
export interface SimPipe {
  readonly ends: readonly [ByteStream, ByteStream]
  /** Breaks it off: both ends hear of it when the news has come to them. */
  break(why: string): void
  /** An end is done with it: ends its side and drops what still comes. */
  finish(end: 0 | 1): void
  readonly broken: boolean
  onClosed(listener: () => void): void
}

type Item = Uint8Array | 'end'

/** One direction. Bytes that nobody has taken yet are outstanding; there are at most a window of them. */
interface Half {
  readonly from: SimProcess
  readonly to: SimProcess
  /** Arrived, not taken. */
  readonly queue: Uint8Array[]
  /** On a way that carried nothing when they would have arrived. */
  held: (() => void)[]
  readonly senders: Answer<void>[]
  reader: Answer<IteratorResult<Uint8Array>> | null
  outstandingBytes: number
  arrivalMs: number
  /** `end` was called; it has arrived; what comes is dropped; the end that sends, or receives, has broken it off. */
  ended: boolean
  endArrived: boolean
  dropping: boolean
}

const windowBytes = 256 * 1024
const retransmitMs = 300
const lingerMs = 10_000

export function newSimPipe(world: World, way: SimWay, [a, b]: readonly [SimProcess, SimProcess]): SimPipe {
  const halves = [newHalf(a, b), newHalf(b, a)] as const
  const broken: [string | null, string | null] = [null, null]
  const listeners: (() => void)[] = []
  let told = false

  /** In order, after the way there; what meets a way that carries nothing is sent again until it does. */
  function travel(half: Half, arrive: () => void): void {
    half.arrivalMs = Math.max(half.arrivalMs + 0.001, world.nowMs + way.delayMs())
    world.after(half.arrivalMs - world.nowMs, () => {
      if (half.held.length === 0 && way.carries(half.from.node, half.to.node)) return arrive()
      half.held.push(arrive)
      if (half.held.length === 1) world.after(retransmitMs, () => resend(half))
    })
  }

  function resend(half: Half): void {
    if (dead()) return
    if (!way.carries(half.from.node, half.to.node)) return void world.after(retransmitMs, () => resend(half))
    const arrived = half.held
    half.held = []
    for (const arrive of arrived) arrive()
  }

  function dead(): boolean {
    return broken[0] !== null && broken[1] !== null
  }

  /** This end knows that the pipe is broken. */
  function breakEnd(end: 0 | 1, why: string): void {
    if (broken[end] !== null) return
    broken[end] = why
    const [outward, inward] = [halves[end], halves[1 - end] as Half]
    for (const answer of outward.senders.splice(0)) answer.reject(0, gone(why))
    inward.reader?.reject(0, gone(why))
    inward.reader = null
    inward.queue.length = 0
    closed()
  }

  /** Once it is broken on both sides, or has ended both ways and all is taken. */
  function closed(): void {
    const done = halves.every((half) => half.endArrived && half.queue.length === 0)
    if (told || !(dead() || done)) return
    told = true
    for (const listener of listeners) listener()
  }

  function breakOff(why: string): void {
    for (const end of [0, 1] as const) world.after(way.delayMs(), () => breakEnd(end, why))
  }

  function reset(end: 0 | 1): void {
    if (told) return
    breakEnd(end, 'reset')
    travel(halves[end], () => breakEnd((1 - end) as 0 | 1, 'the other side broke it off'))
  }

  function arrived(half: Half, item: Item): void {
    const end = half === halves[0] ? 1 : 0
    if (broken[end] !== null) return
    if (item === 'end') half.endArrived = true
    else half.queue.push(item)
    if (half.dropping) drop(half)
    const { reader } = half
    if (reader !== null) {
      half.reader = null
      serve(half, reader)
    }
    closed()
  }

  function serve(half: Half, reader: Answer<IteratorResult<Uint8Array>>): void {
    const chunk = take(half)
    if (chunk !== undefined) reader.resolve(0, { done: false, value: chunk })
    else if (half.endArrived) reader.resolve(0, { done: true, value: undefined })
    else half.reader = reader
  }

  /** What is taken makes room, of which the sender hears after the way back. */
  function take(half: Half): Uint8Array | undefined {
    const chunk = half.queue.shift()
    if (chunk === undefined) return undefined
    const back = half === halves[0] ? halves[1] : halves[0]
    travel(back, () => {
      half.outstandingBytes -= chunk.length
      if (half.outstandingBytes < windowBytes) for (const answer of half.senders.splice(0)) answer.resolve(0, undefined)
    })
    closed()
    return chunk
  }

  function drop(half: Half): void {
    while (half.queue.length > 0) take(half)
  }

  function endOf(end: 0 | 1): ByteStream {
    const outward = halves[end]
    const inward = halves[1 - end] as Half
    let reading = false
    const finish = (): void => {
      if (outward.ended || broken[end] !== null) return
      outward.ended = true
      travel(outward, () => arrived(outward, 'end'))
    }
    return {
      send: (chunk) =>
        deviceCall(outward.from, null, (answer) => {
          const why = broken[end]
          if (why !== null || outward.ended) return answer.reject(0.01, gone(why ?? 'ended'))
          const copy = chunk.slice()
          outward.outstandingBytes += copy.length
          travel(outward, () => arrived(outward, copy))
          if (way.random() < way.breakChance()) breakOff('broken off on the way')
          if (outward.outstandingBytes < windowBytes) answer.resolve(0.01, undefined)
          else outward.senders.push(answer)
        }),
      end: finish,
      received: {
        [Symbol.asyncIterator]() {
          assert(!reading, 'a stream has one reader')
          reading = true
          return {
            next: () =>
              deviceCall(inward.to, null, (answer) => {
                const why = broken[end]
                if (why !== null) answer.reject(0.01, gone(why))
                else serve(inward, answer)
              }),
          }
        },
      },
      reset: () => reset(end),
    }
  }

  const ends = [endOf(0), endOf(1)] as const
  return {
    ends,
    break: breakOff,
    finish(end) {
      const inward = halves[1 - end] as Half
      ends[end].end()
      inward.dropping = true
      drop(inward)
      world.after(lingerMs, () => reset(end))
    },
    get broken() {
      return told
    },
    onClosed: (listener) => void listeners.push(listener),
  }
}

function newHalf(from: SimProcess, to: SimProcess): Half {
  return {
    from,
    to,
    queue: [],
    held: [],
    senders: [],
    reader: null,
    outstandingBytes: 0,
    arrivalMs: 0,
    ended: false,
    endArrived: false,
    dropping: false,
  }
}

function gone(why: string): DeviceError {
  return new DeviceError('unavailable', `the stream broke: ${why}`)
}
