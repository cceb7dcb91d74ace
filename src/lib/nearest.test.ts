import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const keys = ['name', 'dataDir', 'advertise', 'gossip', 'labels', 'api']

test.each([
  ['gosip', 'gossip'],
  ['gossip', 'gossip'],
  ['datadir', 'dataDir'],
  ['nmae', 'name'],
  ['ap', 'api'],
  ['label', 'labels'],
  ['colour', null],
  ['x', null],
  ['', null],
])('%j: %j', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant)
})
