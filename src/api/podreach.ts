import type { Identity, Network } from '../host/host.ts'
import {
  type AccessAnswer,
  accessProtocol,
  decodeAccessAnswer,
  encodeAccess,
  grantedProtocol,
  type PodAccess,
} from '../objects/podaccess.ts'

/** The way into the pods of any node, with a grant of that node. Faults of the way reject with `DeviceError`. */
export interface PodReach {
  ask(node: Identity, access: PodAccess, signal: AbortSignal): Promise<AccessAnswer>
  /**
   * Shows the grant. What then comes in ends when the node has sent all, and throws when it broke off. Whoever does not
   * read on holds the node up; when the signal aborts the node stops.
   */
  open(node: Identity, grant: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** This node's own pods, without the network in between. */
export interface OwnPods {
  ask(from: Identity, access: PodAccess, signal: AbortSignal): Promise<AccessAnswer>
  read(from: Identity, grant: string, signal: AbortSignal): AsyncIterable<Uint8Array>
}

export function newPodReach(network: Network, own: OwnPods): PodReach {
  const { identity } = network
  return {
    async ask(node, access, signal) {
      if (node === identity) return await own.ask(identity, access, signal)
      return decodeAccessAnswer(await network.ask(node, accessProtocol, encodeAccess(access), signal))
    },
    async open(node, grant, signal) {
      if (node === identity) return own.read(identity, grant, signal)
      const stream = await network.open(node, grantedProtocol, signal)
      // From now on, not from the first read: a client may go before it has read anything.
      signal.addEventListener('abort', stream.reset, { once: true })
      await stream.send(new TextEncoder().encode(grant))
      return received()

      async function* received(): AsyncGenerator<Uint8Array> {
        let whole = false
        try {
          yield* stream.received
          whole = true
        } finally {
          signal.removeEventListener('abort', stream.reset)
          if (whole) stream.end()
          else stream.reset()
        }
      }
    },
  }
}
