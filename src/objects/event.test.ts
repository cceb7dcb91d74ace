import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { errorMessage } from './field.ts'
import { findKindByName, storedKinds } from './kinds.ts'
import { prepareCreate } from './prepare.ts'
import { matchesFields, parseFieldSelector } from './selector.ts'
import { keyOf, prefixOf, readStored, serve, serveItem, writeAs } from './stored.ts'
import { tableFor } from './table.ts'
import type { Event } from './types.ts'
import { validateCreate } from './validate.ts'
import type { JsonObject, KubeObject } from './value.ts'

const older = must(findKindByName('v1', 'Event'), 'events are served')
const newer = must(findKindByName('events.k8s.io/v1', 'Event'), 'events are served twice')
const nowMs = Date.UTC(2026, 0, 2, 0, 10)
const involvedObject = { kind: 'Pod', namespace: 'default', name: 'web', uid: 'u1', fieldPath: 'spec.containers{c}' }
const said: JsonObject = {
  metadata: { name: 'web.1', namespace: 'default' },
  involvedObject,
  reason: 'Started',
  message: 'Started container c\n',
  source: { component: 'kubelet', host: 'n1' },
  firstTimestamp: '2026-01-02T00:00:00Z',
  lastTimestamp: '2026-01-02T00:09:00Z',
  count: 3,
  type: 'Normal',
}

function born(members: JsonObject = {}): KubeObject {
  const object = must(decodeObject(older, { ...said, ...members }).object, 'it decodes')
  return prepareCreate(older, object, { nowMs: 0, uid: 'e1', namespace: 'default', nameSuffix: 'bcdfg' })
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('one set of objects by two names', () => {
  const version = { value: writeAs(older, born()), revision: 7 }

  test('lies in one place', () => {
    expect(keyOf(newer, 'default', 'x')).toBe('core/events/default/x')
    expect(prefixOf(newer)).toBe(prefixOf(older))
    expect(storedKinds.filter(({ plural }) => plural === 'events')).toEqual([older])
  })

  test('is read by the names of either group, and stored alike by both', () => {
    const read = readStored(newer, version)
    expect(read).toMatchObject({
      kind: 'Event',
      apiVersion: 'events.k8s.io/v1',
      metadata: { resourceVersion: '7' },
      regarding: involvedObject,
      note: 'Started container c\n',
      deprecatedSource: { component: 'kubelet', host: 'n1' },
      deprecatedCount: 3,
      deprecatedLastTimestamp: '2026-01-02T00:09:00Z',
      reportingController: '',
    })
    expect(read).not.toHaveProperty('involvedObject')
    expect(JSON.parse(text(serve(newer, version)))).toEqual(read)
    expect(JSON.parse(text(serveItem(newer, version)))).not.toHaveProperty('kind')
    expect(JSON.parse(text(writeAs(newer, read)))).toEqual(JSON.parse(text(version.value)))
  })

  test('looks the same in a table', () => {
    const row = (kind: typeof older): unknown => tableFor(kind, [readStored(kind, version)], nowMs).rows[0]?.cells
    expect(row(older)).toEqual([
      '60s',
      'Normal',
      'Started',
      'pod/web',
      'spec.containers{c}',
      'kubelet, n1',
      'Started container c',
      '10m',
      3,
      'web.1',
    ])
    expect(row(newer)).toEqual(row(older))
  })

  test.each([
    [older, 'involvedObject.name=web,involvedObject.uid=u1', true],
    [older, 'involvedObject.kind!=Pod', false],
    [older, 'type=Warning', false],
    [older, 'source=kubelet,reason=Started', true],
    [newer, 'regarding.name=web,type=Normal', true],
    [newer, 'regarding.namespace=other', false],
  ])('is selected by fields: %#', (kind, selector, expected) => {
    const parsed = parseFieldSelector(kind, selector)
    expect(parsed.error).toBeNull()
    expect(matchesFields(kind, must(parsed.value, 'it is one'), readStored(kind, version))).toBe(expected)
  })
})

test('what is told by series or exact time is shown so', () => {
  const { firstTimestamp: _first, lastTimestamp: _last, count: _count, source: _source, ...rest } = said
  const more = {
    eventTime: '2026-01-02T00:05:00.000000Z',
    series: { count: 9, lastObservedTime: '2026-01-02T00:09:30.000000Z' },
    reportingComponent: 'scheduler',
    reportingInstance: 'n2',
  }
  const object = must(decodeObject(older, { ...rest, ...more }).object, 'it decodes') as Event
  const cells = tableFor(older, [object], nowMs).rows[0]?.cells ?? []
  expect([cells[0], cells[5], cells[7], cells[8]]).toEqual(['30s', 'scheduler, n2', '5m', 9])
})

test('an event stands beside what it is about', () => {
  const faults = (object: JsonObject): string[] =>
    validateCreate(older, born({ involvedObject: object })).map(errorMessage)
  expect(faults(involvedObject)).toEqual([])
  expect(faults({ kind: 'Node', name: 'n1' })).toEqual([])
  expect(faults({ ...involvedObject, namespace: 'other' })).toEqual([
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ])
})
