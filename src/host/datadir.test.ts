import { expect, test } from 'vitest'
import type { NodeRecord } from '../config.ts'
import { type DataDirFindings, judgeDataDir } from './datadir.ts'

const record: NodeRecord = {
  format: 1,
  phase: 'ready',
  clusterId: 'c1',
  caSha256: 'ab',
  identity: 'p1',
  founding: { id: 't1', secretHash: 'cd', expiresAtMs: 5 },
  databasesMade: true,
  settings: {
    name: 'n1',
    apiPort: 6443,
    gossipPort: 7946,
    advertise: '10.0.0.1',
    advertiseFound: false,
    labels: { disk: 'ssd' },
  },
}
const files = ['ca.crt', 'ca.key', 'identity.key', 'join-token', 'lock', 'log', 'node.json', 'peers.json', 'state']
const whole: DataDirFindings = { path: '/d', files, record: JSON.stringify(record), databases: ['log', 'state'] }

test('a whole directory is a node', () => {
  expect(judgeDataDir(whole)).toEqual({ type: 'node', record })
  expect(judgeDataDir({ ...whole, files: [...files, 'notes.txt', 'lost+found'] })).toEqual({ type: 'node', record })
})

const beginning = JSON.stringify({ ...record, phase: 'beginning', clusterId: '', databasesMade: false })

test.each<[string, Partial<DataDirFindings>]>([
  ['missing', { files: null, record: null, databases: [] }],
  ['empty', { files: [], record: null, databases: [] }],
  ['a fresh file system', { files: ['lost+found'], record: null, databases: [] }],
  ['only a lock, and a record half written', { files: ['.node.json.new', 'lock'], record: null, databases: [] }],
  ['founding broke off', { files: ['ca.key', 'identity.key', 'node.json'], record: beginning, databases: [] }],
])('%s: a new node may be made', (_, findings) => {
  expect(judgeDataDir({ ...whole, ...findings })).toEqual({ type: 'new' })
})

test('a node whose daemon never ran has no databases yet', () => {
  const fresh = { ...record, databasesMade: false }
  expect(judgeDataDir({ ...whole, record: JSON.stringify(fresh), databases: [] })).toEqual({
    type: 'node',
    record: fresh,
  })
})

test.each<[string, string, Partial<DataDirFindings>, RegExp]>([
  ['foreign', "someone's home", { files: ['.bashrc', 'photos'], record: null, databases: [] }, /\.bashrc and 1 more/],
  ['foreign', 'a node.json of something else', { record: '{"name":"web"}' }, /not written by skein/],
  ['newer', 'a later format', { record: JSON.stringify({ ...record, format: 2 }) }, /newer version/],
  ['damaged', 'cut record', { record: '{"format":1,"pha' }, /node\.json is damaged/],
  ['damaged', 'a field of the wrong type', { record: JSON.stringify({ ...record, founding: {} }) }, /damaged/],
  ['damaged', 'settings without a name', { record: JSON.stringify({ ...record, settings: {} }) }, /damaged/],
  ['damaged', 'record gone, databases there', { record: null, files: ['log', 'state'] }, /node\.json is gone/],
  [
    'damaged',
    'record gone, keys there',
    { record: null, files: ['ca.key', 'lock'], databases: [] },
    /ca\.key, but its node/,
  ],
  ['damaged', 'no key', { files: files.filter((name) => name !== 'identity.key') }, /lacks identity\.key/],
  ['emptied', 'databases gone', { databases: [] }, /node n1, but its log\/ and state\/ are gone/],
  ['emptied', 'one database gone', { databases: ['state'] }, /its log\/ is gone/],
])('%s: %s', (fault, _, findings, reason) => {
  const verdict = judgeDataDir({ ...whole, ...findings })
  expect(verdict).toMatchObject({
    type: 'fault',
    fault,
    reason: expect.stringMatching(reason),
    hint: expect.any(String),
  })
})
