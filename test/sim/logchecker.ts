import type { SimLogLine } from './host/log.ts'
import { Violation } from './violation.ts'

/**
 * What the daemons' own logs must never say together: two leaders in one term, two votes of one peer in one term,
 * different states at one index, a commit or applied index that goes back within a life.
 */
export interface LogChecker {
  line(line: SimLogLine): void
  /** Who became leader last, by the highest term. */
  readonly leader: { readonly node: string; readonly term: number } | null
  /** Where a node's store stands: the last index it applied and the hash there. */
  applied(node: string): { readonly index: number; readonly hash: string } | undefined
  readonly counts: Record<string, number>
}

/** Log messages that are counted as rare states, by what they are called in the report. */
const rareStates: Readonly<Record<string, string>> = {
  'became leader': 'elections',
  'members changed': 'changes of membership',
  installed: 'snapshots installed',
  'snapshot was installed before a crash': 'crashes in the middle of an install',
}

export function newLogChecker(): LogChecker {
  const leaders = new Map<number, string>()
  const votes = new Map<string, string>()
  const hashes = new Map<number, { hash: string; node: string }>()
  const marks = new Map<string, number>()
  const stands = new Map<string, { index: number; hash: string }>()
  const counts: Record<string, number> = {}
  let leader: LogChecker['leader'] = null

  function rises(line: SimLogLine, what: string, index: number): void {
    const mark = `${line.node} ${line.life} ${what}`
    const before = marks.get(mark) ?? 0
    if (index < before)
      throw new Violation(`the ${what} index never goes back`, `${line.node}: from ${before} to ${index}`)
    marks.set(mark, index)
  }

  function stateAt(line: SimLogLine, index: number, hash: string): void {
    const known = hashes.get(index)
    if (known === undefined) hashes.set(index, { hash, node: line.node })
    else if (known.hash !== hash) {
      throw new Violation(
        'equal hashes at equal index',
        `at ${index} ${known.node} has ${known.hash}, ${line.node} has ${hash}`,
      )
    }
    stands.set(line.node, { index, hash })
  }

  return {
    counts,
    get leader() {
      return leader
    },
    applied: (node) => stands.get(node),
    line(line) {
      const rare = rareStates[line.message]
      if (rare !== undefined) counts[rare] = (counts[rare] ?? 0) + 1
      const { term, index, hash } = line.fields
      switch (line.message) {
        case 'became leader': {
          const known = leaders.get(Number(term))
          if (known !== undefined)
            throw new Violation('at most one leader a term', `${known} and ${line.node} in term ${term}`)
          leaders.set(Number(term), line.node)
          if (leader === null || leader.term < Number(term)) leader = { node: line.node, term: Number(term) }
          return
        }
        case 'voted': {
          const mark = `${line.node} in term ${term}`
          const candidate = String(line.fields.for)
          const before = votes.get(mark) ?? candidate
          votes.set(mark, candidate)
          if (before === candidate) return
          throw new Violation('a peer votes once a term', `${mark} for ${before}, then for ${candidate}`)
        }
        case 'committed':
          rises(line, 'commit', Number(index))
          return
        case 'applied':
        case 'installed':
          rises(line, 'applied', Number(index))
          stateAt(line, Number(index), String(hash))
      }
    },
  }
}
