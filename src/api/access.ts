import { adminGroup } from '../auth/ca.ts'
import type { ClientIdentity } from '../host/host.ts'
import type { Kind } from '../objects/kind.ts'
import { forbidden, unauthorized } from './status.ts'

/** What somebody wants to do, as permissions name it. */
export type Attempt =
  | {
      readonly type: 'resource'
      readonly verb: Verb
      readonly kind: Kind
      readonly namespace: string
      readonly name: string
      readonly subresource: string
    }
  | { readonly type: 'path'; readonly verb: string; readonly path: string }

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/**
 * Who may do what. In this version a client certificate of the cluster's authority with the group of administrators
 * may do everything, and nobody else anything: throws 401 or 403. What is open to all never comes here.
 */
export function authorize(client: ClientIdentity | undefined, attempt: Attempt): void {
  if (client === undefined) throw unauthorized()
  if (client.groups.includes(adminGroup)) return
  const user = JSON.stringify(client.user)
  if (attempt.type === 'path') throw forbidden(null, '', `User ${user} cannot ${attempt.verb} path "${attempt.path}"`)
  const { kind, verb, namespace, name, subresource } = attempt
  const resource = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const what = `cannot ${verb} resource "${resource}" in API group "${kind.group}" ${where}`
  throw forbidden(kind, name, `User ${user} ${what}`)
}
