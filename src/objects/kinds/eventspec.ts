// biome-ignore-all format: the columns are aligned by hand
import { int32, microTime, object, string } from '../schema.ts'

export const EventSeries = object('EventSeries', 'The same event again and again.', {
  count:            [1, int32,     'How often, up to now.'],
  lastObservedTime: [2, microTime, 'When last.'],
})

export const EventSource = object('EventSource', 'Who tells an event.', {
  component: [1, string, 'Which part of the cluster.'],
  host:      [2, string, 'On which node.'],
})
