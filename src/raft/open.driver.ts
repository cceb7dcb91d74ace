import { type Database, DeviceError, type Log } from '../host/host.ts'
import { decodeHardState, decodeMark, MalformedError } from './codec.ts'
import type { HardState } from './entry.ts'
import type { RaftLog } from './log.ts'
import type { StateMachine } from './machine.ts'
import { entryKeys, installedBatch, keys, newLogBatch, newLogReader } from './storage.ts'
import type { Configuration } from './types.ts'

export interface LoadedLog {
  readonly hardState: HardState
  readonly log: RaftLog
}

/** Reads the log back, or begins one. Rejects `corrupt` when anything in it is damaged or missing. */
export async function loadLog(
  database: Database,
  founding: Configuration | null,
  machine: StateMachine,
  log: Log,
): Promise<LoadedLog> {
  try {
    await beginLog(database, founding, log)
    await finishInstall(database, machine, log)
    const loaded = await readLog(database, machine)
    const { commit, mark, lastIndex, configuration } = loaded.log
    const { term } = loaded.hardState
    log.info('log opened', {
      term,
      first: mark.index + 1,
      last: lastIndex,
      commit,
      applied: machine.durable.index,
      configuration,
    })
    return loaded
  } catch (cause) {
    if (cause instanceof MalformedError) throw new DeviceError('corrupt', `the log is damaged: ${cause.message}`, cause)
    throw cause
  }
}

async function beginLog(database: Database, founding: Configuration | null, log: Log): Promise<void> {
  const [state, mark] = [await database.get(keys.state), await database.get(keys.mark)]
  const [entry] = await database.scan({ gte: entryKeys.first, lt: entryKeys.end, limit: 1 })
  if (state === undefined && mark === undefined && entry === undefined) {
    log.info(founding === null ? 'a log begins, waiting for a leader' : 'a log begins, founding a cluster', {
      founding,
    })
    await database.write(newLogBatch(founding), { sync: true })
    return
  }
  if (state === undefined || mark === undefined) throw new MalformedError('its beginning is missing')
}

/** A crash between the state machine's taking over a snapshot and the cut of the log: cut now. */
async function finishInstall(database: Database, machine: StateMachine, log: Log): Promise<void> {
  const record = await database.get(keys.installing)
  if (record === undefined) return
  const mark = decodeMark(keys.installing, record)
  if (machine.durable.index !== mark.index) {
    await database.write([{ type: 'delete', key: keys.installing }], { sync: true })
    return
  }
  log.info('snapshot was installed before a crash', { index: mark.index, term: mark.term })
  const stored = await database.get(keys.state)
  if (stored === undefined) throw new MalformedError('its state is missing')
  const deletes: { readonly type: 'delete'; readonly key: string }[] = []
  for (let gte: string = entryKeys.first; ; ) {
    const page = await database.scan({ gte, lt: entryKeys.end, limit: pageEntries })
    for (const [key] of page) deletes.push({ type: 'delete', key })
    const last = page.at(-1)
    if (last === undefined || page.length < pageEntries) break
    gte = `${last[0]}\0`
  }
  await database.write([...installedBatch(mark), ...deletes], { sync: true })
}

async function readLog(database: Database, machine: StateMachine): Promise<LoadedLog> {
  const [state, mark] = [await database.get(keys.state), await database.get(keys.mark)]
  if (state === undefined || mark === undefined) throw new MalformedError('its beginning is missing')
  const hardState = decodeHardState(keys.state, state)
  const reader = newLogReader(decodeMark(keys.mark, mark))
  for (let gte: string = entryKeys.first; ; ) {
    const page = await database.scan({ gte, lt: entryKeys.end, limit: pageEntries })
    for (const [key, record] of page) reader.take(key, record)
    const last = page.at(-1)
    if (last === undefined || page.length < pageEntries) break
    gte = `${last[0]}\0`
  }
  return { hardState, log: reader.finish(hardState, machine.durable) }
}

const pageEntries = 1_000
