/** A mistake to put into the source: `find` stands in `src/<file>` exactly once and is replaced. */
export interface Mutant {
  readonly name: string
  /** What the mistake is, and where the field met it. */
  readonly story: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Mistakes that implementations of Raft and of replicated stores have made, one by one. */
export const mutants: readonly Mutant[] = [
  {
    name: 'vote forgotten at restart',
    story: 'votedFor is not on disk when the vote is given: two leaders in one term (thesis 3.8)',
    file: 'raft/codec.ts',
    find: 'return encodeRecord(key, [state.term, state.votedFor, state.commit])',
    replace: 'return encodeRecord(key, [state.term, null, state.commit])',
  },
  {
    name: 'votes twice',
    story: 'a peer gives its vote to everyone who asks in a term',
    file: 'raft/election.ts',
    find: 'const free = state.votedFor === from || (state.votedFor === null && state.leader === null)',
    replace: 'const free = true',
  },
  {
    name: 'elects the shorter log',
    story: 'a vote for whoever asks, however old its log: a leader that lacks committed entries (thesis 3.6.1)',
    file: 'raft/log.ts',
    find: 'return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)',
    replace: 'return lastTerm >= 0 && lastIndex >= 0',
  },
  {
    name: 'figure 8',
    story: 'an entry of an earlier term is committed by counting its copies (thesis 3.6.2)',
    file: 'raft/leader.ts',
    find: 'if (index <= log.commit || log.termAt(index) !== state.term) return',
    replace: 'if (index <= log.commit) return',
  },
  {
    name: 'acknowledges before the sync',
    story: 'a follower says that it holds entries which are not on its disk yet',
    file: 'raft/driver.ts',
    find: '    await Promise.all([persist(loop, ready), apply(loop, ready)])\n    if (ready.urgent) send(loop, ready.early)\n    send(loop, ready.late)\n',
    replace:
      '    if (ready.urgent) send(loop, ready.early)\n    send(loop, ready.late)\n    await Promise.all([persist(loop, ready), apply(loop, ready)])\n',
  },
  {
    name: 'writes without sync',
    story: "LevelDB's default: a crash loses votes and entries that were promised",
    file: 'raft/driver.ts',
    find: 'if (batch.length > 0) await database.write(batch, { sync: true })',
    replace: 'if (batch.length > 0) await database.write(batch, { sync: false })',
  },
  {
    name: 'reads without asking',
    story: 'a leader answers reads without a round of heartbeats: one that was replaced gives what is old (thesis 6.4)',
    file: 'raft/leader.ts',
    find: 'const round = quorumReached(state.log.configuration, (peer) => leadership.progress.get(peer)?.round ?? 0)',
    replace: 'const round = reads.round',
  },
  {
    name: 'commits what it did not get',
    story: "the leader's commit index is taken over without the limit of the last entry received (thesis 3.5)",
    file: 'raft/follower.ts',
    find: 'log.commitTo(Math.max(log.commit, Math.min(request.commit, last)))',
    replace: 'log.commitTo(Math.max(log.commit, Math.min(request.commit, log.lastIndex)))',
  },
  {
    name: 'learners count',
    story: 'whoever holds the entry counts towards the majority, voter or not',
    file: 'raft/quorum.ts',
    find: 'return [configuration.voters, configuration.votersOutgoing].filter((voters) => voters.length > 0)',
    replace:
      'return [[...configuration.voters, ...configuration.learners], configuration.votersOutgoing].filter((voters) => voters.length > 0)',
  },
  {
    name: 'a minority is enough',
    story: 'half of the voters decide',
    file: 'raft/quorum.ts',
    find: 'return Math.floor(count / 2) + 1',
    replace: 'return Math.max(1, Math.floor(count / 2))',
  },
  {
    name: 'expectations are not compared',
    story: 'a write goes through although the record is another than its writer saw: a lost update',
    file: 'store/store.ts',
    find: 'return actual === expected ? [] : [{',
    replace: 'return actual >= 0 || expected >= 0 ? [] : [{',
  },
  {
    name: 'a repeat happens twice',
    story: 'no session table: a proposal that its writer repeated is applied again (thesis 6.3)',
    file: 'store/sessions.ts',
    find: 'return applied.some(([from, to]) => from <= sequence && sequence < to)',
    replace: 'return applied.some(([from, to]) => from <= sequence && sequence < to && to < 0)',
  },
  {
    name: 'claims are not checked',
    story: 'two schedulers place onto the same free cpu, and both succeed',
    file: 'store/limits.ts',
    find: 'if (provided && used + balance.used <= capacity) continue',
    replace: 'if (provided) continue',
  },
  {
    name: 'a watch skips a change',
    story: 'a watch goes on after the last change that it looked at, not the last that it delivered',
    file: 'store/watch.ts',
    find: 'if (changes.length >= limit) return { changes, through: change.revision }',
    replace: 'if (changes.length >= limit) return { changes, through: change.revision + 1 }',
  },
  {
    name: 'a watch forgets what is lost',
    story: 'a watch that comes back too late goes on with a gap instead of being told 410 Gone',
    file: 'store/watch.ts',
    find: "if (revision < floor) return 'compacted'",
    replace: 'if (revision < floor) revision = floor',
  },
  {
    name: 'state ahead of its mark',
    story: 'the state reaches the disk with an older mark: after a crash entries are applied twice (etcd 3.5)',
    file: 'store/persistence.driver.ts',
    find: 'batch.push(markWrite({ mark: reached, head: store.head, generation, tally: ledger.tally }))',
    replace: 'batch.push(markWrite({ mark: durable, head: store.head, generation, tally: ledger.tally }))',
  },
  {
    name: 'a snapshot without sessions',
    story: 'who was brought up by a snapshot does not know which proposals have been applied',
    file: 'store/store.ts',
    find: 'sessions: newSessions(sessions, head.forgottenThrough, limits.sessionsMax),',
    replace: 'sessions: newSessions(sessions.slice(0, 0), head.forgottenThrough, limits.sessionsMax),',
  },
]
