import './polyfill.io.ts'

import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { broadcastBytesMax, hearsayId, hearsayTopic } from './hearsay.ts'
import type { Identity } from './host.ts'
import type { PrivateKey } from './identity.io.ts'

export type P2pNode = Awaited<ReturnType<typeof createNode>>
export type P2pConnection = Awaited<ReturnType<P2pNode['dial']>>
export type P2pStream = Awaited<ReturnType<P2pConnection['newStream']>>
export type P2pPubsub = P2pNode['services']['pubsub']

/** One address; a peer with several gets this for each, and `dialMs` for all. */
const dialAddressMs = 2_000
export const dialMs = 5_000

/**
 * libp2p, put together so that none of its defaults works against a cluster. Not started yet.
 * `listen` is a multiaddr; `admitted` is asked for every peer that is dialled or has proved its identity.
 */
export function createNode(privateKey: PrivateKey, listen: string, admitted: (peer: Identity) => boolean) {
  const denied = (peer: { toString(): string }): boolean => !admitted(peer.toString())
  return createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [listen] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    // The window stays below what a paused stream may buffer, else pausing one resets it.
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 1 << 20 } })],
    connectionManager: {
      maxConnections: 10_000,
      // The default allows a host five new connections a second; a restarted cluster on one machine makes more.
      inboundConnectionThreshold: 1_000,
      maxIncomingPendingConnections: 100,
      addressDialTimeout: dialAddressMs,
      inboundUpgradeTimeout: dialMs,
    },
    // It would close healthy connections after a stall of our own. Gossip decides who lives.
    connectionMonitor: { enabled: false },
    connectionGater: {
      denyDialPeer: denied,
      denyInboundEncryptedConnection: denied,
      denyOutboundEncryptedConnection: denied,
    },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        allowedTopics: [hearsayTopic],
        allowPublishToZeroTopicPeers: true,
        globalSignaturePolicy: 'StrictNoSign',
        msgIdFn: ({ data }) => hearsayId(data),
        // Scores punish peers for sharing an address, as daemons on one machine or behind one NAT do.
        scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
        maxInboundDataLength: 4 * broadcastBytesMax,
        maxOutboundBufferSize: 4 * 1024 * 1024,
      }),
    },
  })
}
