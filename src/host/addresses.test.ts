import { describe, expect, it } from 'vitest'
import { formatHostPort, isWildcard, parseHostPort, toMultiaddrText } from './addresses.ts'

describe('host and port', () => {
  it.each([
    ['10.0.0.7:7946', '/ip4/10.0.0.7/tcp/7946'],
    ['0.0.0.0:0', '/ip4/0.0.0.0/tcp/0'],
    ['[fd00::7]:65535', '/ip6/fd00::7/tcp/65535'],
    ['[::]:1', '/ip6/::/tcp/1'],
    ['n1.example:7946', '/dns/n1.example/tcp/7946'],
    ['localhost:1', '/dns/localhost/tcp/1'],
  ])('%s is %s', (text, multiaddr) => {
    const parsed = parseHostPort(text)
    expect(parsed).not.toBeNull()
    if (parsed === null) return
    expect(toMultiaddrText(parsed)).toBe(multiaddr)
    expect(formatHostPort(parsed)).toBe(text)
  })

  it.each([
    '',
    '7946',
    ':7946',
    'host',
    'host:',
    'host:65536',
    'host:-1',
    'fd00::7:7946',
    '[10.0.0.7]:1',
    '1.2.3.256:1',
    '1.2.3:1',
    'a b:1',
    'http://x:1',
    'x/y:1',
  ])('%s is none', (text) => {
    expect(parseHostPort(text)).toBeNull()
  })

  it.each([
    ['0.0.0.0:1', true],
    ['[::]:1', true],
    ['[0:0:0:0:0:0:0:0]:1', true],
    ['[::1]:1', false],
    ['127.0.0.1:1', false],
    ['localhost:1', false],
  ])('%s stands for every address: %s', (text, wildcard) => {
    const parsed = parseHostPort(text as string)
    expect(parsed !== null && isWildcard(parsed)).toBe(wildcard)
  })
})
