import { dirname, join, normalize } from 'node:path/posix'

/** One source file: its path below `src/` and its text. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** What each room may import, besides itself and `lib`. The table of docs/ARCHITECTURE.md. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  objects: [],
  'host/host.ts': ['objects'],
  raft: ['host/host.ts'],
  gossip: ['host/host.ts'],
  store: ['objects', 'host/host.ts'],
  auth: ['objects'],
  placement: ['objects'],
  controllers: ['objects', 'store', 'placement', 'host/host.ts'],
  runtime: ['objects', 'store', 'host/host.ts'],
  members: ['objects', 'store', 'host/host.ts'],
  api: ['objects', 'store', 'auth', 'host/host.ts'],
  cli: ['objects', 'auth', 'config.ts'],
  'config.ts': ['objects'],
  'daemon.ts': [
    'objects',
    'raft',
    'gossip',
    'store',
    'auth',
    'placement',
    'controllers',
    'runtime',
    'members',
    'api',
    'host/host.ts',
    'config.ts',
  ],
  io: ['objects', 'host/host.ts', 'auth', 'config.ts'],
  'main.ts': ['daemon.ts', 'cli', 'io', 'objects', 'auth', 'config.ts', 'host/host.ts'],
}

/** Only the shapes of another room, never its code: what `daemon.ts` hands over. */
const typesOnly: Readonly<Record<string, readonly string[]>> = {
  store: ['raft/machine.ts', 'raft/types.ts'],
}

/** Packages that compute and touch nothing: usable in a room. All others stay in `*.io.ts`, `cli` and `main.ts`. */
const purePackages = ['msgpackr', 'yaml']
const hostOnly = [
  'libp2p',
  '@libp2p/',
  '@chainsafe/',
  '@multiformats/',
  'level',
  'dockerode',
  'pino',
  '@peculiar/x509',
  'reflect-metadata',
]

/** What reaches around the host: clocks, timers, chance, processes. */
const worldly =
  /\b(Date\.now|new Date\(\)|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|process\.|fetch\(|crypto\.(random|getRandom|subtle)|globalThis)/

export const linesMax = 500

/** Every breach of the house's rules, as `path: what`; empty when all is well. */
export function tidy(sources: readonly Source[]): string[] {
  return [...sources.flatMap(breachesOf), ...circles(sources)]
}

function breachesOf(source: Source): string[] {
  const { path, text } = source
  const breaches: string[] = []
  const say = (what: string): void => {
    breaches.push(`${path}: ${what}`)
  }
  const lines = text.split('\n')
  if (lines.length > linesMax) say(`has ${lines.length} lines, more than ${linesMax}`)
  if (/(^|\/)(utils?|common|helpers?|misc|index)(\.ts$|\/)/.test(path)) say('is named for nothing in particular')
  if (isBarrel(text)) say('is a barrel: it only passes on what others export')
  const declared =
    /\b(?:function|const|let|class|interface|type)\s+(\w*(?:[mM]anager|[hH]elper|[uU]til(?:s|ity)?(?![a-z])|[mM]isc(?![a-z])|[mM]aster|[sS]lave)\w*)/.exec(
      code(text),
    )
  if (declared !== null) say(`declares ${declared[1]}: not one of our words (docs/GLOSSARY.md)`)
  if (/\b(TODO|FIXME|XXX|HACK)\b/.test(text)) say('leaves something undone')
  if (/catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\(\)\s*=>\s*(undefined|null|\{\s*\})\)/.test(text))
    say('swallows an error')
  if (/@ts-(ignore|expect-error|nocheck)/.test(text)) say('silences the type checker')
  for (const specifier of importsOf(text)) breaches.push(...importBreaches(path, specifier))
  if (!touchesWorld(path)) {
    const found = worldly.exec(code(text))
    if (found !== null) say(`reaches around the host with ${found[0]}`)
  }
  if (!mayWait(path) && /\b(async|await)\b|\bPromise\b/.test(code(text)))
    say('waits: in a room only driver.ts uses promises')
  return breaches
}

function importBreaches(path: string, specifier: Import): string[] {
  if (specifier.from.startsWith('.')) {
    const target = normalize(join(dirname(path), specifier.from))
    if (target.startsWith('..')) return [`${path}: imports ${target}, outside of src`]
    const mine = roomOf(path)
    const other = roomOf(target)
    if (mine === other || other === 'lib') return []
    if (rooms[mine]?.includes(other)) return []
    if (specifier.typeOnly && typesOnly[mine]?.includes(target)) return []
    return [`${path}: ${mine} may not import ${other} (${target})`]
  }
  if (mayUsePackages(path)) return []
  if (specifier.from.startsWith('node:')) {
    return path.startsWith('lib/') &&
      ['node:crypto', 'node:zlib', 'node:assert', 'node:buffer'].includes(specifier.from)
      ? []
      : [`${path}: imports ${specifier.from}; the world comes in through the host`]
  }
  const pure = purePackages.some((name) => specifier.from === name || specifier.from.startsWith(`${name}/`))
  if (pure) return []
  const known = hostOnly.some((name) => specifier.from === name || specifier.from.startsWith(name))
    ? ' (a package that does IO)'
    : ''
  return [`${path}: imports ${specifier.from}${known}; not a package that rooms may use`]
}

export function roomOf(path: string): string {
  if (path.endsWith('.io.ts') && !path.startsWith('cli/')) return 'io'
  if (path === 'host/host.ts' || !path.includes('/')) return path
  const folder = path.slice(0, path.indexOf('/'))
  return folder === 'host' ? 'io' : folder
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}
function touchesWorld(path: string): boolean {
  return isTest(path) || path.endsWith('.io.ts') || path === 'main.ts' || path.startsWith('cli/')
}
function mayUsePackages(path: string): boolean {
  return touchesWorld(path) || path.startsWith('host/')
}
function mayWait(path: string): boolean {
  return (
    touchesWorld(path) ||
    path.endsWith('/driver.ts') ||
    path.endsWith('.driver.ts') ||
    path.startsWith('api/') ||
    path === 'daemon.ts' ||
    ['host/host.ts', 'raft/machine.ts', 'raft/types.ts', 'store/types.ts', 'lib/wait.ts', 'lib/inbox.ts'].includes(path)
  )
}

interface Import {
  readonly from: string
  readonly typeOnly: boolean
}

function importsOf(text: string): Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
  return [...text.matchAll(pattern)].map((found) => ({
    from: found[2] ?? found[3] ?? '',
    typeOnly: found[1] !== undefined,
  }))
}

/** The text without comments and string contents, so that prose is not taken for code. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/[^\n]*/g, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}

function isBarrel(text: string): boolean {
  const statements = code(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return statements.length > 0 && statements.every((line) => /^export (type )?(\*|\{[^}]*\}) from /.test(line))
}

/** Circles among files by imports that remain at run time. */
function circles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => normalize(join(dirname(path), from))),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push(`${trail.slice(at).concat(path).join(' -> ')}: import circle`)
    if (at >= 0 || done.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) walk(path, [])
  return found
}
