import { must } from '../lib/assert.ts'
import { formatTime } from '../lib/rfc3339.ts'
import { applyDefaults } from '../objects/defaults.ts'
import type { Kind } from '../objects/kind.ts'
import { findKindByName } from '../objects/kinds.ts'
import { type Member, memberNode, nodeLabels } from '../objects/member.ts'
import { prepareCreate } from '../objects/prepare.ts'
import { reservationWrites } from '../objects/reserve.ts'
import type { JoinToken, KubeObject, Namespace } from '../objects/types.ts'
import type { Txn, Write } from '../store/types.ts'
import { apiService } from './apiservice.ts'
import { namespaceKind, nodeKind, putNew, serviceKind } from './objects.ts'

/** The node that founds a cluster, and its first member. */
export interface FoundingNode extends Member {
  readonly labels: Readonly<Record<string, string>>
  readonly zone?: string
}

/** The token by which the second node will join. */
export interface FoundingToken {
  readonly id: string
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string
  readonly expiresAtMs: number
}

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/** The first transaction of a cluster: all that must be there before anything else can be. `drawUid` draws a new uid each time. */
export function foundingTxn(node: FoundingNode, joinToken: FoundingToken, drawUid: () => string, nowMs: number): Txn {
  const token: JoinToken = {
    metadata: { name: joinToken.id },
    spec: { scope: 'full', secretHash: joinToken.secretHash, expiresAt: formatTime(joinToken.expiresAtMs) },
  }
  const objects: readonly (readonly [Kind, KubeObject])[] = [
    ...namespaces.map((name) => [namespaceKind, { metadata: { name } } satisfies Namespace] as const),
    [nodeKind, memberNode(node, nodeLabels(node))],
    [must(findKindByName('skein.dev/v1', 'JoinToken'), 'join tokens are served'), token],
    [serviceKind, apiService(Number(/:(\d+)$/.exec(node.apiAddress)?.[1] ?? 6443))],
  ]
  const nobodyYet = { get: () => undefined }
  return {
    writes: objects.flatMap(([kind, object]): Write[] => {
      const { namespace = '' } = object.metadata
      const birth = { nowMs, uid: drawUid(), namespace, nameSuffix: '' }
      const born = applyDefaults(kind, prepareCreate(kind, object, birth))
      return [putNew(kind, born), ...reservationWrites(kind, nobodyYet, born, null)]
    }),
  }
}
