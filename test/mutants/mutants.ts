/** A mistake to put into the source: `find` stands in `src/<file>` exactly once and is replaced. */
export interface Mutant {
  readonly name: string
  /** What the mistake is, and where the field met it. */
  readonly story: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** What else must change in that file for the mistake to be whole. */
  readonly also?: readonly { readonly find: string; readonly replace: string }[]
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
    name: 'compares length before term',
    story: 'of two logs the longer one counts as newer, whatever its last term (thesis 3.6.1)',
    file: 'raft/log.ts',
    find: 'return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)',
    replace: 'return lastIndex >= this.lastIndex',
  },
  {
    name: 'a vote of another term counts',
    story: 'an answer that comes late is counted in the campaign that runs by then (nebula 685)',
    file: 'raft/election.ts',
    find: 'if (asked && current) noteVote(state, from, reply.granted)',
    replace: "if (state.role === 'candidate' || (asked && current)) noteVote(state, from, reply.granted)",
  },
  {
    name: 'figure 8',
    story: 'an entry of an earlier term is committed by counting its copies (thesis 3.6.2)',
    file: 'raft/leader.ts',
    find: 'if (index <= log.commit || log.termAt(index) !== state.term) return',
    replace: 'if (index <= log.commit) return',
  },
  {
    name: 'truncates on any append',
    story:
      'a late AppendEntries cuts off what came after it, also what was acknowledged: truncation without a conflict',
    file: 'raft/follower.ts',
    find: 'const fresh = entries.findIndex((entry) => log.termAt(entry.index) !== entry.term)',
    replace: 'const fresh = entries.length > 0 ? 0 : -1',
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
    name: 'a failed sync is ignored',
    story: 'the log goes on after its disk has failed (fsyncgate; Rebello and others, 2020)',
    file: 'raft/driver.ts',
    find: 'if (batch.length > 0) await database.write(batch, { sync: true })',
    replace: 'if (batch.length > 0) await database.write(batch, { sync: true }).catch(() => undefined)',
  },
  {
    name: 'reads without asking',
    story: 'a leader answers reads without a round of heartbeats: one that was replaced gives what is old (thesis 6.4)',
    file: 'raft/leader.ts',
    find: 'const round = quorumReached(state.log.configuration, (peer) => leadership.progress.get(peer)?.round ?? 0)',
    replace: 'const round = reads.round',
  },
  {
    name: 'reads before it has committed',
    story: 'a new leader gives out a commit index from before its term, which may lag (thesis 6.4, step 1)',
    file: 'raft/leader.ts',
    find: 'if (committedInTerm(state)) join(reads, asked, state.log.commit)',
    replace: 'if (state.log.commit >= 0) join(reads, asked, state.log.commit)',
  },
  {
    name: 'a retry is confirmed by the first try',
    story: 'a read joins a round whose heartbeats have left: old answers confirm it (etcd raft 397)',
    file: 'raft/reads.ts',
    find: '  if (!reads.open) {\n    reads.round += 1\n',
    replace: '  if (!reads.open) {\n    if (reads.round === 0) reads.round += 1\n',
  },
  {
    name: 'commits what it did not get',
    story:
      "a heartbeat carries the leader's commit index without the limit of what this follower holds (thesis 3.5). " +
      'The same limit at AppendEntries cannot be missed here: the first one that is accepted always overwrites the ' +
      'first entry that differs',
    file: 'raft/replication.ts',
    find: 'const commit = Math.min(progress.match, state.log.commit)',
    replace: 'const commit = state.log.commit',
  },
  {
    name: 'learners count',
    story: "a learner's copy fills a voter's place in the majority (thesis 4.2.1)",
    file: 'raft/quorum.ts',
    find: 'const descending = voters.map(reachedBy)',
    replace: 'const descending = [...voters, ...learners].map(reachedBy)',
    also: [
      {
        find: 'halves(configuration).map((voters) => majorityReached(voters, reachedBy))',
        replace: 'halves(configuration).map((voters) => majorityReached(voters, configuration.learners, reachedBy))',
      },
      {
        find: 'function majorityReached(voters: readonly PeerId[], reachedBy',
        replace: 'function majorityReached(voters: readonly PeerId[], learners: readonly PeerId[], reachedBy',
      },
    ],
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
    name: 'a creation replaces',
    story: 'a record that should be new is written over the one that is there',
    file: 'store/store.ts',
    find: 'return actual === expected ? [] : [{',
    replace: "return actual === expected || expect.type === 'absent' ? [] : [{",
  },
  {
    name: 'a repeat happens twice',
    story: 'no session table: a proposal that its writer repeated is applied again (thesis 6.3)',
    file: 'store/sessions.ts',
    find: 'return applied.some(([from, to]) => from <= sequence && sequence < to)',
    replace: 'return applied.some(([from, to]) => from <= sequence && sequence < to && to < 0)',
  },
  {
    name: 'a claim is lost with a status',
    story:
      'a write that says nothing of claims ends them: the next pod is placed into room that is taken. (That the store ' +
      'does not compare claims at all shows only when two schedulers race, for each looks before it binds.)',
    file: 'store/store.ts',
    find: 'claims: write.claims ?? held.claims',
    replace: 'claims: write.claims ?? []',
  },
  {
    name: 'a watch skips a change',
    story: 'a watch goes on one past the revision that its client names',
    file: 'api/watch.ts',
    find: 'let revision = wanted.from',
    replace: 'let revision = wanted.from + 1',
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
    story: 'state and applied index reach the disk one after the other: a crash in between (etcd 3.5, its post-mortem)',
    file: 'store/persistence.driver.ts',
    find: '    forgetChanges()\n    await database.write(batch, { sync: true })\n    durable = reached\n',
    replace:
      '    forgetChanges()\n    await database.write(batch.slice(0, -1), { sync: true })\n' +
      '    await database.write(batch.slice(-1), { sync: true })\n    durable = reached\n',
  },
  {
    name: 'a snapshot without sessions',
    story: 'who was brought up by a snapshot does not know which proposals have been applied',
    file: 'store/store.ts',
    find: 'sessions: newSessions(sessions, head.forgottenThrough, limits.sessionsMax),',
    replace: 'sessions: newSessions(sessions.slice(0, 0), head.forgottenThrough, limits.sessionsMax),',
  },
  {
    name: 'a half-installed snapshot is not seen',
    story: 'after a crash between the new state and the cut of the log both are taken as they are',
    file: 'raft/open.driver.ts',
    find: 'if (record === undefined) return',
    replace: 'if (record !== null) return',
  },
  {
    name: 'a snapshot is written over the old state',
    story: 'the old state goes before the new one is complete: a crash in between leaves neither',
    file: 'store/persistence.driver.ts',
    find: '        const target = otherGeneration(generation)\n        await clear(database, target)\n',
    replace: '        const target = generation\n        await clear(database, target)\n',
  },
  {
    name: 'an earlier life is forgotten',
    story: 'a daemon that was restarted does not find the containers that it made, and makes others',
    file: 'runtime/labels.ts',
    find: '.filter((seen) => seen.labels[labels.container] === name)',
    replace: ".filter((seen) => seen.labels[labels.container] === name && seen.state !== 'exited')",
  },
]
