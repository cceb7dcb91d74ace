import type { ObjectType } from './schema.ts'

/** Type and version come first; they are no fields of the type. */
const HEAD = ['kind', 'apiVersion']

/**
 * The same object with its members in declared order and without undefined ones, so that objects that say the same have
 * the same bytes, however they were put together.
 */
export function inOrder<T extends object>(type: ObjectType, object: T): T {
  const members = object as { readonly [name: string]: unknown }
  const names = [...HEAD, ...type.fields.keys()].filter((name) => members[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, members[name]])) as T
}
