import { describe, expect, it } from 'vitest'
import type { Event } from '../objects/types.ts'
import { newRecorder, sweepEvents } from './events.ts'
import { newFixtureStore } from './fixture.ts'
import { eventKind, listOf } from './objects.ts'
import type { Happening } from './plan.ts'

const happening = (message: string, uid = 'u1'): Happening => ({
  type: 'Normal',
  reason: 'Scheduled',
  message,
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web', uid },
  source: 'default-scheduler',
})

function told() {
  const store = newFixtureStore()
  const recorder = newRecorder()
  const tell = (happenings: readonly Happening[], nowMs: number) => {
    recorder.note(happenings, nowMs)
    for (const write of recorder.take(store.view, nowMs, 1_000)) store.commit({ writes: [write] })
  }
  const events = () => listOf<Event>(eventKind, store.view).map(({ object }) => object)
  return { store, recorder, tell, events }
}

describe('events', () => {
  it('say what happened to whom, and the same again is counted', () => {
    const { tell, events } = told()
    tell([happening('bound to n1')], 1_000)
    tell([happening('bound to n1'), happening('bound to n1')], 5_000)
    expect(events()).toEqual([
      expect.objectContaining({
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web', uid: 'u1' },
        reason: 'Scheduled',
        message: 'bound to n1',
        count: 3,
        firstTimestamp: '1970-01-01T00:00:01Z',
        lastTimestamp: '1970-01-01T00:00:05Z',
      }),
    ])
  })

  it('one object does not flood the others, and may tell more after a while', () => {
    const { tell, events } = told()
    tell(
      Array.from({ length: 60 }, (_, i) => happening(`news ${i}`)),
      0,
    )
    tell([happening('other', 'u2')], 0)
    expect(events()).toHaveLength(26)
    tell([happening('later')], 300_000)
    expect(events()).toHaveLength(27)
  })

  it('go after an hour', () => {
    const { store, tell, events } = told()
    tell([happening('old')], 0)
    tell([happening('new')], 3_000_000)
    store.follow(sweepEvents(store.view, 3_599_000))
    expect(events()).toHaveLength(2)
    store.follow(sweepEvents(store.view, 3_600_000))
    expect(events().map(({ message }) => message)).toEqual(['new'])
  })
})
