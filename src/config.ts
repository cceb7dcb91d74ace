/**
 * What a daemon is told when it starts: everything that is decided before it, nothing that it can learn. Put together
 * by the command from its data directory, its config file and its flags; checked there, frozen here, and trusted inside.
 */
export interface Config {
  readonly version: string
  readonly cluster: {
    readonly id: string
  }
  readonly node: {
    /** What people see: a DNS label, unique in the cluster. */
    readonly name: string
    /** The text of its PeerId. */
    readonly identity: string
    readonly labels: Readonly<Record<string, string>>
    /** `topology.kubernetes.io/zone`, when it is known. */
    readonly zone?: string
    readonly podsMax: number
  }
  /** What the node that founded the cluster writes first, while its log is still empty. Null on nodes that joined. */
  readonly founding: null | {
    readonly joinToken: FoundingToken
  }
  readonly api: ListenConfig
  readonly gossip: ListenConfig & { readonly preset: GossipPreset }
  readonly raft: RaftConfig
  /** Members known from the join answer: whom to speak with until the own store knows as much. */
  readonly peers: readonly PeerConfig[]
  readonly ca: KeyPair
}

export interface ListenConfig {
  /** The address to listen on; `0.0.0.0` is every one. */
  readonly address: string
  readonly port: number
  /** `host:port` at which others reach it. */
  readonly advertise: string
}

export interface FoundingToken {
  readonly id: string
  /** SHA-256 of the secret, hex. The secret itself is in the text that the founder printed, and nowhere in the store. */
  readonly secretHash: string
  readonly expiresAtMs: number
}

export type GossipPreset = 'lan' | 'wan' | 'local'

/** What differs from Raft's own defaults (`raft/options.ts`, each number with its reason); mostly nothing. */
export interface RaftConfig {
  readonly tickMs?: number
  readonly heartbeatTicks?: number
  readonly electionTicks?: number
  readonly logEntriesKept?: number
  readonly compactEntries?: number
  readonly snapshotSliceBytes?: number
  readonly messageEntriesMax?: number
  readonly inflightMessagesMax?: number
  readonly applyEntriesMax?: number
}

export interface PeerConfig {
  readonly identity: string
  readonly name: string
  /** `host:port` each. */
  readonly addresses: readonly string[]
  /** The revision of the store of the member that named it; absent: not known. */
  readonly asOf?: number
}

/** A certificate and its key. Both PEM; the key is PKCS#8. */
export interface KeyPair {
  readonly certificatePem: string
  readonly keyPem: string
}

/** What a node keeps of itself in `node.json` of its data directory. */
export interface NodeRecord {
  readonly format: number
  readonly phase: 'beginning' | 'ready'
  readonly clusterId: string
  /** SHA-256 of the authority's certificate, hex. */
  readonly caSha256: string
  readonly identity: string
  /** The token that was printed when this node founded the cluster; null on nodes that joined. */
  readonly founding: FoundingToken | null
  /** Whether log and state have been opened once: from then on they must be there. */
  readonly databasesMade: boolean
  readonly settings: NodeSettings
}

/** What a node was told when it was made, so that it need not be told again. */
export interface NodeSettings {
  readonly name: string
  readonly apiPort: number
  readonly gossipPort: number
  /** The address at which others reach this node, without a port. */
  readonly advertise: string
  /** Found out by the node itself: found out anew when the machine no longer has it. */
  readonly advertiseFound: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly zone?: string
}

/** Everything that a node keeps outside its databases. */
export interface DataDirContents {
  readonly record: NodeRecord
  readonly ca: KeyPair
  /** The text of the token that the founder printed. */
  readonly joinToken: string | null
  readonly peers: readonly PeerConfig[]
}

/** What a data directory turned out to be. */
export type OpenedDataDir = { readonly type: 'new' } | ({ readonly type: 'node' } & DataDirContents) | DataDirFault

export interface DataDirFault {
  readonly type: 'fault'
  readonly fault: 'unreadable' | 'foreign' | 'newer' | 'emptied' | 'damaged' | 'in-use'
  readonly reason: string
  /** What to do next. */
  readonly hint: string
}

/** As Kubernetes' kubelet has it. */
export const podsMaxDefault = 110

/** The same value, and nothing below it can be changed any more. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}
