import type { Clock, Entropy, Http, Log, Network } from '../host/host.ts'
import type { ClusterStatus } from '../objects/clusterstatus.ts'
import type { StoreView, StoreWriter } from '../store/types.ts'
import { bodyBytesMax } from './body.ts'
import { newObjectCache } from './cache.ts'
import { newHandler } from './handle.ts'
import { newJoin } from './join.ts'
import { newPodReach, type OwnPods } from './podreach.ts'
import type { ApiConfig, World } from './world.ts'

/** kubectl and other clients <-> store. */
export interface ApiParts {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly http: Http
  readonly network: Network
  /** The pods of this node. */
  readonly pods: OwnPods
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Log
  readonly config: ApiConfig
  readonly clusterStatus: () => ClusterStatus
  /** The leader's identity, as far as this node knows; null while it knows none. Asked at every write. */
  readonly leader: () => string | null
  /** Of the cluster's authority; the key goes to nodes that join. PEM. */
  readonly ca: { readonly certificatePem: string; readonly keyPem: string }
}

const parsedObjectsMax = 4_096

/** Serves until the signal aborts. Rejects with `DeviceError` `conflict` when the port is taken. */
export async function driveApi(parts: ApiParts, signal: AbortSignal): Promise<void> {
  const { http, log, config } = parts
  const reach = newPodReach(parts.network, parts.pods)
  const world: World = { ...parts, reach, objects: newObjectCache(parsedObjectsMax) }
  const { address } = config
  const { port } = await http.serve(
    { address, port: config.port, bodyBytesMax },
    newHandler(world, newJoin(world)),
    signal,
  )
  log.info('api listens', { address, port })
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
