import type { ApiObject, WatchEvent } from './client.ts'
import { Violation } from './violation.ts'

/**
 * What all watchers of one resource were told. A watcher starts from a list and follows; when its stream breaks it goes
 * on, at any node, from the last revision it saw. Demanded: revisions only rise, nothing comes twice, what is added was
 * not there and what is changed or deleted was; all watchers are told the same at the same revision; and of everything
 * that anybody was told between the first and the last revision of a watcher, that watcher was told, too.
 */
export interface WatchChecker {
  watcher(name: string): Watcher
  /** At the end: no gaps. */
  check(): void
  readonly counts: { events: number; resumed: number; expired: number; lists: number }
}

export interface Watcher {
  /** A list as of a revision: where to go on from. */
  listed(revision: number, items: readonly ApiObject[]): void
  event(event: WatchEvent): void
  /** Where to resume. Null: list first. */
  readonly revision: number | null
  resumed(): void
  /** The changes asked for are no longer kept: list again. */
  expired(): void
  /** What stands now, as far as this watcher was told. */
  readonly objects: ReadonlyMap<string, ApiObject>
}

/** One stretch of a watcher without a list in between. */
interface Span {
  readonly watcher: string
  readonly from: number
  through: number
  readonly seen: Set<number>
}

export function newWatchChecker(resource: string): WatchChecker {
  /** What happened at each revision, as first told. */
  const told = new Map<number, string>()
  const spans: Span[] = []
  const counts = { events: 0, resumed: 0, expired: 0, lists: 0 }
  const broken = (invariant: string, detail: string): never => {
    throw new Violation(invariant, `${resource}: ${detail}`)
  }

  return {
    counts,
    watcher(name) {
      let span: Span | null = null
      const objects = new Map<string, ApiObject>()
      return {
        objects,
        get revision() {
          return span?.through ?? null
        },
        listed(revision, items) {
          counts.lists++
          span = { watcher: name, from: revision, through: revision, seen: new Set() }
          spans.push(span)
          objects.clear()
          for (const item of items) {
            const own = revisionOf(item)
            if (own > revision)
              broken(
                'a list holds nothing newer than its revision',
                `${nameOf(item)} at ${own} in a list of ${revision}`,
              )
            objects.set(nameOf(item), item)
          }
        },
        event({ type, object }) {
          const revision = revisionOf(object)
          if (span === null) return broken('a watch follows a list', name)
          if (type === 'BOOKMARK') {
            if (revision < span.through)
              broken('a watch never goes back', `${name}: bookmark ${revision} after ${span.through}`)
            span.through = revision
            return
          }
          counts.events++
          const key = nameOf(object)
          const what = `${type} ${key} ${JSON.stringify(object)}`
          if (span.seen.has(revision)) broken('a watch tells nothing twice', `${name}: ${what}`)
          if (revision <= span.through)
            broken('a watch keeps order', `${name}: ${revision} after ${span.through}: ${what}`)
          if ((type === 'ADDED') === objects.has(key))
            broken('a watch tells changes of what is there', `${name}: ${what}`)
          const before = told.get(revision)
          if (before !== undefined && before !== what)
            broken('all watches tell the same', `at ${revision}: ${before}, then ${name}: ${what}`)
          told.set(revision, what)
          span.seen.add(revision)
          span.through = revision
          if (type === 'DELETED') objects.delete(key)
          else objects.set(key, object)
        },
        resumed() {
          counts.resumed++
        },
        expired() {
          counts.expired++
          span = null
        },
      }
    },
    check() {
      for (const { watcher, from, through, seen } of spans) {
        for (const [revision, what] of told) {
          if (revision > from && revision <= through && !seen.has(revision)) {
            broken(
              'a watch has no gaps',
              `${watcher}, who saw ${from} to ${through}, was not told of ${revision}: ${what}`,
            )
          }
        }
      }
    },
  }
}

export function revisionOf(object: ApiObject): number {
  return Number(object.metadata?.resourceVersion ?? Number.NaN)
}

export function nameOf(object: ApiObject): string {
  return object.metadata?.name ?? ''
}
