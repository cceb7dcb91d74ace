import type { HttpResponse } from '../host/host.ts'
import { keyOf, prefixOf } from '../objects/stored.ts'
import type { JsonObject } from '../objects/types.ts'
import type { Change, Key, Version } from '../store/types.ts'
import type { Call } from './call.ts'
import { bookmarkLine, type EventType, eventLine, goneLine } from './events.ts'
import { newPulse } from './pulse.ts'
import { type ReadOptions, readOptions } from './query.ts'
import { joined, jsonResponse, type Rendering } from './render.ts'
import { type Select, selectBy } from './select.ts'
import { awaitFreshness, type World } from './world.ts'

const limits = {
  /** A watcher holds no queue: it pulls this many changes at a time, when its client has read the last ones. */
  changesPerPull: 200,
  recordsPerSlice: 200,
  /** Where the client does not say how long it wants to watch: this long, and up to as long again. */
  lifeMs: 30 * 60_000,
  bookmarkEveryMs: 60_000,
}

/** What one watcher wants. */
interface Watch extends Rendering {
  readonly prefix: string
  /** Null: all with the prefix. */
  readonly key: Key | null
  readonly select: Select
  readonly bookmarks: boolean
  readonly lifeMs: number
  /** Records that it begins with, told as added; null: it knows them. */
  readonly initial: readonly Version[] | null
  /** After the initial ones, a bookmark that says that they are complete. */
  readonly announceInitial: boolean
  /** The revision that the client knows. */
  readonly from: number
}

/** Changes as they come, one JSON text a line, without a gap from the revision that the client knows. */
export async function watch(world: World, call: Call): Promise<HttpResponse> {
  const options = readOptions(call.query)
  const select = selectBy(world, call.kind, options)
  await awaitFreshness(world, options.resourceVersion, call.signal)
  return jsonResponse(200, events(world, watchFor(world, call, options, select), call.signal))
}

function watchFor(world: World, call: Call, options: ReadOptions, select: Select): Watch {
  const { view } = world
  const { kind, namespace, name, form } = call
  const prefix = prefixOf(kind, namespace === '' ? undefined : namespace)
  const key = name === '' ? null : keyOf(kind, namespace, name)
  // Who names no revision knows nothing yet, unless it says that it does not want to.
  const unknowing = (options.resourceVersion ?? 0) === 0
  const wantsInitial = options.initialEvents ?? unknowing
  return {
    kind,
    form,
    includeObject: options.includeObject,
    prefix,
    key,
    select,
    bookmarks: options.bookmarks,
    lifeMs: options.timeoutSeconds === null ? lifeMs(world) : options.timeoutSeconds * 1000,
    initial: wantsInitial ? view.list(prefix) : null,
    announceInitial: options.initialEvents === true && options.bookmarks,
    from: wantsInitial || unknowing ? view.revision : (options.resourceVersion ?? view.revision),
  }
}

/** Spread, so that watchers that came together do not all come back together. */
function lifeMs(world: World): number {
  const [byte = 0] = world.entropy.bytes(1)
  return limits.lifeMs + Math.floor((limits.lifeMs * byte) / 256)
}

async function* events(world: World, wanted: Watch, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const lines = newLines(world, wanted)
  const follower = follow(world, wanted, signal)
  try {
    for (const slice of slices(wanted.initial ?? [], limits.recordsPerSlice)) {
      const added = slice.filter((version) => matches(wanted, version)).map((version) => lines.line('ADDED', version))
      if (added.length > 0) yield joined(added)
    }
    if (wanted.announceInitial) yield lines.bookmark(wanted.from, { 'k8s.io/initial-events-end': 'true' })
    while (!signal.aborted) {
      const changes = follower.pull()
      if (changes === 'compacted') {
        yield goneLine
        return
      }
      const told = changes.flatMap((change) => lines.change(change))
      if (told.length > 0) yield joined(told)
      const due = follower.due()
      if (wanted.bookmarks && due !== null) yield lines.bookmark(follower.revision())
      if (due === 'end') return
      if (!follower.behind()) await follower.wait()
    }
  } finally {
    follower.close()
  }
}

function matches(wanted: Watch, version: Version | null): version is Version {
  if (version === null || (wanted.key !== null && version.key !== wanted.key)) return false
  return wanted.select === null || wanted.select(version)
}

interface Lines {
  line(type: EventType, version: Version): Uint8Array
  change(change: Change): Uint8Array[]
  bookmark(revision: number, annotations?: JsonObject): Uint8Array
}

function newLines(world: World, wanted: Watch): Lines {
  // Of a watch in tables only the first event describes the columns.
  let first = true
  const line = (type: EventType, version: Version): Uint8Array => {
    const text = eventLine(world, wanted, type, version, first)
    first = false
    return text
  }
  return {
    line,
    /** An object that begins or ceases to be selected comes or goes for this watcher. */
    change({ revision, version, previous }) {
      const was = matches(wanted, previous) ? previous : null
      const is = matches(wanted, version) ? version : null
      if (is !== null) return [line(was === null ? 'ADDED' : 'MODIFIED', is)]
      // What ends is shown as it last was for this watcher, at the revision of its end.
      return was === null ? [] : [line('DELETED', { ...was, revision })]
    },
    bookmark: (revision, annotations) => bookmarkLine(wanted, revision, annotations),
  }
}

/** Follows the view's changes from the revision that the client knows. */
interface Follower {
  pull(): readonly Change[] | 'compacted'
  /** More is there already. */
  behind(): boolean
  revision(): number
  /** What the clock asks for, once. */
  due(): 'end' | 'bookmark' | null
  wait(): Promise<void>
  close(): void
}

function follow(world: World, wanted: Watch, signal: AbortSignal): Follower {
  const { view, clock } = world
  const pulse = newPulse()
  let revision = wanted.from
  let complete = false
  let due: 'end' | 'bookmark' | null = null
  const unsubscribe = view.subscribe((changes) => {
    const concerned = changes.length === 0 || changes.some((change) => change.key.startsWith(wanted.prefix))
    // One who waits for a quiet kind moves on with the others' changes, lest its place in history be forgotten.
    if (!concerned && complete) revision = Math.max(revision, changes.at(-1)?.revision ?? 0)
    else {
      complete = false
      pulse.ring()
    }
  })
  const ring = (what: 'end' | 'bookmark'): void => {
    if (due !== 'end') due = what
    pulse.ring()
  }
  const cancelEnd = clock.after(wanted.lifeMs, () => ring('end'))
  let cancelBookmark = (): void => undefined
  const scheduleBookmark = (): void => {
    cancelBookmark = clock.after(limits.bookmarkEveryMs, () => {
      ring('bookmark')
      scheduleBookmark()
    })
  }
  if (wanted.bookmarks) scheduleBookmark()
  signal.addEventListener('abort', pulse.ring, { once: true })
  return {
    pull() {
      const pulled = view.changes(wanted.prefix, revision, limits.changesPerPull)
      if (pulled === 'compacted') return pulled
      revision = Math.max(revision, pulled.through)
      complete = revision >= view.revision
      return pulled.changes
    },
    behind: () => !complete,
    revision: () => revision,
    due() {
      const what = due
      due = null
      return what
    },
    wait: () => pulse.wait(),
    close() {
      unsubscribe()
      cancelEnd()
      cancelBookmark()
      signal.removeEventListener('abort', pulse.ring)
    },
  }
}

function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
