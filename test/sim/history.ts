import type { ApiObject } from './client.ts'
import { isLinearizable, type Op } from './linearizable.ts'
import { Violation } from './violation.ts'
import type { World } from './world.ts'

/**
 * What the writers and readers of ConfigMaps asked and were told, by name. Every value ever written is unique. `check`
 * demands that the histories be linearizable: nothing acknowledged was lost, nothing refused took effect, no read was
 * older than what was acknowledged before it began.
 */
export interface History {
  /** Notes the call of a write; the returned function notes its end. */
  write(client: string, key: string, value: string | null, expect: WriteExpect): (end: WriteEnd) => void
  read(client: string, key: string): (value: string | null) => void
  readonly counts: { writes: number; reads: number; unknown: number; refused: number; undecided: number }
  check(): void
}

export type WriteExpect = { readonly type: 'value'; readonly value: string | null } | { readonly type: 'any' }

/** `refused`: the answer was a conflict, or not found: it surely took no effect. `unknown`: it may have, or yet may. */
export type WriteEnd = 'done' | 'refused' | 'unknown'

export function newHistory(world: World): History {
  const ops = new Map<string, Op[]>()
  const refused = new Set<string>()
  const counts = { writes: 0, reads: 0, unknown: 0, refused: 0, undecided: 0 }
  const of = (key: string): Op[] => {
    const found = ops.get(key) ?? []
    ops.set(key, found)
    return found
  }
  return {
    counts,
    write(client, key, value, expect) {
      const calledMs = world.nowMs
      return (end) => {
        counts.writes++
        if (end === 'refused') {
          counts.refused++
          if (value !== null) refused.add(value)
          return
        }
        if (end === 'unknown') counts.unknown++
        const returnedMs = end === 'done' ? world.nowMs : Number.POSITIVE_INFINITY
        of(key).push({ type: 'write', client, calledMs, returnedMs, value, expect })
      }
    },
    read(client, key) {
      const calledMs = world.nowMs
      return (value) => {
        counts.reads++
        if (value !== null && refused.has(value)) {
          throw new Violation('a refused write took no effect', `${key} reads ${value}, which was refused`)
        }
        of(key).push({ type: 'read', client, calledMs, returnedMs: world.nowMs, value })
      }
    },
    check() {
      for (const [key, history] of ops) {
        const verdict = isLinearizable(history)
        if (verdict.type === 'undecided') counts.undecided++
        if (verdict.type === 'no') {
          throw new Violation(
            'reads and writes are linearizable',
            `${key}: no order explains what comes after\n${told(history, verdict.stuck)}`,
          )
        }
      }
    },
  }
}

/** The operations around the place where the search stuck. */
function told(history: readonly Op[], stuck: readonly Op[]): string {
  const certain = stuck.filter(({ returnedMs }) => returnedMs !== Number.POSITIVE_INFINITY)
  const fromMs = Math.min(...certain.map(({ calledMs }) => calledMs))
  const toMs = Math.max(...certain.map(({ returnedMs }) => returnedMs))
  return history
    .filter(({ calledMs, returnedMs }) => calledMs <= toMs + 500 && returnedMs >= fromMs - 2_000)
    .sort((a, b) => a.calledMs - b.calledMs)
    .slice(-40)
    .map((op) => {
      const what =
        op.type === 'read'
          ? `read ${op.value}`
          : `write ${op.value} over ${op.expect.type === 'any' ? 'anything' : op.expect.value}`
      return `  ${stuck.includes(op) ? '*' : ' '} ${op.client} ${seconds(op.calledMs)}..${seconds(op.returnedMs)} ${what}`
    })
    .join('\n')
}

function seconds(ms: number): string {
  return ms === Number.POSITIVE_INFINITY ? 'never' : (ms / 1000).toFixed(3)
}

/** The one value of a ConfigMap as the simulator writes it. */
export function configValue(object: ApiObject): string {
  return object.data?.value ?? ''
}
