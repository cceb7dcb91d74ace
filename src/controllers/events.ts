import { formatTime, parseTime } from '../lib/rfc3339.ts'
import { keyOf } from '../objects/stored.ts'
import type { Event } from '../objects/types.ts'
import type { StoreView, Write } from '../store/types.ts'
import { born } from './birth.ts'
import { nameFrom } from './names.ts'
import { eventKind, getOf, listOf, put, putNew, remove } from './objects.ts'
import { type Happening, type Plan, planStep } from './plan.ts'

/**
 * What people are told: an Event for each thing that happened to an object. The same thing again is the same Event,
 * counted: its name follows from what happened to whom, so that no memory is needed to find it. No object tells more
 * than a few things at once, and what is too much is dropped: events are told, not kept.
 */
export interface Recorder {
  /** Takes note; nothing is written yet. */
  note(happenings: readonly Happening[], nowMs: number): void
  /** The writes for what was noted since the last time, one for each Event. */
  take(view: StoreView, nowMs: number, max: number): readonly Write[]
  readonly size: number
}

const pendingMax = 1_000
/** As in Kubernetes: 25 at once of one object, then one every five minutes. */
const burstMax = 25
const refillMs = 300_000
const spendersMax = 4_096

interface Noted {
  readonly happening: Happening
  readonly count: number
  readonly firstMs: number
}

export function newRecorder(): Recorder {
  const pending = new Map<string, Noted>()
  const spent = new Map<string, { readonly left: number; readonly atMs: number }>()

  /** Whether this object may tell one more thing. */
  function mayTell({ regarding, source }: Happening, nowMs: number): boolean {
    const spender = `${source} ${regarding.uid} ${regarding.name}`
    const before = spent.get(spender) ?? { left: burstMax, atMs: nowMs }
    const left = Math.min(burstMax, before.left + Math.max(0, nowMs - before.atMs) / refillMs)
    spent.delete(spender)
    if (spent.size >= spendersMax) spent.delete(spent.keys().next().value ?? '')
    spent.set(spender, { left: left < 1 ? left : left - 1, atMs: nowMs })
    return left >= 1
  }

  return {
    get size() {
      return pending.size
    },
    note(happenings, nowMs) {
      for (const happening of happenings) {
        const name = nameOf(happening)
        const before = pending.get(name)
        if (before === undefined && (pending.size >= pendingMax || !mayTell(happening, nowMs))) continue
        pending.set(name, { happening, count: (before?.count ?? 0) + 1, firstMs: before?.firstMs ?? nowMs })
      }
    },
    take(view, nowMs, max) {
      const writes: Write[] = []
      for (const [name, noted] of pending) {
        if (writes.length === max) break
        pending.delete(name)
        writes.push(writeOf(name, noted, view, nowMs))
      }
      return writes
    },
  }
}

function nameOf({ type, reason, message, regarding, source }: Happening): string {
  const hash = nameFrom(16, regarding.uid, type, reason, message, source)
  return `${regarding.name.slice(0, 230)}.${hash}`
}

function writeOf(name: string, { happening, count, firstMs }: Noted, view: StoreView, nowMs: number): Write {
  const { type, reason, message, regarding, source } = happening
  // What concerns the cluster as a whole is told in the default namespace.
  const namespace = regarding.namespace === '' ? 'default' : regarding.namespace
  const before = getOf<Event>(eventKind, view, namespace, name)
  if (before !== undefined) {
    const { object } = before
    return put(before, { ...object, count: (object.count ?? 1) + count, lastTimestamp: formatTime(nowMs) })
  }
  const { uid, ...about } = regarding
  const event: Event = {
    metadata: { name, namespace },
    involvedObject: { ...about, ...(uid === '' ? {} : { uid }) },
    reason,
    message,
    source: { component: source },
    firstTimestamp: formatTime(firstMs),
    lastTimestamp: formatTime(nowMs),
    count,
    type,
    reportingComponent: source,
    reportingInstance: '',
  }
  return putNew(eventKind, born(eventKind, event, `${keyOf(eventKind, namespace, name)}\n${view.revision}`, nowMs))
}

// ---- Their end ---------------------------------------------------------------------------------------------------

const keptMs = 3_600_000
const sweepEveryMs = 60_000
const removedPerSweepMax = 500

/** Events that are old go, whoever wrote them. */
export function sweepEvents(view: StoreView, nowMs: number): Plan {
  const old = listOf<Event>(eventKind, view).filter(({ object }) => nowMs - lastMs(object) >= keptMs)
  const steps = old.slice(0, removedPerSweepMax).map((event) => planStep('event forgotten', remove(event)))
  return { steps, retryAfterMs: old.length > removedPerSweepMax ? 0 : sweepEveryMs }
}

function lastMs({ metadata, lastTimestamp, eventTime, series }: Event): number {
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp]
  return Math.max(0, ...times.map((time) => parseTime(time ?? '') ?? 0))
}
