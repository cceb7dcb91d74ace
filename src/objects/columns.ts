import { parseTime } from '../lib/rfc3339.ts'
import type { Column } from './kind.ts'
import type { KubeObject } from './value.ts'

/** The columns that `kubectl get` prints, and how it writes ages. */

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  doc: 'The name, unique in the namespace.',
  wide: false,
  cell: (object) => object.metadata.name,
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  format: '',
  doc: 'The time since its creation.',
  wide: false,
  cell: ({ metadata }, nowMs) => since(metadata.creationTimestamp, nowMs),
}

export function column<O extends KubeObject>(
  name: string,
  doc: string,
  cell: (object: O, nowMs: number) => string | number,
): Column<O> {
  return { name, type: 'string', format: '', doc, wide: false, cell }
}

/** Shown only by `-o wide`. */
export function wideColumn<O extends KubeObject>(
  name: string,
  doc: string,
  cell: (object: O, nowMs: number) => string,
): Column<O> {
  return { name, type: 'string', format: '', doc, wide: true, cell }
}

export function countColumn<O extends KubeObject>(name: string, doc: string, cell: (object: O) => number): Column<O> {
  return { name, type: 'integer', format: '', doc, wide: false, cell }
}

/** The age of a time, `<unknown>` when there is none. */
export function since(time: string | undefined, nowMs: number): string {
  const ms = time === undefined ? null : parseTime(time)
  return ms === null ? '<unknown>' : humanDuration(nowMs - ms)
}

/** Two digits' worth of a duration, as kubectl writes ages: `45s`, `5m30s`, `3h20m`, `2d5h`, `2y20d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (hours < 192) return two(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.floor(days / 365)
  if (hours < 24 * 365 * 8) return two(years, 'y', days % 365, 'd')
  return `${years}y`
}

function two(whole: number, unit: string, rest: number, smaller: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${smaller}`
}
