import { describe, expect, it } from 'vitest'
import type { ApiObject, WatchEvent } from './client.ts'
import { newHistory } from './history.ts'
import { newLogChecker } from './logchecker.ts'
import { newWatchChecker } from './watches.ts'
import { newWorld } from './world.ts'

describe('the checker of logs', () => {
  const run = (...lines: readonly (readonly [node: string, life: number, message: string, fields: object])[]) => {
    const checker = newLogChecker()
    for (const [node, life, message, fields] of lines) {
      checker.line({ node, life, level: 'debug', message, fields: { ...fields } })
    }
    return checker
  }

  it('lets pass what may be', () => {
    const checker = run(
      ['n1', 1, 'voted', { term: 2, for: 'a' }],
      ['n1', 2, 'voted', { term: 2, for: 'a' }],
      ['n1', 1, 'became leader', { term: 2 }],
      ['n2', 1, 'became leader', { term: 3 }],
      ['n1', 1, 'committed', { index: 5 }],
      ['n1', 2, 'committed', { index: 3 }],
      ['n1', 1, 'applied', { index: 5, hash: 'x' }],
      ['n2', 1, 'installed', { index: 5, hash: 'x' }],
    )
    expect(checker.leader).toEqual({ node: 'n2', term: 3 })
    expect(checker.applied('n2')).toEqual({ index: 5, hash: 'x' })
    expect(checker.counts).toEqual({ elections: 2, 'snapshots installed': 1 })
  })

  it.each([
    [
      'two leaders in a term',
      /one leader/,
      [
        ['n1', 1, 'became leader', { term: 2 }],
        ['n2', 1, 'became leader', { term: 2 }],
      ],
    ],
    [
      'two votes in a term, a crash between them',
      /votes once/,
      [
        ['n1', 1, 'voted', { term: 2, for: 'a' }],
        ['n1', 2, 'voted', { term: 2, for: 'b' }],
      ],
    ],
    [
      'a commit index that goes back',
      /commit index/,
      [
        ['n1', 1, 'committed', { index: 5 }],
        ['n1', 1, 'committed', { index: 4 }],
      ],
    ],
    [
      'other states at one index',
      /equal hashes/,
      [
        ['n1', 1, 'applied', { index: 5, hash: 'x' }],
        ['n2', 1, 'applied', { index: 5, hash: 'y' }],
      ],
    ],
    [
      'an image that is not the state',
      /equal hashes/,
      [
        ['n1', 1, 'applied', { index: 5, hash: 'x' }],
        ['n2', 1, 'installed', { index: 5, hash: 'y' }],
      ],
    ],
  ] as const)('finds %s', (_name, invariant, lines) => expect(() => run(...lines)).toThrow(invariant))
})

describe('the checker of watches', () => {
  const object = (name: string, revision: number): ApiObject => ({
    metadata: { name, resourceVersion: String(revision) },
  })
  const event = (type: WatchEvent['type'], name: string, revision: number): WatchEvent => ({
    type,
    object: object(name, revision),
  })
  const run = (...watchers: readonly (readonly WatchEvent[])[]) => {
    const checker = newWatchChecker('configmaps')
    for (const [i, events] of watchers.entries()) {
      const watcher = checker.watcher(`f${i}`)
      watcher.listed(10, [object('old', 7)])
      for (const one of events) watcher.event(one)
    }
    checker.check()
  }

  it('lets pass what may be', () => {
    run(
      [event('ADDED', 'a', 11), event('MODIFIED', 'old', 12), event('DELETED', 'a', 13)],
      [event('ADDED', 'a', 11), event('BOOKMARK', '', 11), event('MODIFIED', 'old', 12)],
    )
  })

  it.each([
    ['a repeat', /nothing twice/, [[event('ADDED', 'a', 11), event('MODIFIED', 'a', 11)]]],
    ['a step back', /keeps order/, [[event('ADDED', 'a', 12), event('ADDED', 'b', 11)]]],
    ['a bookmark that goes back', /never goes back/, [[event('ADDED', 'a', 12), event('BOOKMARK', '', 11)]]],
    ['a gap', /no gaps/, [[event('ADDED', 'a', 11), event('ADDED', 'b', 12)], [event('ADDED', 'b', 12)]]],
    ['a gap under a bookmark', /no gaps/, [[event('ADDED', 'a', 11)], [event('BOOKMARK', '', 11)]]],
    ['a change of what was not there', /what is there/, [[event('MODIFIED', 'a', 11)]]],
    ['an addition of what was there', /what is there/, [[event('ADDED', 'old', 11)]]],
    ['another story for another watcher', /tell the same/, [[event('ADDED', 'a', 11)], [event('ADDED', 'b', 11)]]],
  ] as const)('finds %s', (_name, invariant, watchers) => expect(() => run(...watchers)).toThrow(invariant))
})

describe('the checker of reads and writes', () => {
  it('finds a refused write that took effect', () => {
    const history = newHistory(newWorld(1))
    history.write('w', 'k', 'a', { type: 'value', value: null })('refused')
    expect(() => history.read('r', 'k')('a')).toThrow(/refused write/)
  })

  it('lets an unknown write be read or not', () => {
    const history = newHistory(newWorld(1))
    history.write('w', 'k', 'a', { type: 'value', value: null })('unknown')
    history.read('r', 'k')(null)
    history.read('r', 'k')('a')
    expect(() => history.check()).not.toThrow()
    expect(history.counts).toMatchObject({ writes: 1, unknown: 1, reads: 2 })
  })

  it('finds a lost write and tells of it', async () => {
    const world = newWorld(1)
    const history = newHistory(world)
    history.write('w', 'k', 'a', { type: 'value', value: null })('done')
    await world.run(10)
    history.read('r', 'k')(null)
    expect(() => history.check()).toThrow(/linearizable: k: .*\n.*write a over null\n.*\* r .*read null/)
  })
})
