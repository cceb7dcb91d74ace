/** Runs `callback` once after `ms`; the returned function cancels it. The form of `Clock.after`. */
export type After = (ms: number, callback: () => void) => () => void

/** Waits `ms`. Rejects with `signal.reason` when aborted. */
export function sleep(after: After, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const abort = (): void => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = after(ms, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}

/** A signal that aborts with its parent, and by itself when `abort` is called. `release` unhooks it from the parent. */
export function childSignal(parent: AbortSignal): { signal: AbortSignal; abort(reason: Error): void; release(): void } {
  const controller = new AbortController()
  const follow = (): void => controller.abort(parent.reason)
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener('abort', follow),
  }
}

/**
 * Runs the loops side by side until `signal` aborts or one of them ends. A loop that returns or throws ends all:
 * no loop dies unnoticed. Resolves on a clean abort, rejects with the first failure.
 */
export async function untilAborted(
  signal: AbortSignal,
  loops: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>,
): Promise<void> {
  const all = childSignal(signal)
  let failure: Error | null = null
  const fail = (error: Error): void => {
    if (failure === null && !signal.aborted) failure = error
    all.abort(error)
  }
  await Promise.all(
    Object.entries(loops).map(async ([name, run]) => {
      try {
        await run(all.signal)
        if (!all.signal.aborted) fail(new Error(`${name}: its loop ended`))
      } catch (cause) {
        if (all.signal.aborted) return
        fail(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }),
  )
  all.release()
  if (failure !== null) throw failure
}
