import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfigFile, settingsFor } from './configfile.ts'

test('settings are read as they are written', () => {
  const text = 'name: n1\nlabels: {disk: ssd}\napi: {port: 6444}\ngossip: {preset: wan}\nlog: {level: debug}\nzone: a\n'
  expect(parseConfigFile(text)).toEqual({
    file: {
      name: 'n1',
      labels: { disk: 'ssd' },
      api: { port: 6444 },
      gossip: { preset: 'wan' },
      log: { level: 'debug' },
      zone: 'a',
    },
  })
  expect(parseConfigFile('')).toEqual({ file: {} })
  expect(parseConfigFile('# nothing\n')).toEqual({ file: {} })
})

test.each([
  ['gosip: {port: 1}', '1: unknown key "gosip": did you mean gossip?'],
  ['name: n1\nlog:\n  levle: debug', '3: unknown key "log.levle": did you mean level?'],
  ['colour: red', /^1: unknown key "colour"; known: name, dataDir, /],
  ['__proto__: {}', /^1: unknown key "__proto__"/],
  ['constructor: {}', /^1: unknown key "constructor"/],
  ['name: N_1', '1: name must be a DNS label: a-z, 0-9 and -, at most 63, not "N_1"'],
  ['name: 3', '1: name must be text, not 3'],
  ['name:', '1: name must be text, not null'],
  ['api: 6443', '1: api must be a map of settings, not 6443'],
  ['api: {port: 70000}', '1: api.port must be a whole number from 1 to 65535, not 70000'],
  ['api: {port: "6443"}', '1: api.port must be a whole number from 1 to 65535, not "6443"'],
  ['api:\n  port: 6443.5', '2: api.port must be a whole number from 1 to 65535, not 6443.5'],
  ['gossip: {preset: fast}', '1: gossip.preset must be lan or wan or local, not "fast"'],
  ['advertise: here', '1: advertise must be an IP address, not "here"'],
  ['labels: {disk: 3}', '1: labels.disk needs text as its value (in quotes)'],
  ['labels: {"a b": c}', /^1: labels\.a b is not a label key/],
  ['labels: [a]', '1: labels must be a map of labels, not a list'],
  ['nodes: {}', '1: nodes must be a list, not a map'],
  ['nodes:\n  - zone: a', '2: nodes[0] needs a name'],
  ['nodes:\n  - name: a\n    nodes: []', /^3: unknown key "nodes\[0\]\.nodes"/],
  ['nodes: [{name: a}, {name: a}]', '1: nodes names a twice'],
  ['name: a\nname: b', /^2: Map keys must be unique/],
  ['name: [', /^1: /],
  ['- a', '1: the file must be a map of settings, not a list'],
  ['just text', '1: the file must be a map of settings, not "just text"'],
])('%j is refused with its line', (text, problem) => {
  const parsed = parseConfigFile(text)
  expect('problems' in parsed ? parsed.problems[0] : 'accepted').toEqual(
    typeof problem === 'string' ? problem : expect.stringMatching(problem),
  )
})

test('all problems are told, in the order of the file', () => {
  const parsed = parseConfigFile('nmae: x\napi: {port: 0}\n')
  expect('problems' in parsed ? parsed.problems.length : 0).toBe(2)
})

test("a node's own entry goes before what holds for all", () => {
  const parsed = parseConfigFile(
    'zone: a\nlabels: {x: "1", y: "1"}\napi: {address: 10.0.0.1, port: 1}\nnodes:\n- name: n1\n- {name: n2, zone: b, labels: {y: "2"}, api: {port: 2}}\n',
  )
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  expect(settingsFor(parsed.file, 'n1')).toMatchObject({ name: 'n1', zone: 'a', api: { port: 1 } })
  expect(settingsFor(parsed.file, 'n2')).toMatchObject({
    zone: 'b',
    labels: { x: '1', y: '2' },
    api: { address: '10.0.0.1', port: 2 },
  })
  expect(settingsFor(parsed.file, 'n3')).toBeNull()
})

const folder = new URL('../../cluster-configs/', import.meta.url)
test.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('cluster-configs/%s is good', (name) => {
  const parsed = parseConfigFile(readFileSync(new URL(name, folder), 'utf8'))
  expect('problems' in parsed ? parsed.problems : []).toEqual([])
})
