import { formatTime } from '../lib/rfc3339.ts'
import type { Condition } from './types.ts'

/**
 * The list with this condition in it. The time of its last transition moves only when its status does; nothing else of
 * the list changes, and when nothing would, it is the same list.
 */
export function withCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): readonly (T | Condition)[] {
  const list = conditions ?? []
  const old = list.find(({ type }) => type === condition.type)
  if (old !== undefined && same(old, condition)) return list
  const lastTransitionTime =
    old !== undefined && old.status === condition.status && old.lastTransitionTime !== undefined
      ? old.lastTransitionTime
      : formatTime(nowMs)
  const next: Condition = { ...condition, lastTransitionTime }
  return old === undefined ? [...list, next] : list.map((each) => (each === old ? next : each))
}

export function conditionOf<T extends Condition>(conditions: readonly T[] | undefined, type: string): T | undefined {
  return conditions?.find((condition) => condition.type === type)
}

function same(a: Condition, b: Condition): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message
}
