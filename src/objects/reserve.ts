import type { Kind } from './kind.ts'
import type { KubeObject } from './value.ts'

/**
 * Reservations: exactness without locks. What can be held by one alone (an address, a port, a subnet) is a record under
 * its name, created in the same transaction as the object that holds it, with the condition that there is none yet, and
 * deleted with it. Two that want the same cannot both have it; and nothing is ever held by an object that is gone.
 */

/** The key of the record: `skein/reserved//ip-10.96.0.10`. */
export function reservationKey(name: string): string {
  return `${reservedPrefix}${name}`
}

/** Null: a key of something else. */
export function reservationName(key: string): string | null {
  return key.startsWith(reservedPrefix) ? key.slice(reservedPrefix.length) : null
}

const reservedPrefix = 'skein/reserved//'

/** As much of the store's writes as is needed here. */
export type ReservationWrite =
  | {
      readonly type: 'put'
      readonly key: string
      readonly expect: { readonly type: 'absent' }
      readonly value: Uint8Array
    }
  | {
      readonly type: 'delete'
      readonly key: string
      readonly expect: { readonly type: 'revision'; readonly revision: number }
    }

/** As much of the store's view. */
export interface ReservationView {
  get(key: string): { readonly revision: number } | undefined
}

/**
 * What must be written beside an object that comes (`previous` null), changes, or goes (`next` null): records for what
 * it holds from now on, and no more for what it no longer does. Empty for kinds that reserve nothing.
 */
export function reservationWrites(
  kind: Kind,
  view: ReservationView,
  next: KubeObject | null,
  previous: KubeObject | null,
): readonly ReservationWrite[] {
  const wanted = next === null ? [] : kind.reserves(next)
  const held = previous === null ? [] : kind.reserves(previous)
  const holder = (next ?? previous)?.metadata
  return [
    ...wanted
      .filter((name) => !held.includes(name))
      .map((name): ReservationWrite => {
        const value = recordOf(kind, name, holder?.namespace ?? '', holder?.name ?? '')
        return { type: 'put', key: reservationKey(name), expect: { type: 'absent' }, value }
      }),
    ...held
      .filter((name) => !wanted.includes(name))
      .flatMap((name): ReservationWrite[] => {
        const record = view.get(reservationKey(name))
        if (record === undefined) return []
        return [{ type: 'delete', key: reservationKey(name), expect: { type: 'revision', revision: record.revision } }]
      }),
  ]
}

const encoder = new TextEncoder()

/** Says who holds it, for whoever looks. */
function recordOf(kind: Kind, name: string, namespace: string, holder: string): Uint8Array {
  const record = { metadata: { name }, holder: { resource: kind.resource, namespace, name: holder } }
  return encoder.encode(JSON.stringify(record))
}
