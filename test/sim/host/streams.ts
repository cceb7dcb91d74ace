import type { ByteStream, Identity } from '../../../src/host/host.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { Answer, SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import type { SimLinks } from './links.ts'
import { newSimPipe } from './pipe.ts'

export type SimAcceptor = (from: Identity, stream: ByteStream) => Promise<void>

/** One end of a connection, as far as streams care. */
export interface SimStreamEnd {
  readonly process: SimProcess
  readonly identity: Identity
  readonly acceptors: ReadonlyMap<string, SimAcceptor>
}

/** What carries the streams: while it is open they live, when it breaks they break. */
export interface SimStreamConnection {
  readonly state: string
  readonly broken: Set<() => void>
}

export interface SimStreamOpening {
  readonly connection: SimStreamConnection
  readonly from: SimStreamEnd
  readonly to: SimStreamEnd
  readonly protocol: string
  readonly answer: Answer<ByteStream>
  fail(why: string): void
}

/** Opens a stream on an open connection, as the links allow: it takes a way there and a way back. */
export function openSimStream(world: World, links: SimLinks, random: Random, opening: SimStreamOpening): void {
  const { connection, from, to, protocol, answer } = opening
  const carries = (one: string, another: string): boolean =>
    connection.state === 'open' && !links.isCut(one, another) && !links.isCut(another, one)
  const delayMs = (): number => links.delayMs(random)

  /** Over a cut link nothing comes, until the connection is given up. */
  const carry = (one: SimStreamEnd, another: SimStreamEnd, arrived: () => void): void => {
    world.after(delayMs(), () => carries(one.process.node, another.process.node) && arrived())
  }
  const gone = (): void => {
    connection.broken.delete(gone)
    opening.fail('the connection broke')
  }
  const refuse = (why: string): void =>
    carry(to, from, () => {
      connection.broken.delete(gone)
      opening.fail(why)
    })
  connection.broken.add(gone)
  carry(from, to, () => {
    if (random.next() < links.lossChance / 4) return refuse('reset')
    world.note('stream', to.process.node, `${protocol} from ${from.process.node}`)
    to.process.deliver(() => {
      const acceptor = to.acceptors.get(protocol)
      if (acceptor === undefined) return refuse('nobody takes such streams')
      const way = { delayMs, carries, breakChance: () => links.lossChance / 20, random: () => random.next() }
      const pipe = newSimPipe(world, way, [from.process, to.process])
      const breakOff = (): void => pipe.break('the connection broke')
      connection.broken.add(breakOff)
      pipe.onClosed(() => connection.broken.delete(breakOff))
      acceptor(from.identity, pipe.ends[1]).then(() => pipe.finish(1), pipe.ends[1].reset)
      carry(to, from, () => {
        connection.broken.delete(gone)
        if (answer.settled) pipe.ends[0].reset()
        else answer.resolve(0, pipe.ends[0])
      })
    })
  })
}
