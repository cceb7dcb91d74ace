import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import { nearest } from '../lib/nearest.ts'
import { isAddress, isDnsLabel, labelProblem } from './names.ts'

/** What a config file may say of a node. Everything is optional: flags and defaults fill in. */
export interface FileSettings {
  readonly name?: string
  readonly dataDir?: string
  readonly advertise?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly zone?: string
  readonly podsMax?: number
  readonly api?: { readonly address?: string; readonly port?: number }
  readonly gossip?: { readonly address?: string; readonly port?: number; readonly preset?: 'lan' | 'wan' | 'local' }
  readonly raft?: { readonly tickMs?: number; readonly heartbeatTicks?: number; readonly electionTicks?: number }
  readonly docker?: { readonly socket?: string }
  readonly log?: { readonly level?: 'debug' | 'info' | 'warn' | 'error'; readonly format?: 'text' | 'json' }
}

/** A file for one node, or, with `nodes`, one for many: what stands outside holds for all of them. */
export interface ConfigFile extends FileSettings {
  readonly nodes?: readonly (FileSettings & { readonly name: string })[]
}

type Shape =
  | { readonly type: 'text'; readonly check?: (text: string) => string | null }
  | { readonly type: 'integer'; readonly least: number; readonly most: number }
  | { readonly type: 'choice'; readonly of: readonly string[] }
  | { readonly type: 'map'; readonly keys: Readonly<Record<string, Shape>>; readonly needs?: readonly string[] }
  | { readonly type: 'labels' }
  | { readonly type: 'list'; readonly of: Shape }

const address: Shape = { type: 'text', check: (text) => (isAddress(text) ? null : 'must be an IP address') }
const port: Shape = { type: 'integer', least: 1, most: 65_535 }
const node: Readonly<Record<string, Shape>> = {
  name: {
    type: 'text',
    check: (text) => (isDnsLabel(text) ? null : 'must be a DNS label: a-z, 0-9 and -, at most 63'),
  },
  dataDir: { type: 'text' },
  advertise: address,
  labels: { type: 'labels' },
  zone: { type: 'text', check: (text) => labelProblem('topology.kubernetes.io/zone', text) },
  podsMax: { type: 'integer', least: 1, most: 1_000 },
  api: { type: 'map', keys: { address, port } },
  gossip: { type: 'map', keys: { address, port, preset: { type: 'choice', of: ['lan', 'wan', 'local'] } } },
  raft: {
    type: 'map',
    keys: {
      tickMs: { type: 'integer', least: 10, most: 1_000 },
      heartbeatTicks: { type: 'integer', least: 1, most: 100 },
      electionTicks: { type: 'integer', least: 5, most: 1_000 },
    },
  },
  docker: { type: 'map', keys: { socket: { type: 'text' } } },
  log: {
    type: 'map',
    keys: {
      level: { type: 'choice', of: ['debug', 'info', 'warn', 'error'] },
      format: { type: 'choice', of: ['text', 'json'] },
    },
  },
}
const shape: Shape = {
  type: 'map',
  keys: { ...node, nodes: { type: 'list', of: { type: 'map', keys: node, needs: ['name'] } } },
}

