import { randomBytes } from 'node:crypto'
import { decodeHearsay, encodeHearsay, hearsayTopic } from './hearsay.ts'
import type { Identity, Log } from './host.ts'
import type { P2pPubsub } from './p2p.io.ts'

/** The broadcasts of a network, over gossipsub. It may lose them under load: what must arrive goes another way. */
export interface Hearsay {
  broadcast(payload: Uint8Array): void
  hear(receiver: (from: Identity, payload: Uint8Array) => void): void
}

export function newHearsay(
  pubsub: P2pPubsub,
  self: Identity,
  admitted: (peer: Identity) => boolean,
  log: Log,
): Hearsay {
  const receivers: ((from: Identity, payload: Uint8Array) => void)[] = []

  pubsub.addEventListener('message', ({ detail }) => {
    if (detail.topic !== hearsayTopic) return
    const message = decodeHearsay(detail.data)
    if (message === null || message.from === self || !admitted(message.from)) return
    for (const receiver of receivers) receiver(message.from, message.payload)
  })
  return {
    broadcast(payload) {
      pubsub.publish(hearsayTopic, encodeHearsay(randomBytes(16), self, payload)).catch((cause: unknown) => {
        log.debug('broadcast failed', { error: String(cause) })
      })
    },
    hear(receiver) {
      receivers.push(receiver)
    },
  }
}
