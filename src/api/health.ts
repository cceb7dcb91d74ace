import type { HttpResponse } from '../host/host.ts'
import { textResponse } from './render.ts'

/** Alive: it answers. Ready: it can also read and write, for which it must know a leader. */
export function health(check: 'healthz' | 'livez' | 'readyz', leader: string | null): HttpResponse {
  if (check === 'readyz' && leader === null) {
    return textResponse(503, 'not ready: this node knows no leader\n')
  }
  return textResponse(200, 'ok')
}
