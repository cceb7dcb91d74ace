import { column, countColumn, nameColumn, since, wideColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { always, type Check, check, int32, microTime, oneOf, required, string, time, type ValueOf } from '../schema.ts'
import type { KubeObject } from '../value.ts'
import { EventSeries, EventSource } from './eventspec.ts'
import { ObjectReference } from './objectreference.ts'

/** An event stands beside what it is about. What is about the whole cluster stands anywhere. */
const sameNamespace: Check = ({ metadata = {}, involvedObject = {} }, report) => {
  const { namespace = '' } = involvedObject
  if (namespace === '' || namespace === metadata.namespace) return
  report('Invalid value', 'involvedObject.namespace', namespace, 'does not match event.namespace')
}

export const EventType = oneOf('Normal', 'Warning')

/** Served once more, with other names, as `events.k8s.io/v1` (newevent.ts). */
export const event = kind(
  {
    group: '',
    version: 'v1',
    name: 'Event',
    plural: 'events',
    doc: 'Something that has happened to an object.',
    shortNames: ['ev'],
    namespaced: true,
    status: false,
    rows: {
      involvedObject: [2, ObjectReference, 'What it happened to.', required],
      reason: [3, string, 'What happened, in a word.'],
      message: [4, string, 'What happened, for people.'],
      source: [5, EventSource, 'Who tells it.', always],
      firstTimestamp: [6, time, 'When it happened first.'],
      lastTimestamp: [7, time, 'When it happened last.'],
      count: [8, int32, 'How often it has happened.'],
      type: [9, EventType, 'Normal or Warning.'],
      eventTime: [10, microTime, 'When it happened first, more exactly.'],
      series: [11, EventSeries, 'The same again and again.'],
      action: [12, string, 'What was done about it.'],
      related: [13, ObjectReference, 'What else it has to do with.'],
      reportingComponent: [14, string, 'Which part of the cluster tells it.', always],
      reportingInstance: [15, string, 'Which of several such parts tells it.', always],
    },
    notes: [check(sameNamespace)],
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      column('Last Seen', 'When it happened last.', lastSeen),
      column('Type', 'Normal or Warning.', ({ type }) => type ?? ''),
      column('Reason', 'What happened, in a word.', ({ reason }) => reason ?? ''),
      column('Object', 'What it happened to.', ({ involvedObject: { kind: name = '', name: object = '' } }) =>
        object === '' ? name.toLowerCase() : `${name.toLowerCase()}/${object}`,
      ),
      wideColumn('Subobject', 'The part it happened to.', ({ involvedObject }) => involvedObject.fieldPath ?? ''),
      wideColumn('Source', 'Who tells it.', source),
      column('Message', 'What happened, for people.', ({ message }) => (message ?? '').trim()),
      wideColumn('First Seen', 'When it happened first.', (object, nowMs) => since(firstTime(object), nowMs)),
      { ...countColumn<EventObject>('Count', 'How often it has happened.', count), wide: true },
      { ...nameColumn, wide: true },
    ],
    selectable: {
      'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
      'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
      'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
      'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
      'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
      'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
      'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
      reason: ({ reason }) => reason ?? '',
      reportingComponent: ({ reportingComponent }) => reportingComponent,
      source: ({ source: { component = '' }, reportingComponent }) => component || reportingComponent,
      type: ({ type }) => type ?? '',
    },
  },
)

/** What of an event its row is made of. */
export type EventObject = KubeObject & {
  readonly source: ValueOf<typeof EventSource>
  readonly series?: ValueOf<typeof EventSeries>
  readonly firstTimestamp?: string
  readonly lastTimestamp?: string
  readonly eventTime?: string
  readonly count?: number
  readonly reportingComponent: string
  readonly reportingInstance: string
}

function firstTime({ firstTimestamp, eventTime }: EventObject): string | undefined {
  return firstTimestamp ?? eventTime
}

function lastSeen(object: EventObject, nowMs: number): string {
  return since(object.series?.lastObservedTime ?? object.lastTimestamp ?? firstTime(object), nowMs)
}

function source({ source: { component = '', host = '' }, reportingComponent, reportingInstance }: EventObject): string {
  const parts = [component || reportingComponent, host || reportingInstance]
  return parts.filter((part) => part !== '').join(', ')
}

function count({ series, count: times }: EventObject): number {
  return series?.count ?? times ?? 1
}