/** The file's settings, or its problems, each as `line: what`, in the order of the file. */
export function parseConfigFile(
  text: string,
): { readonly file: ConfigFile } | { readonly problems: readonly string[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problems: string[] = []
  const say = (offset: number | undefined, what: string): void => {
    problems.push(`${lines.linePos(offset ?? 0).line}: ${what}`)
  }
  for (const { pos, message } of document.errors) say(pos[0], message)
  if (problems.length > 0) return { problems }
  if (document.contents === null) return { file: {} }
  const file = read(document.contents, shape, '', say) as ConfigFile
  if (problems.length === 0) checkNames(file, (what) => say(0, what))
  return problems.length > 0 ? { problems } : { file }
}

type Say = (offset: number | undefined, what: string) => void

function read(found: Node, wanted: Shape, path: string, say: Say): unknown {
  const start = found.range?.[0]
  if (wanted.type === 'map') return isMap(found) ? readMap(found.items, wanted, path, say) : wrong('a map of settings')
  if (wanted.type === 'labels') return isMap(found) ? readLabels(found.items, path, say) : wrong('a map of labels')
  if (wanted.type === 'list') {
    if (!isSeq(found)) return wrong('a list')
    return found.items.map((item, i) => read(item as Node, wanted.of, `${path}[${i}]`, say))
  }
  const value = isScalar(found) ? found.value : undefined
  if (wanted.type === 'integer') {
    const { least, most } = wanted
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    return wrong(`a whole number from ${least} to ${most}`)
  }
  if (typeof value !== 'string' || value === '')
    return wrong(wanted.type === 'choice' ? wanted.of.join(' or ') : 'text')
  if (wanted.type === 'choice') return wanted.of.includes(value) ? value : wrong(wanted.of.join(' or '))
  const problem = wanted.check?.(value) ?? null
  if (problem !== null) say(start, `${path} ${problem}, not ${JSON.stringify(value)}`)
  return value

  function wrong(what: string): undefined {
    const given = isScalar(found)
      ? JSON.stringify(found.value)
      : isSeq(found)
        ? 'a list'
        : isMap(found)
          ? 'a map'
          : 'an alias'
    say(start, `${path === '' ? 'the file' : path} must be ${what}, not ${given}`)
    return undefined
  }
}

function readMap(items: readonly Pair[], wanted: Shape & { type: 'map' }, path: string, say: Say): object {
  const read_: Record<string, unknown> = {}
  for (const { key, value } of items) {
    const name = String(isScalar(key) ? key.value : key)
    const inner = Object.hasOwn(wanted.keys, name) ? wanted.keys[name] : undefined
    const full = path === '' ? name : `${path}.${name}`
    if (inner === undefined) say((key as Node).range?.[0], unknownKey(full, name, Object.keys(wanted.keys)))
    else if (value !== null) read_[name] = read(value as Node, inner, full, say)
  }
  const missing = (wanted.needs ?? []).filter((name) => read_[name] === undefined)
  const first = items[0]?.key as Node | undefined
  if (missing.length > 0) say(first?.range?.[0], `${path} needs a ${missing.join(' and a ')}`)
  return read_
}

function unknownKey(full: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return `unknown key ${JSON.stringify(full)}${meant === null ? `; known: ${known.join(', ')}` : `: did you mean ${meant}?`}`
}

function readLabels(items: readonly Pair[], path: string, say: Say): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const { key, value } of items) {
    const name = String(isScalar(key) ? key.value : key)
    const text = isScalar(value) ? value.value : undefined
    const start = (key as Node).range?.[0]
    const problem = typeof text === 'string' ? labelProblem(name, text) : 'needs text as its value (in quotes)'
    if (problem !== null) say(start, `${path}.${name} ${problem}`)
    else labels[name] = String(text)
  }
  return labels
}

function checkNames(file: ConfigFile, say: (what: string) => void): void {
  const names = (file.nodes ?? []).map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) say(`nodes names ${twice} twice`)
}

/**
 * What the file says of one node: its own entry over what holds for all. Null when the file lists nodes, but not this one.
 */
export function settingsFor(file: ConfigFile, name: string): FileSettings | null {
  const { nodes, ...common } = file
  if (nodes === undefined) return common
  const own = nodes.find((entry) => entry.name === name)
  if (own === undefined) return null
  return {
    ...common,
    ...own,
    labels: { ...common.labels, ...own.labels },
    api: { ...common.api, ...own.api },
    gossip: { ...common.gossip, ...own.gossip },
    raft: { ...common.raft, ...own.raft },
    docker: { ...common.docker, ...own.docker },
    log: { ...common.log, ...own.log },
  }
}
