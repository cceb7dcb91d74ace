import { destination, type Logger, pino } from 'pino'
import type { Log, LogFields } from './host.ts'
import { readableLine } from './logline.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'text' | 'json'

export interface LogOptions {
  readonly level: LogLevel
  /** `text`: one readable line each. `json`: one JSON object a line, for machines. */
  readonly format: LogFormat
  /** For `text` only: short local times and colours, for a person who watches. */
  readonly terminal: boolean
  readonly colours: boolean
}

/** What must never be written down, under whatever field it comes. */
const secretFields = ['secret', 'token', 'keyPem', 'caKey', '*.secret', '*.token', '*.keyPem', '*.caKey']

/** Writes to standard error, so that standard output is only what a command answers. Each line is out when the call returns. */
export function newLog(options: LogOptions): Log {
  const out = destination({ dest: 2, sync: true })
  // Whoever read the log has gone: there is nobody left to tell, and the daemon's work does not depend on it.
  out.on('error', () => undefined)
  const write = (line: string): void => {
    out.write(options.format === 'json' ? line : readableLine(line, options))
  }
  return overPino(pino({ level: options.level, base: null, redact: secretFields, serializers, ...names }, { write }))
}

const names = {
  messageKey: 'message',
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label }) },
}

const serializers = { error: errorText, cause: errorText }

function overPino(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields: LogFields) => overPino(logger.child(fields)),
  }
}

/** An error in one line, with what caused it. */
export function errorText(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const causes: string[] = []
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at.message)
  return causes.filter((message, i) => i === 0 || !causes[i - 1]?.includes(message)).join(': ')
}
