import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { roomOf, type Source, tidy } from './tidy.ts'

const src = new URL('../src', import.meta.url).pathname

function sources(): Source[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }))
}

test('the house is tidy', () => {
  const all = sources()
  expect(all.length).toBeGreaterThan(50)
  expect(tidy(all)).toEqual([])
})

/** A lock that lacks the packages of other systems (as a registry without them leaves it) is refused by `npm ci`. */
test('the lock file names the packages of every system', () => {
  interface Locked {
    readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
  }
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Locked
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
  expect(wanted.length).toBeGreaterThan(10)
  expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([])
})

describe('the checker itself', () => {
  const rows: readonly [what: string, path: string, text: string, breach: RegExp | null][] = [
    ['a room imports lib', 'raft/a.ts', "import { assert } from '../lib/assert.ts'\nassert(1, 'x')", null],
    ['a room imports a room', 'raft/a.ts', "import { b } from '../store/b.ts'", /raft may not import store/],
    ['types of another room', 'raft/a.ts', "import type { B } from '../store/b.ts'", /raft may not import store/],
    ['only daemon.ts joins rooms', 'daemon.ts', "import { b } from './store/b.ts'", null],
    ['io from a room', 'store/a.ts', "import { b } from '../host/level.io.ts'", /store may not import io/],
    ['src imports test', 'store/a.ts', "import { b } from '../../test/b.ts'", /outside of src/],
    ['a clock', 'raft/a.ts', 'const now = Date.now()', /Date\.now/],
    ['a clock in a comment', 'raft/a.ts', '// never Date.now() here', null],
    ['a clock at the edge', 'host/clock.io.ts', 'export const now = () => Date.now()', null],
    ['chance', 'gossip/a.ts', 'const x = Math.random()', /Math\.random/],
    ['node: in a room', 'store/a.ts', "import { readFile } from 'node:fs'", /through the host/],
    ['hashing in lib', 'lib/hash.ts', "import { createHash } from 'node:crypto'", null],
    ['a codec', 'raft/a.ts', "import { pack } from 'msgpackr'", null],
    ['an IO package', 'raft/a.ts', "import { Level } from 'level'", /does IO/],
    ['a promise in a core', 'raft/a.ts', 'export async function a() {}', /waits/],
    ['a promise in a driver', 'raft/driver.ts', 'export async function a() {}', null],
    ['a swallowed error', 'api/a.ts', 'try { a() } catch {}', /swallows/],
    ['work left', 'api/a.ts', '// TODO: later', /undone/],
    ['a word not ours', 'api/a.ts', 'class PodManager {}', /PodManager/],
    ['a barrel', 'api/all.ts', "export { a } from './a.ts'\nexport * from './b.ts'", /barrel/],
    ['a name for nothing', 'api/utils.ts', 'export const a = 1', /nothing in particular/],
    ['a long file', 'api/a.ts', 'x\n'.repeat(501), /lines/],
  ]
  test.each(rows)('%s', (_what, path, text, breach) => {
    const found = tidy([{ path, text }])
    if (breach === null) expect(found).toEqual([])
    else expect(found.join('\n')).toMatch(breach)
  })

  test('a circle', () => {
    const found = tidy([
      { path: 'raft/a.ts', text: "import { b } from './b.ts'" },
      { path: 'raft/b.ts', text: "import { a } from './a.ts'" },
    ])
    expect(found).toEqual(['raft/a.ts -> raft/b.ts -> raft/a.ts: import circle'])
  })

  test('rooms by path', () => {
    expect(['raft/a.ts', 'host/host.ts', 'host/level.io.ts', 'host/frames.ts', 'main.ts'].map(roomOf)).toEqual([
      'raft',
      'host/host.ts',
      'io',
      'io',
      'main.ts',
    ])
  })
})
