import { DeviceError, type Log, type LogFields } from '../host/host.ts'
import { InvalidTxnError, NoQuorumError, UnknownOutcomeError } from '../store/types.ts'

/** What is known to go wrong at the moment: each trouble is said once, and once more when it has passed. */
export interface Troubles {
  failed(topic: string, message: string, cause: Error, fields?: LogFields): void
  worked(topic: string, message: string, fields?: LogFields): void
  /** The topic is of no more interest. */
  forget(topic: string): void
}

export function newTroubles(log: Log): Troubles {
  const said = new Set<string>()
  return {
    failed(topic, message, cause, fields = {}) {
      if (said.has(topic)) return
      said.add(topic)
      log.warn(message, { ...fields, reason: cause.message })
    },
    worked(topic, message, fields = {}) {
      if (said.delete(topic)) log.info(message, fields)
    },
    forget: (topic) => void said.delete(topic),
  }
}

const delayMsMin = 500
const delayMsMax = 30_000

/** How long to wait before the next try of what has failed so often in a row. */
export function troubleDelayMs(tries: number): number {
  return Math.min(delayMsMin * 2 ** Math.min(tries - 1, 16), delayMsMax)
}

/**
 * A fault of the world, which passes; anything else is a bug. That an object has grown until its status no longer fits
 * is one as well: people did that, and may undo it.
 */
export function isFault(cause: unknown): cause is Error {
  const store = cause instanceof UnknownOutcomeError || cause instanceof NoQuorumError
  return store || cause instanceof DeviceError || cause instanceof InvalidTxnError
}

/** The engine answered, and will not do as it was asked; not that it did not answer. */
export function isRefusal(cause: unknown): cause is DeviceError {
  return cause instanceof DeviceError && cause.code !== 'unavailable'
}
