import { expect, it } from 'vitest'
import { type SelectorObject, selects } from './labelselector.ts'

const labels = { app: 'web', tier: 'front' }

it.each<[string, SelectorObject | undefined, boolean]>([
  ['none selects nothing', undefined, false],
  ['an empty one selects all', {}, true],
  ['by label', { matchLabels: { app: 'web' } }, true],
  ['by another value', { matchLabels: { app: 'db' } }, false],
  ['all labels must match', { matchLabels: { app: 'web', zone: 'a' } }, false],
  ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] }, true],
  ['NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db', 'web'] }] }, false],
  ['NotIn of a label that is not there', { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] }, true],
  ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
  ['DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
  ['both', { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] }, false],
])('%s', (_what, selector, selected) => expect(selects(selector, labels)).toBe(selected))
