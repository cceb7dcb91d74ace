import type { Log, LogFields } from '../../../src/host/host.ts'
import type { SimProcess } from '../process.ts'
import type { World } from '../world.ts'

export type SimLogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface SimLogLine {
  readonly node: string
  readonly life: number
  readonly level: SimLogLevel
  readonly message: string
  readonly fields: LogFields
}

/** Every line goes into the trace and to the checkers. A dead process writes nothing. */
export function newSimLog(
  world: World,
  process: SimProcess,
  listener: (line: SimLogLine) => void,
  base: LogFields = {},
): Log {
  const write =
    (level: SimLogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (!process.alive) return
      const all = fields === undefined ? base : { ...base, ...fields }
      world.note(level, process.node, `${message} ${printed(all)}`)
      listener({ node: process.node, life: process.life, level, message, fields: all })
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => newSimLog(world, process, listener, { ...base, ...fields }),
  }
}

/** Fields as one line of JSON; errors by their name and message (a stack names files and lines: not for a trace). */
function printed(fields: LogFields): string {
  return JSON.stringify(fields, (_key, value: unknown) => {
    if (value instanceof Error) return `${value.name}: ${value.message}`
    if (typeof value === 'bigint') return String(value)
    if (value instanceof Uint8Array) return `${value.length} bytes`
    return value
  })
}
