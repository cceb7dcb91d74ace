/**
 * What a node knows about its cluster, as `GET /skein/v1/status` answers it and `skein status` prints it. Put together
 * from Raft's status and the Node objects of the node that was asked; it needs no quorum, so it can be stale, and says so.
 */
export interface ClusterStatus {
  /** Name of the node that answers. */
  readonly node: string
  readonly clusterId: string
  readonly version: string
  readonly raft: {
    readonly role: 'follower' | 'precandidate' | 'candidate' | 'leader'
    readonly term: number
    /** Identity; null while none is known. */
    readonly leader: string | null
    readonly commitIndex: number
    readonly appliedIndex: number
    /** Identities, sorted. During a change of voters: the new ones; `votersOutgoing` holds the old ones, else it is empty. */
    readonly voters: readonly string[]
    readonly votersOutgoing?: readonly string[]
    readonly learners: readonly string[]
    /** On the leader: the peers that it hears, itself included. Elsewhere empty. */
    readonly active: readonly string[]
  }
  readonly members: readonly ClusterMember[]
  /** The container engine of the node that answers, e.g. `docker://20.10.24`; empty while it does not answer. */
  readonly engine: string
  readonly quorum: {
    readonly voters: number
    /** How many voters more may fail before writes stop. 0 also when they have stopped. */
    readonly mayFail: number
  }
}

export interface ClusterMember {
  readonly identity: string
  readonly name: string
  /** What gossip says of it. `unknown`: nothing yet. */
  readonly state: 'alive' | 'suspect' | 'dead' | 'left' | 'unknown'
  /** `host:port` of its API. */
  readonly apiAddress: string
  /** `host:port` where its gossip listens. */
  readonly addresses: readonly string[]
  readonly voter: boolean
  readonly leader: boolean
  /** The Ready condition of its Node object. */
  readonly ready: boolean
}

/** `POST /skein/v1/join`: what a new node asks, with the secret of a join token. */
export interface JoinRequest {
  readonly tokenId: string
  readonly secret: string
  /** The name it wants: a DNS label. */
  readonly name: string
  readonly identity: string
  readonly addresses: readonly string[]
  readonly apiAddress: string
  readonly version: string
}

/** The answer: all that a node needs to take part. */
export interface JoinAnswer {
  readonly clusterId: string
  /** PEM. */
  readonly caCertificate: string
  /** PEM, PKCS#8. */
  readonly caKey: string
  readonly members: readonly {
    readonly identity: string
    readonly name: string
    readonly addresses: readonly string[]
    /** The revision of the store that says so: a newer one may say otherwise. */
    readonly asOf: number
  }[]
}
