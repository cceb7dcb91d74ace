import type { Container } from '../host/host.ts'
import type { Key } from '../store/types.ts'
import { emptyMemory, type PodMemory } from './memory.ts'
import type { Wanted } from './own.ts'

/** What is known and under way for one pod. */
export interface Worker {
  readonly uid: string
  /** Empty: only its folder was found, and nobody knows its name. */
  key: Key
  memory: PodMemory
  /** What the engine showed last; null: not looked yet. */
  seen: readonly Container[] | null
  /** What the pod refers to was changed since its volumes were filled. */
  stale: boolean
  stepping: boolean
  stepAgain: boolean
  writing: boolean
  writeAgain: boolean
  /** Tries in a row that ended in a fault. */
  faults: number
  /** What is acted upon of the pod's deletion, and what breaks off the act when that changes. */
  wish: string
  interrupt: (() => void) | null
  cancelStep: () => void
  cancelWrite: () => void
}

export function newWorker(uid: string, key: Key): Worker {
  return {
    uid,
    key,
    memory: emptyMemory,
    seen: null,
    stale: false,
    stepping: false,
    stepAgain: false,
    writing: false,
    writeAgain: false,
    faults: 0,
    wish: '',
    interrupt: null,
    cancelStep: () => undefined,
    cancelWrite: () => undefined,
  }
}

/** An act is broken off when this changes. */
export function wishOf(wanted: Wanted | null): string {
  if (wanted === null) return 'gone'
  const { deletionTimestamp, deletionGracePeriodSeconds } = wanted.pod.metadata
  return deletionTimestamp === undefined ? 'run' : `end in ${deletionGracePeriodSeconds ?? ''}`
}
