import { unreachable } from '../lib/assert.ts'
import type { Kind } from './kind.ts'
import { labelValue, qualifiedName } from './rules.ts'
import { type KubeObject, own } from './value.ts'

/** Label selectors (`a=b,c in (x,y),!d`) and field selectors (`status.phase!=Running`). */

export type Result<T> = { readonly value: T; readonly error: null } | { readonly value: null; readonly error: string }

/** All must hold; none: everything is selected. */
export type LabelSelector = readonly Requirement[]

export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

type Operator = 'in' | 'notin' | 'exists' | '!' | '>' | '<'

const selectorCharsMax = 64 * 1024

export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = own(labels, key)
    switch (operator) {
      case 'in':
        return value !== undefined && values.includes(value)
      case 'notin':
        // What lacks the label differs from every value.
        return value === undefined || !values.includes(value)
      case 'exists':
        return value !== undefined
      case '!':
        return value === undefined
      case '>':
        return isInteger(value) && BigInt(value) > BigInt(values[0] ?? 0)
      case '<':
        return isInteger(value) && BigInt(value) < BigInt(values[0] ?? 0)
      default:
        return unreachable(operator)
    }
  })
}

/** Empty text selects all. */
export function parseLabelSelector(text: string): Result<LabelSelector> {
  if (text.length > selectorCharsMax)
    return { value: null, error: `selector is longer than ${selectorCharsMax} characters` }
  const tokens = tokensOf(text)
  const requirements: Requirement[] = []
  for (let at = 0; at < tokens.length; ) {
    const parsed = requirement(tokens, at)
    if (typeof parsed === 'string') return { value: null, error: parsed }
    const error = judge(parsed.requirement)
    if (error !== null) return { value: null, error }
    requirements.push(parsed.requirement)
    at = parsed.next
    if (at === tokens.length) break
    if (tokens[at] !== ',') return { value: null, error: `found '${tokens[at]}', expected: ',' or 'end of string'` }
    if (++at === tokens.length) return { value: null, error: "found '', expected: identifier after ','" }
  }
  return { value: requirements, error: null }
}

/** Signs, and words between them; spaces only separate. */
function tokensOf(text: string): string[] {
  return text.match(/[!=]=|[(),=!<>]|[^\s(),=!<>]+/g) ?? []
}

const SIGNS = new Set(['!=', '==', '=', '!', '(', ')', ',', '<', '>'])

function requirement(tokens: readonly string[], start: number): { requirement: Requirement; next: number } | string {
  if (tokens[start] === '!') {
    const key = tokens[start + 1]
    if (!isWord(key)) return `found '${key ?? ''}', expected: identifier`
    return { requirement: { key, operator: '!', values: [] }, next: start + 2 }
  }
  const [key, sign] = [tokens[start], tokens[start + 1]]
  if (!isWord(key)) return `found '${key ?? ''}', expected: !, identifier, or 'end of string'`
  if (sign === undefined || sign === ',') {
    return { requirement: { key, operator: 'exists', values: [] }, next: start + 1 }
  }
  if (sign === 'in' || sign === 'notin') return valueSet(tokens, start, key, sign)
  if (!['=', '==', '!=', '>', '<'].includes(sign)) {
    return `found '${sign}', expected: in, notin, =, ==, !=, gt, lt`
  }
  // `a=` asks for the empty value.
  const given = tokens[start + 2]
  const value = isWord(given) ? given : ''
  const next = start + (isWord(given) ? 3 : 2)
  const operator: Operator = sign === '!=' ? 'notin' : sign === '>' || sign === '<' ? sign : 'in'
  return { requirement: { key, operator, values: [value] }, next }
}

/** `in (x,y,)`: an empty place is the empty value. */
function valueSet(
  tokens: readonly string[],
  start: number,
  key: string,
  operator: 'in' | 'notin',
): { requirement: Requirement; next: number } | string {
  if (tokens[start + 2] !== '(') return `found '${tokens[start + 2] ?? ''}' expected: '('`
  const values: string[] = []
  let pending = ''
  for (let at = start + 3; at < tokens.length; at++) {
    const token = tokens[at]
    if (token === ')') {
      return { requirement: { key, operator, values: [...new Set([...values, pending])].sort() }, next: at + 1 }
    }
    if (token === ',') {
      values.push(pending)
      pending = ''
    } else if (isWord(token) && pending === '') pending = token
    else return `found '${token}', expected: ',', or ')'`
  }
  return "found '', expected: ',', or ')'"
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !SIGNS.has(token)
}

function judge({ key, operator, values }: Requirement): string | null {
  const [keyFault] = qualifiedName(key)
  if (keyFault !== undefined) return `key: Invalid value: ${JSON.stringify(key)}: ${keyFault}`
  if (operator === '>' || operator === '<') {
    return isInteger(values[0])
      ? null
      : `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`
  }
  for (const [i, value] of values.entries()) {
    const [fault] = labelValue(value)
    if (fault !== undefined) return `values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`
  }
  return null
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^[+-]?\d{1,18}$/.test(text)
}

export type FieldSelector = readonly FieldRequirement[]

export interface FieldRequirement {
  readonly path: string
  readonly equal: boolean
  readonly value: string
}

const fieldRequirementsMax = 100

/** Refuses fields that the kind cannot be selected by. Empty text selects all. */
export function parseFieldSelector(kind: Kind, text: string): Result<FieldSelector> {
  const terms = splitTerms(text)
  if (terms.length > fieldRequirementsMax) {
    return { value: null, error: `more than ${fieldRequirementsMax} field requirements` }
  }
  const requirements: FieldRequirement[] = []
  for (const term of terms) {
    const match = /^([^=!]+)(!=|==|=)(.*)$/s.exec(term)
    if (match === null)
      return {
        value: null,
        error: `invalid field selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(term)}`,
      }
    const [, path = '', sign, value = ''] = match
    if (fieldOf(kind, path) === undefined) return { value: null, error: `field label not supported: ${path}` }
    const plain = withoutEscapes(value)
    if (plain === null)
      return { value: null, error: `invalid field selector: invalid escape in ${JSON.stringify(value)}` }
    requirements.push({ path, equal: sign !== '!=', value: plain })
  }
  return { value: requirements, error: null }
}

export function matchesFields(kind: Kind, selector: FieldSelector, object: KubeObject): boolean {
  return selector.every(({ path, equal, value }) => (fieldOf(kind, path)?.(object) === value) === equal)
}

function fieldOf(kind: Kind, path: string): ((object: KubeObject) => string) | undefined {
  if (path === 'metadata.name') return ({ metadata }) => metadata.name
  if (path === 'metadata.namespace') return ({ metadata }) => metadata.namespace ?? ''
  return own(kind.selectable, path)
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []).filter((term) => term !== '')
}

/** `\\`, `\,` and `\=` stand for the signs themselves; nothing else is escaped. */
function withoutEscapes(value: string): string | null {
  const plain = value.replaceAll(/\\[\\,=]/g, '')
  if (/[\\=]/.test(plain)) return null
  return value.replaceAll(/\\([\\,=])/g, '$1')
}
