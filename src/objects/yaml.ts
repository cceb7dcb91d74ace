import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from 'yaml'
import { decodeUtf8, depthMax, failure, type Parsed, parseJson } from './json.ts'
import type { Json } from './value.ts'

/**
 * YAML as Kubernetes reads it: 1.1, so that `yes` and `on` are booleans and `0644` is octal, but without what Go's
 * decoder leaves alone: times (`22:30`, `2001-01-01` stay text), binary, sets and ordered maps.
 */

/**
 * YAML is read slowly: half a second for so much of the worst (nothing but commas, or empty lines), in which the daemon
 * hears no heartbeat. What is larger is sent as JSON.
 */
const yamlBytesMax = 128 * 1024
/** How often aliases may be followed: enough for people, not for a bomb. */
const aliasesMax = 100
const duplicatesMax = 100

/** One document, or JSON, which is YAML too; errors name the line. */
export function parseYaml(text: string | Uint8Array): Parsed {
  const source = typeof text === 'string' ? text : decodeUtf8(text)
  if (source === null) return failure('invalid UTF-8')
  if (source.trimStart().startsWith('{')) {
    const json = parseJson(source)
    if (json.error === null) return json
  }
  if (source.length > yamlBytesMax) return failure(`YAML of more than ${yamlBytesMax} characters: send it as JSON`)
  if (looksDeep(source)) return failure(`exceeded max depth of ${depthMax}`)
  try {
    return parse(source)
  } catch (cause) {
    // The parser descends by calls, and refuses aliases by throwing.
    if (cause instanceof RangeError) return failure(`exceeded max depth of ${depthMax}`)
    if (cause instanceof ReferenceError) return failure(`error converting YAML to JSON: yaml: ${cause.message}`)
    throw cause
  }
}

/**
 * Whether brackets, or dashes and spaces at the head of a line, nest deeper than anything that people write. Looked at
 * before the parser, whose time grows with the square of the depth and whose stack ends. Brackets in text count too:
 * only hundreds left open would tell.
 */
function looksDeep(source: string): boolean {
  let open = 0
  let dashes = 0
  let spaces = 0
  let atHead = true
  for (const char of source) {
    if (char === '\n') [atHead, dashes, spaces] = [true, 0, 0]
    else if (atHead && (char === '-' || char === '?' || char === ':')) dashes++
    else if (char !== ' ') atHead = false
    else if (atHead) spaces++
    if (char === '[' || char === '{') open++
    else if ((char === ']' || char === '}') && open > 0) open--
    if (open > depthMax || dashes > depthMax || spaces > 2 * depthMax) return true
  }
  return false
}

function parse(source: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(source, {
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: plainTags,
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  })
  const [error] = document.errors
  if (error !== undefined) {
    return failure(`error converting YAML to JSON: yaml: line ${lines.linePos(error.pos[0]).line}: ${error.message}`)
  }
  const duplicates: string[] = []
  if (!inspect(document.contents, '', 0, duplicates)) return failure(`exceeded max depth of ${depthMax}`)
  return { value: document.toJS({ maxAliasCount: aliasesMax }) as Json, duplicates, error: null }
}

const EXOTIC = ['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`)

/** Booleans but for `y` and `n`, which people write as keys and mean as letters. */
const YES = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/
const NO = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/

function plainTags(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string') return [tag]
    if (tag.format === 'TIME' || EXOTIC.includes(tag.tag)) return []
    if (tag.tag !== 'tag:yaml.org,2002:bool' || tag.collection !== undefined) return [tag]
    return [{ ...tag, test: tag.test?.test('yes') === true ? YES : NO }]
  })
}

/** Collects keys that stand twice in one map. False when the value nests too deep. */
function inspect(node: Node | null | undefined, path: string, depth: number, duplicates: string[]): boolean {
  if (depth > depthMax) return false
  if (isSeq(node)) {
    return node.items.every((item, i) => inspect(item as Node, `${path}[${i}]`, depth + 1, duplicates))
  }
  if (!isMap(node)) return true
  const keys = new Set<string>()
  return node.items.every(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : ''
    const here = path === '' ? name : `${path}.${name}`
    if (keys.has(name) && name !== '<<' && duplicates.length < duplicatesMax) duplicates.push(here)
    keys.add(name)
    return inspect(value as Node | null, here, depth + 1, duplicates)
  })
}
