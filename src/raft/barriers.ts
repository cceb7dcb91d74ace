import type { ReadState } from './reads.ts'

/**
 * Who waits to read something new enough. All that wait are covered by one question to the leader; its answer counts
 * for those that waited when it was asked. Each question has a token of its own, also when it is asked again.
 */
export interface Barriers {
  /** False when too many wait. */
  add(waiter: Waiter): boolean
  /** No longer waits. */
  remove(waiter: Waiter): void
  /** Asks if somebody waits for whom nobody has been asked: `ask` says whether the question went out. */
  ask(ask: (token: string) => boolean): void
  /** Asks again for all that wait without an answer. */
  again(): void
  answered(read: ReadState): void
  /** Releases those whose index is applied. */
  applied(index: number): void
  /** Counts time: asks again, gives up. */
  tick(): void
  rejectAll(reason: Error): void
}

export interface Waiter {
  resolve(): void
  reject(reason: Error): void
}

export interface BarrierOptions {
  readonly barriersMax: number
  readonly readRetryTicks: number
  readonly readTimeoutTicks: number
  /** Unlike that of any other peer and of any earlier process of this one. */
  readonly tokenPrefix: string
  readonly timedOut: () => Error
}

interface Waiting {
  readonly waiter: Waiter
  readonly sequence: number
  readonly untilTick: number
}

/** Questions without an answer that are remembered; older ones were asked again long since. */
const questionsMax = 32

export function newBarriers(options: BarrierOptions): Barriers {
  /** Without an answer, oldest first. */
  let unanswered: Waiting[] = []
  /** With the index they wait for. */
  let answered: (Waiting & { readonly index: number })[] = []
  /** Token to the sequence it covers. */
  const questions = new Map<string, number>()
  let sequence = 0
  let coveredSequence = 0
  let asked = 0
  let askedTick = 0
  let appliedIndex = 0
  let now = 0

  function release(index: number): void {
    const due = answered.filter((waiting) => waiting.index <= index)
    if (due.length === 0) return
    answered = answered.filter((waiting) => waiting.index > index)
    for (const { waiter } of due) waiter.resolve()
  }

  function giveUp(waiting: Waiting): boolean {
    if (waiting.untilTick > now) return false
    waiting.waiter.reject(options.timedOut())
    return true
  }

  const barriers: Barriers = {
    add(waiter) {
      if (unanswered.length + answered.length >= options.barriersMax) return false
      sequence += 1
      unanswered.push({ waiter, sequence, untilTick: now + options.readTimeoutTicks })
      return true
    },
    remove(waiter) {
      unanswered = unanswered.filter((waiting) => waiting.waiter !== waiter)
      answered = answered.filter((waiting) => waiting.waiter !== waiter)
    },
    ask(ask) {
      if (unanswered.length === 0 || coveredSequence >= sequence) return
      asked += 1
      const token = `${options.tokenPrefix}-${asked}`
      if (!ask(token)) return
      questions.set(token, sequence)
      coveredSequence = sequence
      askedTick = now
      const [oldest] = questions.keys()
      if (questions.size > questionsMax && oldest !== undefined) questions.delete(oldest)
    },
    again() {
      coveredSequence = 0
    },
    answered({ token, index }) {
      const covers = questions.get(token)
      if (covers === undefined) return
      for (const [other, sequence] of questions) if (sequence <= covers) questions.delete(other)
      const open = unanswered.findIndex((waiting) => waiting.sequence > covers)
      const covered = unanswered.splice(0, open === -1 ? unanswered.length : open)
      for (const waiting of covered) answered.push({ ...waiting, index })
      release(appliedIndex)
    },
    applied(index) {
      appliedIndex = index
      release(index)
    },
    tick() {
      now += 1
      unanswered = unanswered.filter((waiting) => !giveUp(waiting))
      answered = answered.filter((waiting) => !giveUp(waiting))
      if (unanswered.length > 0 && now - askedTick >= options.readRetryTicks) barriers.again()
    },
    rejectAll(reason) {
      const all = [...unanswered, ...answered]
      unanswered = []
      answered = []
      for (const { waiter } of all) waiter.reject(reason)
    },
  }
  return barriers
}
