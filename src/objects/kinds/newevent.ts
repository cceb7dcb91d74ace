import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { always, int32, microTime, string, time } from '../schema.ts'
import type { KubeObject } from '../value.ts'
import { EventType, event } from './event.ts'
import { EventSeries, EventSource } from './eventspec.ts'
import { ObjectReference } from './objectreference.ts'

/** The same objects as `event`, with the names that the newer group has for their fields. */
export const newEvent = kind(
  {
    group: 'events.k8s.io',
    version: 'v1',
    name: 'Event',
    plural: 'events',
    doc: 'Something that has happened to an object.',
    shortNames: ['ev'],
    namespaced: true,
    status: false,
    rows: {
      eventTime: [2, microTime, 'When it happened first.'],
      series: [3, EventSeries, 'The same again and again.'],
      reportingController: [4, string, 'Which part of the cluster tells it.'],
      reportingInstance: [5, string, 'Which of several such parts tells it.'],
      action: [6, string, 'What was done about it.'],
      reason: [7, string, 'What happened, in a word.'],
      regarding: [8, ObjectReference, 'What it happened to.', always],
      related: [9, ObjectReference, 'What else it has to do with.'],
      note: [10, string, 'What happened, for people.'],
      type: [11, EventType, 'Normal or Warning.'],
      deprecatedSource: [12, EventSource, 'Who tells it, by its old name.', always],
      deprecatedFirstTimestamp: [13, time, 'When it happened first, by its old name.'],
      deprecatedLastTimestamp: [14, time, 'When it happened last, by its old name.'],
      deprecatedCount: [15, int32, 'How often it has happened, by its old name.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: event.columns.map((column) => ({
      ...column,
      cell: (object, nowMs) => column.cell(renamed(object, event.name, event.apiVersion, storedNames), nowMs),
    })),
    selectable: {
      'regarding.kind': ({ regarding }) => regarding.kind ?? '',
      'regarding.namespace': ({ regarding }) => regarding.namespace ?? '',
      'regarding.name': ({ regarding }) => regarding.name ?? '',
      'regarding.uid': ({ regarding }) => regarding.uid ?? '',
      'regarding.apiVersion': ({ regarding }) => regarding.apiVersion ?? '',
      'regarding.resourceVersion': ({ regarding }) => regarding.resourceVersion ?? '',
      'regarding.fieldPath': ({ regarding }) => regarding.fieldPath ?? '',
      reason: ({ reason }) => reason ?? '',
      reportingController: ({ reportingController }) => reportingController ?? '',
      type: ({ type }) => type ?? '',
    },
    storedAs: {
      kind: event,
      toStored: (object) => renamed(object, event.name, event.apiVersion, storedNames),
      fromStored: (object) => renamed(object, 'Event', 'events.k8s.io/v1', servedNames),
    },
  },
)

/** What each field is called where the objects are kept. */
const storedNames: ReadonlyMap<string, string> = new Map([
  ['reportingController', 'reportingComponent'],
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
])
const servedNames: ReadonlyMap<string, string> = new Map([...storedNames].map(([served, stored]) => [stored, served]))

function renamed(object: KubeObject, name: string, apiVersion: string, names: ReadonlyMap<string, string>): KubeObject {
  const members = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value])
  return { ...(Object.fromEntries(members) as KubeObject), kind: name, apiVersion }
}
