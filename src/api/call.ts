import type { HttpRequest } from '../host/host.ts'
import type { Kind } from '../objects/kind.ts'
import type { Form } from './negotiate.ts'

/** One request for a resource: the path resolved, the form chosen. */
export interface Call {
  readonly request: HttpRequest
  readonly kind: Kind
  /** Empty: cluster-scoped, or all namespaces. */
  readonly namespace: string
  /** Empty: the collection. */
  readonly name: string
  /** Empty, or `status`. */
  readonly subresource: string
  readonly query: URLSearchParams
  readonly form: Form
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}
