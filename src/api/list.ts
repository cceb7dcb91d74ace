import type { HttpResponse } from '../host/host.ts'
import { prefixOf } from '../objects/stored.ts'
import type { Key, StoreView, Version } from '../store/types.ts'
import type { Call } from './call.ts'
import { type ReadOptions, readOptions } from './query.ts'
import { jsonResponse, renderList } from './render.ts'
import { type Select, selectBy } from './select.ts'
import { badRequest, expired } from './status.ts'
import { awaitFreshness, type World } from './world.ts'

const limits = {
  /** Records looked at in one step of a page. */
  recordsPerStep: 1_000,
  /** Changes that are undone to show a list as it was; beyond it the list is expired. */
  changesUndoneMax: 20_000,
  tokenCharsMax: 2_048,
}

export async function list(world: World, call: Call): Promise<HttpResponse> {
  const { kind, form } = call
  const options = readOptions(call.query)
  const select = selectBy(world, kind, options)
  const page = await readPage(world, call, options, select)
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.next === null ? {} : { continue: tokenFor({ revision: page.revision, after: page.next }) }),
  }
  return jsonResponse(
    200,
    renderList(world, { kind, form, includeObject: options.includeObject }, page.versions, metadata),
  )
}

interface Page {
  readonly versions: readonly Version[]
  /** All pages of one list show the same moment. */
  readonly revision: number
  /** The key after which the list goes on; null at its end. */
  readonly next: Key | null
}

async function readPage(world: World, call: Call, options: ReadOptions, select: Select): Promise<Page> {
  const prefix = prefixOf(call.kind, call.namespace === '' ? undefined : call.namespace)
  if (options.continueToken !== '') {
    if ((options.resourceVersion ?? 0) !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue')
    }
    const token = readToken(options.continueToken, prefix)
    await awaitFreshness(world, token.revision, call.signal)
    return pageAt(world.view, prefix, token.revision, token.after, options.limit, select)
  }
  await awaitFreshness(world, options.resourceVersion, call.signal)
  const revision = options.exact ? (options.resourceVersion ?? world.view.revision) : world.view.revision
  return pageAt(world.view, prefix, revision, null, options.limit, select)
}

/** The records as they were at `revision`: those of now, with the changes since undone. */
function pageAt(
  view: StoreView,
  prefix: string,
  revision: number,
  after: Key | null,
  limit: number,
  select: Select,
): Page {
  const before = recordsChangedSince(view, prefix, revision)
  if (limit === 0 && after === null && before.size === 0) {
    const all = view.list(prefix)
    return { versions: select === null ? all : all.filter(select), revision, next: null }
  }
  const versions: Version[] = []
  for (const version of recordsAt(view, prefix, after, before)) {
    if (select !== null && !select(version)) continue
    const last = versions.at(-1)
    if (limit > 0 && versions.length === limit && last !== undefined) return { versions, revision, next: last.key }
    versions.push(version)
  }
  return { versions, revision, next: null }
}

/** What each record that has changed since was before; null: it was not there. */
function recordsChangedSince(view: StoreView, prefix: string, revision: number): ReadonlyMap<Key, Version | null> {
  const before = new Map<Key, Version | null>()
  if (revision >= view.revision) return before
  const since = view.changes(prefix, revision, limits.changesUndoneMax)
  if (since === 'compacted' || since.through < view.revision) {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. Start a new list without it.',
    )
  }
  for (const change of since.changes) if (!before.has(change.key)) before.set(change.key, change.previous)
  return before
}

function* recordsAt(
  view: StoreView,
  prefix: string,
  after: Key | null,
  before: ReadonlyMap<Key, Version | null>,
): Generator<Version> {
  const changed = [...before.keys()].filter((key) => after === null || key > after).sort()
  let undone = 0
  let from = after
  for (;;) {
    const records = view.page(prefix, from, limits.recordsPerStep)
    for (const record of records) {
      // What stood before this record then, and may stand nowhere now.
      for (let key = changed[undone]; key !== undefined && key < record.key; key = changed[++undone]) {
        const version = before.get(key) ?? null
        if (version !== null) yield version
      }
      if (changed[undone] === record.key) undone++
      const then = before.has(record.key) ? (before.get(record.key) ?? null) : record
      if (then !== null) yield then
    }
    const last = records.at(-1)
    if (last === undefined || records.length < limits.recordsPerStep) break
    from = last.key
  }
  for (const key of changed.slice(undone)) {
    const version = before.get(key) ?? null
    if (version !== null) yield version
  }
}

interface Token {
  readonly revision: number
  readonly after: Key
}

/** Opaque to clients: base64url of `<revision> <key>`. Keys are ASCII. */
function tokenFor(token: Token): string {
  return btoa(`${token.revision} ${token.after}`).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

function readToken(text: string, prefix: string): Token {
  const parts = text.length > limits.tokenCharsMax ? null : /^(\d{1,16}) (\S+)$/.exec(fromBase64(text))
  const revision = Number(parts?.[1])
  const after = parts?.[2] ?? ''
  if (!Number.isSafeInteger(revision) || !after.startsWith(prefix)) throw badRequest('continue key is not valid')
  return { revision, after }
}

function fromBase64(text: string): string {
  try {
    return atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  } catch {
    // Not base64: no token of ours.
    return ''
  }
}
