import fc from 'fast-check'
import { expect, test } from 'vitest'
import { depthMax, parseJson } from './json.ts'
import { parseYaml } from './yaml.ts'

test.each([
  ['{"a":1,"a":2}', ['a']],
  ['{"spec":{"x":1,"y":{},"x":2},"spec":{}}', ['spec.x', 'spec']],
  ['{"a":[{"b":1},{"c":1,"c":2}]}', ['a[1].c']],
  ['[{"a":1},{"a":1}]', []],
  ['{"a":{"b":1},"b":1}', []],
  ['{"a":"\\"a\\":1","b":"}{"}', []],
  ['{"\\u0061":1,"a":2}', ['a']],
  ['{"a" :1, "a"\n: 2}', ['a']],
])('%s has duplicates %j', (text, duplicates) => {
  expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates, error: null })
})

test.each([
  ['', 'unexpected end of JSON input'],
  ['{', /JSON/],
  ['{"a":1}}', /JSON/],
  [`${'['.repeat(depthMax + 1)}`, `exceeded max depth of ${depthMax}`],
  [new Uint8Array([0x22, 0xff, 0x22]), 'invalid UTF-8'],
])('refused: %j', (text, error) => {
  const parsed = parseJson(text)
  expect(parsed.value).toBeNull()
  expect(parsed.error).toMatch(error)
})

test('__proto__ is a key like any other', () => {
  const { value } = parseJson('{"__proto__":{"polluted":1}}')
  expect(Object.keys(value as object)).toEqual(['__proto__'])
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test('what JSON writes is read back, without duplicates', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(parseJson(JSON.stringify(value))).toEqual({
        value: JSON.parse(JSON.stringify(value)),
        duplicates: [],
        error: null,
      })
    }),
  )
})

test('YAML is read as Kubernetes reads it', () => {
  const text = `
a: yes
y: n
b: "yes"
c: 0644
d: 22:30
e: 2001-01-01
f: ~
g: 1e3
h: !!str 1
i: |
  line
base: &base {x: 1}
derived: {<<: *base, y: 2}
1: number
`
  expect(parseYaml(text)).toEqual({
    value: {
      a: true,
      y: 'n',
      b: 'yes',
      c: 420,
      d: '22:30',
      e: '2001-01-01',
      f: null,
      g: 1000,
      h: '1',
      i: 'line\n',
      base: { x: 1 },
      derived: { x: 1, y: 2 },
      '1': 'number',
    },
    duplicates: [],
    error: null,
  })
})

test('YAML duplicates have paths', () => {
  expect(parseYaml('spec:\n  a: 1\n  a: 2\nlist:\n- b: 1\n  b: 2\n').duplicates).toEqual(['spec.a', 'list[0].b'])
})

test('JSON is YAML, and keeps its duplicates', () => {
  expect(parseYaml('{"a":1,"a":2}')).toEqual({ value: { a: 2 }, duplicates: ['a'], error: null })
})

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'.split('').map((name, i) => {
    const before = 'abcdefgh'[i]
    return `${name}: &${name} [${Array(10).fill(`*${before}`).join(',')}]`
  }),
].join('\n')

test.each([
  ['a: [1\nb: 2\n', /^error converting YAML to JSON: yaml: line 2: /],
  ['a: b: c\n', /yaml: line 1: /],
  ['a: 1\n---\nb: 2\n', /multiple documents/],
  [bomb, /alias/i],
  [`a: ${'['.repeat(300)}${']'.repeat(300)}`, /max depth/],
  [`a: ${'['.repeat(100_000)}`, /max depth|flow|yaml/i],
  [`${'- '.repeat(60_000)}a`, /max depth/],
  [`${'? '.repeat(60_000)}a`, /max depth/],
  [Array.from({ length: 200 }, (_, i) => `${' '.repeat(3 * i)}a:`).join('\n'), /max depth/],
  [`a: ${'x'.repeat(128 * 1024)}`, /send it as JSON/],
  ['a: *nothing', /yaml/i],
])('YAML refused: %.40j', (text, error) => {
  const parsed = parseYaml(text)
  expect(parsed.value).toBeNull()
  expect(parsed.error).toMatch(error)
})

test('YAML does not pollute', () => {
  const { value } = parseYaml('__proto__: {polluted: 1}')
  expect(Object.keys(value as object)).toEqual(['__proto__'])
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test.each([',', '\n', '#\n', 'a: 1\n', '%A\n'])(
  'YAML that is nothing but %j is refused before it takes seconds',
  (piece) => {
    const parsed = parseYaml(`[${piece.repeat(200_000)}]`)
    expect(parsed.error).toMatch(/send it as JSON/)
  },
)
