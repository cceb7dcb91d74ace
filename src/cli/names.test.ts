import { expect, test } from 'vitest'
import { dnsLabelOf, hostPort, isAddress, labelProblem, parseDuration, parseHostPort, shellWord } from './names.ts'

test.each([
  ['web-1', 'web-1'],
  ['Host1.example.org', 'host1'],
  ['my_host', 'my-host'],
  ['-a-', 'a'],
  ['', null],
  ['___', null],
  ['a'.repeat(80), 'a'.repeat(63)],
])('the host name %j gives the node name %j', (hostname, name) => {
  expect(dnsLabelOf(hostname)).toBe(name)
})

test.each([
  ['h', { host: 'h', port: 6443 }],
  ['h.example:1', { host: 'h.example', port: 1 }],
  ['10.0.0.1:65535', { host: '10.0.0.1', port: 65535 }],
  ['[::1]:7', { host: '::1', port: 7 }],
  ['::1', { host: '::1', port: 6443 }],
  ['h:', null],
  ['h:0', null],
  ['h:65536', null],
  ['10.0.0.256', null],
  ['https://h', null],
  ['h:1:2', null],
  ['a b', null],
  ['', null],
])('the address %j is %j', (text, parsed) => {
  expect(parseHostPort(text, 6443)).toEqual(parsed)
})

test.each([
  ['10.0.0.1', true],
  ['fd00::7', true],
  ['::', true],
  ['1.2.3', false],
  ['01.2.3.4', false],
  ['1:2', false],
  ['::1::', false],
  ['h', false],
])('%j is an address: %j', (text, good) => {
  expect(isAddress(text)).toBe(good)
})

test('an IPv6 address stands in brackets', () => {
  expect(hostPort('fd00::7', 1)).toBe('[fd00::7]:1')
  expect(hostPort('10.0.0.1', 1)).toBe('10.0.0.1:1')
})

test.each([
  ['disk', 'ssd', null],
  ['example.org/disk', '', null],
  ['a/b/c', 'x', /key/],
  ['-a', 'x', /key/],
  ['', 'x', /key/],
  ['Example.org/a', 'x', /key/],
  ['a', 'b c', /value/],
  ['a', 'b'.repeat(64), /value/],
])('label %j=%j', (key, value, problem) => {
  const told = labelProblem(key, value)
  if (problem === null) expect(told).toBeNull()
  else expect(told).toMatch(problem)
})

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['366d', null],
  ['0s', null],
  ['5', null],
  ['1.5h', null],
  ['-1h', null],
])('%j is %j ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test('paths can be pasted into a shell', () => {
  expect(shellWord('/var/lib/skein')).toBe('/var/lib/skein')
  expect(shellWord("it's here")).toBe("'it'\\''s here'")
})
