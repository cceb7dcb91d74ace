import { expect, test } from 'vitest'
import { readableLine } from './logline.ts'

const plain = { terminal: false, colours: false }

function line(fields: object): string {
  return JSON.stringify({ level: 'info', time: '2026-01-02T03:04:05.678Z', message: 'leader elected', ...fields })
}

test.each([
  [{}, '2026-01-02T03:04:05.678Z INFO  leader elected\n'],
  [{ term: 3, peer: 'n2' }, '2026-01-02T03:04:05.678Z INFO  leader elected  term=3 peer=n2\n'],
  [
    { level: 'error', error: 'disk full: no space' },
    '2026-01-02T03:04:05.678Z ERROR leader elected  error="disk full: no space"\n',
  ],
  [
    { empty: '', list: [1, 2], line: 'a\nb' },
    '2026-01-02T03:04:05.678Z INFO  leader elected  empty="" list=[1,2] line="a\\nb"\n',
  ],
])('%j', (fields, text) => {
  expect(readableLine(line(fields), plain)).toBe(text)
})

test('a terminal gets short times, and colours when it wants them', () => {
  expect(readableLine(line({}), { terminal: true, colours: false })).toMatch(
    /^\d\d:\d\d:05\.678 INFO {2}leader elected\n$/,
  )
  expect(readableLine(line({}), { terminal: true, colours: true })).toContain('\u001b[32mINFO ')
})

test('control letters never reach the terminal', () => {
  expect(readableLine(line({ name: 'a\u001b[2Jb' }), plain)).not.toContain('\u001b')
  expect(readableLine(line({ name: 'a\u007fb' }), plain)).toContain('name="a\\u007fb"')
})

test('what is no entry is passed on', () => {
  expect(readableLine('hello\n', plain)).toBe('hello\n')
  expect(readableLine('[1]\n', plain)).toBe('[1]\n')
})
