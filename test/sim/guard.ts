/**
 * Stops what must not happen in a simulated world: asking the real world for time, chance or the network. Only for a
 * process that does nothing else. The devices' twins hold no such call, so a throw here names a daemon's own.
 */
export function guardRealWorld(): void {
  const refuse = (name: string) => (): never => {
    throw new Error(`${name} was called inside the simulated world`)
  }
  Math.random = refuse('Math.random')
  Date.now = refuse('Date.now')
  performance.now = refuse('performance.now')
  Object.assign(globalThis, {
    setTimeout: refuse('setTimeout'),
    setInterval: refuse('setInterval'),
    fetch: refuse('fetch'),
    Date: guardedDate(),
  })
  for (const name of ['getRandomValues', 'randomUUID'] as const) {
    Object.defineProperty(globalThis.crypto, name, { value: refuse(`crypto.${name}`) })
  }
  for (const name of ['sign', 'verify', 'digest', 'generateKey', 'importKey', 'encrypt', 'decrypt'] as const) {
    Object.defineProperty(globalThis.crypto.subtle, name, { value: refuse(`crypto.subtle.${name}`) })
  }
}

/** A Date that tells of given moments, not of now. */
function guardedDate(): DateConstructor {
  return new Proxy(Date, {
    apply() {
      throw new Error('Date() was called inside the simulated world')
    },
    construct(target, args: number[]) {
      if (args.length === 0) throw new Error('new Date() was called inside the simulated world')
      return Reflect.construct(target, args) as Date
    },
  })
}
