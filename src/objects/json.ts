import type { Json } from './value.ts'

/** What a text said, and the paths of fields that stood twice in one object (the last one counts). */
export type Parsed =
  | { readonly value: Json; readonly duplicates: readonly string[]; readonly error: null }
  | { readonly value: null; readonly duplicates: readonly string[]; readonly error: string }

/** Nothing that people write nests deeper; what machines write to do harm does. */
export const depthMax = 256
/** More would only repeat the message. */
const duplicatesMax = 100

/** JSON text to a value. `__proto__` is a key like any other. */
export function parseJson(text: string | Uint8Array): Parsed {
  const source = typeof text === 'string' ? text : decodeUtf8(text)
  if (source === null) return failure('invalid UTF-8')
  if (source.trim() === '') return failure('unexpected end of JSON input')
  if (!shallow(source)) return failure(`exceeded max depth of ${depthMax}`)
  try {
    return { value: JSON.parse(source) as Json, duplicates: duplicateFields(source), error: null }
  } catch (cause) {
    return failure(cause instanceof Error ? cause.message : String(cause))
  }
}

export function failure(error: string): Parsed {
  return { value: null, duplicates: [], error }
}

/** Null when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) return null
    throw cause
  }
}

/** Whether brackets nest no deeper than `depthMax`; looked at before the parser spends work on them. */
function shallow(source: string): boolean {
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    const char = source[i]
    if (char === '"') i = endOfString(source, i)
    else if (char === '{' || char === '[') {
      if (++depth > depthMax) return false
    } else if (char === '}' || char === ']') depth--
  }
  return true
}

/** The index of the quote that ends the string that starts at `start`; the end of the text when there is none. */
function endOfString(source: string, start: number): number {
  let i = start + 1
  while (i < source.length && source[i] !== '"') i += source[i] === '\\' ? 2 : 1
  return i
}

/** One open object or list, and where in it the scan stands. */
interface Open {
  readonly keys: Set<string> | null
  readonly path: string
  /** The last key of an object, the index in a list. */
  key: string
  index: number
}

/** Scans a text that is known to be JSON for keys that repeat within one object. */
function duplicateFields(source: string): string[] {
  const found: string[] = []
  const open: Open[] = []
  for (let i = 0; i < source.length; i++) {
    const char = source[i]
    const here = open.at(-1)
    if (char === '"') {
      const end = endOfString(source, i)
      if (here?.keys && isKey(source, end)) {
        const key = JSON.parse(source.slice(i, end + 1)) as string
        if (here.keys.has(key) && found.length < duplicatesMax) found.push(join(here.path, key))
        here.keys.add(key)
        here.key = key
      }
      i = end
    } else if (char === '{' || char === '[') {
      open.push({ keys: char === '{' ? new Set() : null, path: pathOf(here), key: '', index: 0 })
    } else if (char === '}' || char === ']') open.pop()
    else if (char === ',' && here) here.index++
  }
  return found
}

/** In valid JSON a string followed by a colon is a key. */
function isKey(source: string, end: number): boolean {
  let i = end + 1
  while (source[i] === ' ' || source[i] === '\n' || source[i] === '\t' || source[i] === '\r') i++
  return source[i] === ':'
}

function pathOf(open: Open | undefined): string {
  if (open === undefined) return ''
  return open.keys === null ? `${open.path}[${open.index}]` : join(open.path, open.key)
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
