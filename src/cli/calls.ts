import { CommandError, exitCodes } from './exit.ts'
import type { ApiAnswer } from './world.ts'

/** Why a call brought no answer. `untrusted`: somebody answered, but not whom we were told to trust. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly why: 'unreachable' | 'untrusted' | 'not-tls'
  constructor(why: CallError['why'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.why = why
  }
}

/** For a person. `whom`: what was expected there. */
export function callError(error: unknown, where: string, whom: string): unknown {
  if (!(error instanceof CallError)) return error
  const { why, message } = error
  if (why === 'untrusted') {
    const hint = 'check the address; if it is right, somebody else answers there: send no token'
    return new CommandError(exitCodes.untrusted, `${where} is not ${whom}: ${message}`, hint, error)
  }
  if (why === 'not-tls') {
    const hint = 'give the port of the API (6443 unless told otherwise), not that of gossip'
    return new CommandError(exitCodes.unreachable, `no API of skein at ${where}: ${message}`, hint, error)
  }
  const hint = 'check the address, that a daemon runs there, and that no firewall stands between'
  return new CommandError(exitCodes.unreachable, `nobody answers at ${where}: ${message}`, hint, error)
}

/** What a Kubernetes Status says of itself; the bare status code when the body is none. */
export function refusal({ status, body }: ApiAnswer): { readonly reason: string; readonly message: string } {
  const { reason, message } = (body ?? {}) as { reason?: unknown; message?: unknown }
  return {
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' && message !== '' ? message : `HTTP status ${status}`,
  }
}
