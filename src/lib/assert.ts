/** Stops the daemon on a bug. On in production: a daemon that restarts is better than one that lies. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, which must be there; `why` says what makes it so. */
export function must<T>(value: T | null | undefined, why: string): T {
  if (value === null || value === undefined) throw new AssertionError(why)
  return value
}

/** Marks the branch that the types rule out. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}

/** A broken invariant: never caught to go on, only to log and exit. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}
