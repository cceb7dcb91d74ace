// biome-ignore-all format: the columns are aligned by hand
import { always, by, list, object, string, time } from '../schema.ts'

export const NamespaceSpec = object('NamespaceSpec', 'What a namespace shall be.', {
  finalizers: [1, list(string), 'Who must still act before it may go.'],
})

const NamespaceCondition = object('NamespaceCondition', 'Something that holds for a namespace or not.', {
  type:               [1, string, 'What.',                   always],
  status:             [2, string, 'True, False or Unknown.', always],
  lastTransitionTime: [4, time,   'Since when it is so.'],
  reason:             [5, string, 'Why, in a word.'],
  message:            [6, string, 'Why, for people.'],
})

export const NamespaceStatus = object('NamespaceStatus', 'What a namespace was last seen to be.', {
  phase:      [1, string,                   'Active or Terminating.'],
  conditions: [2, list(NamespaceCondition), 'What holds for it, and since when.', by('type')],
})
