import type { Clock, Engine, Files, Http, Log, Sockets } from '../host/host.ts'
import type { StoreView, StoreWriter } from '../store/types.ts'

/** What the runtime is given by `daemon.ts`. */
export interface RuntimeParts {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly engine: Engine
  readonly files: Files
  readonly http: Pick<Http, 'ask'>
  readonly sockets: Pick<Sockets, 'connectTcp'>
  readonly clock: Clock
  readonly log: Log
  readonly node: RuntimeNode
  readonly podNetwork: PodNetwork
  /** Resolves when no proxy of the cluster leads to this pod any more, or has had its time. Absent: nobody need be asked. */
  readonly withdraw?: (pod: { readonly uid: string; readonly address: string }, signal: AbortSignal) => Promise<void>
}

export interface RuntimeNode {
  readonly name: string
  readonly identity: string
  readonly labels: Readonly<Record<string, string>>
  readonly zone?: string
  readonly podsMax: number
  readonly clusterId: string
  /** `host:port`. */
  readonly apiAddress: string
  readonly gossipAddresses: readonly string[]
  readonly version: string
  readonly internalIp: string
}

/** How pods get their addresses. */
export interface PodNetwork {
  /** `own`: sandboxes begin without a network and are plumbed by `attach`. `engine`: they are on the engine's own, and have the address that it gives them. */
  readonly mode: 'own' | 'engine'
  /** Plumbs the network of a pod's sandbox, which is known by its first process. Doing it again is no error; the same pod has the same address again. */
  attach(
    pod: { readonly uid: string; readonly namespace: string; readonly name: string; readonly pid: number },
    signal: AbortSignal,
  ): Promise<{ readonly address: string }>
  /** What is not there is no error. */
  detach(uid: string): Promise<void>
  /** How pods of a namespace resolve names; null: as the host does. */
  dns(namespace: string): null | {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly string[]
  }
}

/** On the engine's own network there is nothing to plumb. */
export const engineNetwork: PodNetwork = {
  mode: 'engine',
  attach: () => Promise.reject(new Error('the engine has attached it')),
  detach: () => Promise.resolve(),
  dns: () => null,
}
