import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from 'yaml'
import { decodeUtf8, depthMax, failure, type Parsed, parseJson } from './json.ts'
import type { Json } from './value.ts'

/**
 * YAML as Kubernetes reads it: 1.1, so that `yes` and `on` are booleans and `0644` is octal, but without what Go's
 * decoder leaves alone: times (`22:30`, `2001-01-01` stay text), binary, sets and ordered maps.
 */

/** YAML is read slowly; what is larger is sent as JSON. */
const yamlBytesMax = 1024 * 1024
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
  try {
    return parse(source)
  } catch (cause) {
    // The parser descends by calls, and refuses aliases by throwing.
    if (cause instanceof RangeError) return failure(`exceeded max depth of ${depthMax}`)
    if (cause instanceof ReferenceError) return failure(`error converting YAML to JSON: yaml: ${cause.message}`)
    throw cause
  }
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
    logLevel: 'silent',
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

function plainTags(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && !EXOTIC.includes(tag.tag)))
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
