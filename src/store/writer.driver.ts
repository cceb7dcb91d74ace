import { AssertionError, assert } from '../lib/assert.ts'
import { type After, childSignal } from '../lib/wait.ts'
import { isName } from './codec.ts'
import { newProposals, type Pending, type ProposalOptions, type Proposals, proposalOptions } from './proposals.ts'
import { wasApplied } from './sessions.ts'
import type { StoreCore, Verdict } from './store.ts'
import { NoQuorumError, type Outcome, type StoreWriter, UnknownOutcomeError } from './types.ts'

/**
 * The way in: a transaction is offered to Raft, again whenever there is a new leader to tell or nothing was heard for
 * a while, always as the same bytes, until the store here has applied it. The session table makes repeats harmless.
 */
export interface Writer extends StoreWriter {
  /** From now on transactions are taken, until the signal aborts: then all that wait reject with its reason. */
  begin(wiring: WriterWiring, signal: AbortSignal): void
  /** What the store here made of an entry. To be called when the whole batch can be read. */
  applied(index: number, verdict: Verdict): void
  /** An image replaced the state: what it already holds was decided out of sight. */
  installed(store: Pick<StoreCore, 'head' | 'session'>): void
}

/** Raft, as far as a writer needs it. */
export interface Proposer {
  propose(data: Uint8Array): boolean
  barrier(signal: AbortSignal): Promise<void>
  watch(listener: (status: { readonly term: number; readonly leader: string | null }) => void): () => void
}

export interface WriterWiring {
  readonly raft: Proposer
  readonly after: After
  readonly nowMs: () => number
  /** Unlike every other start of every daemon. */
  readonly origin: string
  /** The index applied here by now. */
  readonly since: number
}

/** As long as a commit may take. */
export const barrierTimeoutMs = 10_000

interface Waiter {
  settle(outcome: Outcome | Error): void
}

interface Running {
  readonly wiring: WriterWiring
  readonly proposals: Proposals<Waiter>
  /** Ends the timer that is set, if one is. */
  cancel: (() => void) | null
  leader: string | null
  term: number
  renewals: number
}

export function newWriter(options: ProposalOptions = proposalOptions): Writer {
  let running: Running | null = null

  function offer(run: Running, pending: Pending<Waiter>): void {
    if (run.wiring.raft.propose(pending.bytes)) pending.offered = true
  }

  /** Gives up what is overdue and repeats what is due. */
  function look(run: Running): void {
    const nowMs = run.wiring.nowMs()
    for (const pending of run.proposals.overdue(nowMs)) pending.waiter.settle(givenUp(pending, options))
    for (const pending of run.proposals.due(nowMs)) offer(run, pending)
    setTimer(run)
  }

  /** One timer, for the first that will be due; none while nothing waits. */
  function setTimer(run: Running): void {
    run.cancel?.()
    const nextMs = run.proposals.nextMs()
    run.cancel = nextMs === null ? null : run.wiring.after(Math.max(1, nextMs - run.wiring.nowMs()), () => look(run))
  }

  function begin(wiring: WriterWiring, signal: AbortSignal): void {
    assert(isName(wiring.origin), 'an origin is ASCII text')
    const proposals = newProposals<Waiter>(wiring.origin, wiring.since, options)
    const run: Running = { wiring, proposals, cancel: null, leader: null, term: 0, renewals: 0 }
    running = run
    const unwatch = wiring.raft.watch(({ leader, term }) => {
      const news = leader !== null && (leader !== run.leader || term !== run.term)
      run.leader = leader
      run.term = term
      if (!news || running !== run) return
      proposals.hurry(wiring.nowMs())
      look(run)
    })
    const end = (): void => {
      running = null
      unwatch()
      run.cancel?.()
      for (const pending of proposals.all()) {
        proposals.remove(pending)
        pending.waiter.settle(signal.reason as Error)
      }
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  }

  function commit(run: Running, txn: Parameters<StoreWriter['commit']>[0], signal: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      let pending: Pending<Waiter> | null = null
      const abort = (): void => {
        if (pending !== null) run.proposals.remove(pending)
        reject(signal.reason as Error)
      }
      const settle: Waiter['settle'] = (outcome) => {
        signal.removeEventListener('abort', abort)
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      }
      pending = run.proposals.add(txn, { settle }, run.wiring.nowMs())
      if (pending === null) {
        return reject(new NoQuorumError(`${options.pendingMax} transactions wait for their outcome already: try again`))
      }
      signal.addEventListener('abort', abort, { once: true })
      offer(run, pending)
      // Whatever the timer is set for comes before this one's repeat.
      if (run.cancel === null) setTimer(run)
    })
  }

  /** The store forgot this session. What still waits was not applied in it and never will be, so it may begin anew. */
  function renew(run: Running, index: number): void {
    run.renewals += 1
    run.proposals.renew(`${run.wiring.origin}+${run.renewals}`, index)
    run.proposals.hurry(run.wiring.nowMs())
    look(run)
  }

  return {
    begin,

    async commit(txn, signal) {
      signal.throwIfAborted()
      if (running === null) throw new NoQuorumError('the store is not running')
      return commit(running, txn, signal)
    },

    async barrier(signal) {
      signal.throwIfAborted()
      if (running === null) throw new NoQuorumError('the store is not running')
      const { raft, after } = running.wiring
      const bounded = childSignal(signal)
      const cancel = after(barrierTimeoutMs, () => bounded.abort(new NoQuorumError(noAnswer(barrierTimeoutMs))))
      try {
        await raft.barrier(bounded.signal)
      } catch (cause) {
        signal.throwIfAborted()
        if (cause instanceof AssertionError || cause instanceof NoQuorumError) throw cause
        throw new NoQuorumError('no leader confirmed the read', { cause })
      } finally {
        cancel()
        bounded.release()
      }
    },

    applied(index, verdict) {
      if (running === null || verdict.type === 'empty' || verdict.type === 'foreign') return
      if (verdict.mark.origin !== running.proposals.session.origin) return
      if (verdict.type === 'expired') return renew(running, index)
      const pending = running.proposals.take(verdict.mark.sequence)
      if (pending === undefined) return
      pending.waiter.settle(verdict.type === 'decided' ? verdict.outcome : unseen())
    },

    installed({ head, session: find }) {
      if (running === null) return
      const { proposals } = running
      const session = find(proposals.session.origin)
      // Neither known nor surely new: it may have been applied and forgotten since. What was never offered goes on,
      // and meets its expiry at the next entry.
      const forgotten = session === undefined && proposals.session.since < head.forgottenThrough
      for (const pending of proposals.all()) {
        const decided = session !== undefined && wasApplied(session.applied, pending.sequence)
        if (!decided && !(forgotten && pending.offered)) continue
        proposals.remove(pending)
        pending.waiter.settle(unseen())
      }
    },
  }
}

function givenUp(pending: Pending<Waiter>, { commitTimeoutMs }: ProposalOptions): Error {
  return pending.offered
    ? new UnknownOutcomeError(`the outcome was not learnt within ${commitTimeoutMs} ms: it may yet happen`)
    : new NoQuorumError(noAnswer(commitTimeoutMs))
}

function unseen(): Error {
  return new UnknownOutcomeError('decided while this node was behind: read what came of it')
}

function noAnswer(ms: number): string {
  return `no leader with a majority was reached within ${ms} ms`
}
