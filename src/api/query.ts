import { badRequest, type FieldCause, invalidOptions } from './status.ts'

/**
 * What may stand after the `?`, read once, at the door. Unknown parameters (`pretty`, `timeout`, whatever clients add)
 * are overlooked, as Kubernetes does; known ones with a value that is none are refused.
 */
export interface ReadOptions {
  readonly labelSelector: string
  readonly fieldSelector: string
  /** 0: all. */
  readonly limit: number
  readonly continueToken: string
  /** Null: what is newest. 0: whatever this node holds. Else: at least, or with `exact` exactly, this. */
  readonly resourceVersion: number | null
  readonly exact: boolean
  readonly watch: boolean
  readonly bookmarks: boolean
  /** `sendInitialEvents`: the watch begins with what there is. Null: not said. */
  readonly initialEvents: boolean | null
  /** Null: not said. */
  readonly timeoutSeconds: number | null
  /** Of tables. */
  readonly includeObject: 'None' | 'Metadata' | 'Object'
}

export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
}

const limits = { parametersMax: 64, selectorCharsMax: 16_384, timeoutSecondsMax: 24 * 3600, managerCharsMax: 128 }

/** `target` as sent: path and query. */
export function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf('?')
  if (mark < 0) return { path: target, query: new URLSearchParams() }
  const query = new URLSearchParams(target.slice(mark + 1))
  if (query.size > limits.parametersMax) throw badRequest(`more than ${limits.parametersMax} query parameters`)
  return { path: target.slice(0, mark), query }
}

export function readOptions(query: URLSearchParams): ReadOptions {
  const options: ReadOptions = {
    labelSelector: selector(query, 'labelSelector'),
    fieldSelector: selector(query, 'fieldSelector'),
    limit: integer(query, 'limit') ?? 0,
    continueToken: query.get('continue') ?? '',
    resourceVersion: resourceVersion(query),
    exact: query.get('resourceVersionMatch') === 'Exact',
    watch: flag(query, 'watch') ?? false,
    bookmarks: flag(query, 'allowWatchBookmarks') ?? false,
    initialEvents: flag(query, 'sendInitialEvents'),
    timeoutSeconds: integer(query, 'timeoutSeconds', limits.timeoutSecondsMax),
    includeObject: choice(query, 'includeObject', ['Metadata', 'None', 'Object'] as const),
  }
  const causes = [...matchCauses(query, options)]
  if (causes.length > 0) throw invalidOptions('ListOptions', causes)
  return options
}

/** Which combinations Kubernetes refuses. Clients that ask for a watch list take its 422 to fall back by. */
function* matchCauses(query: URLSearchParams, options: ReadOptions): Generator<FieldCause> {
  const match = query.get('resourceVersionMatch') ?? ''
  const field = 'resourceVersionMatch'
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    yield unsupported(field, match, ['Exact', 'NotOlderThan', ''])
    return
  }
  if (options.watch) {
    if (options.initialEvents !== null && match !== 'NotOlderThan') {
      yield forbiddenField(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    }
    if (options.initialEvents === null && match !== '') {
      yield forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
    }
    return
  }
  if (options.initialEvents !== null) {
    yield forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  }
  if (match === '') return
  if (options.resourceVersion === null) {
    yield forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided')
  }
  if (options.continueToken !== '') {
    yield forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided')
  }
  if (match === 'Exact' && options.resourceVersion === 0) {
    yield forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
}

export function writeOptions(
  query: URLSearchParams,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
): WriteOptions {
  const writer = query.get('fieldManager') ?? ''
  if (writer.length > limits.managerCharsMax) {
    const message = `Too long: may not be more than ${limits.managerCharsMax} bytes`
    throw invalidOptions(kind, [{ reason: 'FieldValueTooLong', message, field: 'fieldManager' }])
  }
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation)) {
    throw invalidOptions(kind, [unsupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn'])])
  }
  return {
    dryRun: dryRun(query.getAll('dryRun'), kind),
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
  }
}

/** `kind` is the options' name in the refusal. */
export function dryRun(values: readonly string[], kind: string): boolean {
  const wrong = values.find((value) => value !== 'All' && value !== '')
  if (wrong !== undefined) throw invalidOptions(kind, [unsupported('dryRun', wrong, ['All'])])
  return values.includes('All')
}

function unsupported(field: string, value: string, supported: readonly string[]): FieldCause {
  const list = supported.map((name) => JSON.stringify(name)).join(', ')
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
    field,
  }
}

function forbiddenField(field: string, why: string): FieldCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field }
}

function selector(query: URLSearchParams, name: string): string {
  const text = query.get(name) ?? ''
  if (text.length > limits.selectorCharsMax) {
    throw badRequest(`${name} is longer than ${limits.selectorCharsMax} characters`)
  }
  return text
}

function flag(query: URLSearchParams, name: string): boolean | null {
  const text = query.get(name)
  if (text === null) return null
  // As Go's client libraries convert it: anything but these words is true.
  return !['false', '0', 'f', 'F', 'FALSE', 'False'].includes(text)
}

/** A count that fits; null where nothing is said. */
export function integer(query: URLSearchParams, name: string, max = Number.MAX_SAFE_INTEGER): number | null {
  const text = query.get(name) ?? ''
  if (text === '') return null
  const value = Number(text)
  if (!/^\d{1,16}$/.test(text) || value > Number.MAX_SAFE_INTEGER) {
    throw badRequest(
      `invalid value for the query parameter ${name}: ${JSON.stringify(text.slice(0, 64))} is not a whole number`,
    )
  }
  return Math.min(value, max)
}

function resourceVersion(query: URLSearchParams): number | null {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return null
  const value = Number(text)
  if (/^\d{1,16}$/.test(text) && value <= Number.MAX_SAFE_INTEGER) return value
  const message = `Invalid value: ${JSON.stringify(text.slice(0, 64))}: must be the resourceVersion of an object or a list`
  throw invalidOptions('ListOptions', [{ reason: 'FieldValueInvalid', message, field: 'resourceVersion' }])
}

function choice<T extends string>(query: URLSearchParams, name: string, supported: readonly [T, ...T[]]): T {
  const text = query.get(name) ?? ''
  if (text === '') return supported[0]
  const found = supported.find((one) => one === text)
  if (found === undefined) throw invalidOptions('TableOptions', [unsupported(name, text, supported)])
  return found
}
