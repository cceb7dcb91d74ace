import type { HttpResponse } from '../host/host.ts'
import type { ClusterStatus } from '../objects/clusterstatus.ts'
import { textResponse } from './render.ts'

/** Alive: it answers. Ready: it can also read and write, for which it must know a leader. */
export function health(check: 'healthz' | 'livez' | 'readyz', status: ClusterStatus): HttpResponse {
  if (check === 'readyz' && status.raft.leader === null) {
    return textResponse(503, 'not ready: this node knows no leader\n')
  }
  return textResponse(200, 'ok')
}
