import { CommandError, exitCodes } from './exit.ts'

/** What made a daemon end, for a person: a fault of the world by its code, anything else as the bug that it is. */
export function faultOf(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown }
  const text = typeof message === 'string' ? message : String(error)
  if (name === 'DeviceError') return deviceFault(String(code), text, error)
  const hint =
    'start it again; if it stops again, report this line with the log before it (--log-level debug says more)'
  return new CommandError(exitCodes.bug, `the daemon stopped rather than go on wrong: ${text}`, hint, error)
}

function deviceFault(code: string, text: string, error: unknown): CommandError {
  if (code === 'corrupt') {
    const hint = 'delete the node from the cluster, empty its data directory, and join again'
    return new CommandError(exitCodes.data, `damage was found: ${text}`, hint, error)
  }
  if (code === 'conflict' && /another daemon/.test(text)) {
    return new CommandError(exitCodes.data, text, 'one node runs once; stop the other first', error)
  }
  if (code === 'conflict') {
    const hint = 'see who has it (ss -ltnp), or choose another with --api-port or --gossip-port'
    return new CommandError(exitCodes.port, text, hint, error)
  }
  if (code === 'failed') {
    const hint = 'see whether the disk is full or failing (df, dmesg), then start the daemon again'
    return new CommandError(exitCodes.failed, text, hint, error)
  }
  return new CommandError(exitCodes.failed, text, 'start the daemon again', error)
}
