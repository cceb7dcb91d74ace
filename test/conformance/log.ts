import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/host/host.ts'

/** A line as a reader of the log finds it. */
export interface ReadLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** `make` gives a log and what has been written to it so far. */
export function logSuite(form: string, make: () => { readonly log: Log; lines(): readonly ReadLine[] }): void {
  describe(`log, ${form}`, () => {
    it('writes one line a call, in order, with level, message and fields', () => {
      const { log, lines } = make()
      log.debug('looked', { key: 'a' })
      log.info('began')
      log.warn('waited', { ms: 5, peers: ['n1', 'n2'] })
      log.error('ended', { code: 'failed' })
      expect(lines()).toEqual([
        { level: 'debug', message: 'looked', fields: { key: 'a' } },
        { level: 'info', message: 'began', fields: {} },
        { level: 'warn', message: 'waited', fields: { ms: 5, peers: ['n1', 'n2'] } },
        { level: 'error', message: 'ended', fields: { code: 'failed' } },
      ])
    })

    it('gives its children their fields on every line, and those of their parents', () => {
      const { log, lines } = make()
      const room = log.child({ room: 'raft' })
      room.child({ peer: 'n1' }).info('heard', { term: 3 })
      room.info('ticked')
      log.info('stood')
      expect(lines().map(({ fields }) => fields)).toEqual([{ room: 'raft', peer: 'n1', term: 3 }, { room: 'raft' }, {}])
    })

    it('takes what is hard to print without throwing', () => {
      const { log, lines } = make()
      log.error('failed', { error: new Error('why'), bytes: new Uint8Array(3), big: 5n, nothing: undefined })
      expect(lines().map(({ message }) => message)).toEqual(['failed'])
    })
  })
}
