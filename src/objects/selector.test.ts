import fc from 'fast-check'
import { expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { pod } from './kinds/pod.ts'
import { matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from './selector.ts'
import type { KubeObject } from './value.ts'

function selects(selector: string, labels: Record<string, string>): boolean {
  const { value, error } = parseLabelSelector(selector)
  expect(error).toBeNull()
  return matchesLabels(must(value, 'it parsed'), labels)
}

test.each([
  ['', {}, true],
  ['a=b', { a: 'b' }, true],
  ['a==b', { a: 'b' }, true],
  ['a = b , c', { a: 'b', c: '' }, true],
  ['a=b', { a: 'c' }, false],
  ['a=b', {}, false],
  ['a!=b', { a: 'c' }, true],
  ['a!=b', {}, true],
  ['a!=b', { a: 'b' }, false],
  ['a', { a: '' }, true],
  ['a', {}, false],
  ['!a', {}, true],
  ['! a', { a: 'x' }, false],
  ['a=', { a: '' }, true],
  ['a=,b=c', { a: '', b: 'c' }, true],
  ['a in (x,y)', { a: 'y' }, true],
  ['a in (x,y)', { a: 'z' }, false],
  ['a in (x,)', { a: '' }, true],
  ['a notin (x,y)', {}, true],
  ['a notin (x,y)', { a: 'x' }, false],
  ['a>1', { a: '2' }, true],
  ['a>1', { a: '1' }, false],
  ['a<10', { a: '9' }, true],
  ['a<10', { a: 'nine' }, false],
  ['in in (in)', { in: 'in' }, true],
  ['example.com/app=web', { 'example.com/app': 'web' }, true],
  ['constructor', {}, false],
  ['constructor!=x', {}, true],
])('%j on %j: %s', (selector, labels, expected) => {
  expect(selects(selector, labels)).toBe(expected)
})

test.each([
  ['a=b,', "found '', expected: identifier after ','"],
  [',a', "found ',', expected: !, identifier, or 'end of string'"],
  ['a b', "found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a in x', "found 'x' expected: '('"],
  ['a in (x', "found '', expected: ',', or ')'"],
  ['a in (x y)', "found 'y', expected: ',', or ')'"],
  ['!', "found '', expected: identifier"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ['a>x', `values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
])('%j is refused', (selector, error) => {
  expect(parseLabelSelector(selector).error).toBe(error)
})

test.each(['a/b/c=d', '-a=b', 'a=-b', `a=${'x'.repeat(64)}`, '/a', '__proto__'])('%j is no label', (selector) => {
  expect(parseLabelSelector(selector).error).toMatch(/Invalid value/)
})

test('a set is as good as its members one by one', () => {
  const word = fc.stringMatching(/^[a-z]{1,3}$/)
  fc.assert(
    fc.property(
      word,
      fc.array(word, { minLength: 1, maxLength: 4 }),
      fc.dictionary(word, word),
      (key, values, labels) => {
        const list = values.join(',')
        expect(selects(`${key} in (${list})`, labels)).toBe(values.some((value) => selects(`${key}=${value}`, labels)))
        expect(selects(`${key} notin (${list})`, labels)).toBe(!selects(`${key} in (${list})`, labels))
      },
    ),
  )
})

test('any text is taken or refused, never thrown at', () => {
  const signs = fc.constantFrom('a', 'b', '=', '!', '(', ')', ',', ' in ', ' notin ', '<', '>', ' ', '\\', '"')
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 20 }), (parts) => {
      parseLabelSelector(parts.join(''))
      parseFieldSelector(pod, parts.join(''))
    }),
  )
})

const running = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { nodeName: 'n1', containers: [] },
  status: { phase: 'Running' },
} as unknown as KubeObject

test.each([
  ['', true],
  ['metadata.name=web', true],
  ['metadata.namespace=other', false],
  ['spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed', true],
  ['status.phase==Pending', false],
  ['status.podIP=', true],
])('field selector %j: %s', (selector, expected) => {
  const { value, error } = parseFieldSelector(pod, selector)
  expect(error).toBeNull()
  expect(matchesFields(pod, must(value, 'it parsed'), running)).toBe(expected)
})

test.each([
  ['spec.bogus=1', 'field label not supported: spec.bogus'],
  ['toString=1', 'field label not supported: toString'],
  ['metadata.name', `invalid field selector: "metadata.name"; can't understand "metadata.name"`],
  ['metadata.name=a\\x', 'invalid field selector: invalid escape in "a\\\\x"'],
])('field selector %j is refused', (selector, error) => {
  expect(parseFieldSelector(pod, selector).error).toBe(error)
})

test('an escaped comma is part of the value', () => {
  expect(parseFieldSelector(pod, 'metadata.name=a\\,b,status.phase=x').value).toEqual([
    { path: 'metadata.name', equal: true, value: 'a,b' },
    { path: 'status.phase', equal: true, value: 'x' },
  ])
})
