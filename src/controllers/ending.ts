import { beginDeletion } from '../objects/deletion.ts'
import type { Kind } from '../objects/kind.ts'
import { reservationWrites } from '../objects/reserve.ts'
import type { KubeObject } from '../objects/types.ts'
import type { StoreView, Write } from '../store/types.ts'
import { put, remove, type Stored } from './objects.ts'

/**
 * As if somebody had deleted it: a pod that runs gets its time to stop, what is held waits. Empty: it is on its way out
 * already.
 */
export function endingWrites(kind: Kind, stored: Stored<KubeObject>, view: StoreView, nowMs: number): readonly Write[] {
  const deletion = beginDeletion(kind, stored.object, null, nowMs)
  switch (deletion.type) {
    case 'gone':
      return removalWrites(kind, stored, view)
    case 'marked':
      return [put(stored, deletion.object)]
    case 'pending':
      return []
  }
}

/** The record goes, and with it what was reserved for it. */
export function removalWrites(kind: Kind, stored: Stored<KubeObject>, view: StoreView): readonly Write[] {
  return [remove(stored), ...reservationWrites(kind, view, null, stored.object)]
}
