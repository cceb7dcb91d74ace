/**
 * Raft's numbers. Those in ticks count calls of `tick()`; the driver makes one every `tickMs`.
 */
export interface RaftOptions {
  /**
   * 50 ms: fine enough for an election within half a second, coarse enough that a busy event loop (stalls of 20 to
   * 70 ms were measured at p99) seldom misses two in a row.
   */
  readonly tickMs: number
  /** 2 (100 ms): far above a LAN round trip with two fsyncs; twenty packets a second between leader and follower. */
  readonly heartbeatTicks: number
  /**
   * 14 (700 ms), drawn anew from [14, 28): seven heartbeats must be lost in a row before a follower stirs, so that a
   * stalled process or a lossy network makes no needless elections. A leader that dies with its connections is
   * replaced long before by the pre-vote that a lost connection starts.
   */
  readonly electionTicks: number
  /**
   * 6 (300 ms), drawn from [6, 12): how long a campaign waits for its answers before it tries again. It must cover one
   * round trip with an fsync, and since a pre-vote disturbs nobody it may be shorter than an election timeout.
   */
  readonly campaignTicks: number
  /** 4 (200 ms): after this long without an answer a snapshot's slice is sent again. */
  readonly resendTicks: number
  /** 5 (250 ms): after this long without an answer a reader asks again, with a fresh token. */
  readonly readRetryTicks: number
  /** 100 (5 s): after this long a reader is told that no leader confirms. Above two elections in a row. */
  readonly readTimeoutTicks: number
  /** 256 KiB: one AppendEntries holds at most this much data, or one entry. Small enough not to delay the heartbeats behind it. */
  readonly messageBytesMax: number
  /** 1,024: entries in one AppendEntries, so that many small ones do not make a long decode. */
  readonly messageEntriesMax: number
  /** 4 MiB: the largest entry, above what the API takes (3 MiB). The driver lowers it to what the network carries. */
  readonly entryBytesMax: number
  /** 64 unanswered AppendEntries to one peer … */
  readonly inflightMessagesMax: number
  /** … or 8 MiB of them: a slow follower makes the leader wait, not grow. */
  readonly inflightBytesMax: number
  /** 32 MiB of entries not committed yet; then proposals are refused (a leader without a majority must not grow). */
  readonly uncommittedBytesMax: number
  /** 4 MiB of proposals on their way to the leader in one turn of the loop. */
  readonly forwardBytesMax: number
  /** 4,096 readers that wait for the leader's confirmation, counted on the leader; more are dropped and ask again. */
  readonly readsMax: number
  /** 1,000: a learner this close to the end of the log is fit to vote (thesis 4.2.1: catching up comes first). */
  readonly voterLagEntriesMax: number
  /** 1,024 entries and 1 MiB: what is applied in one go, so that applying never holds the loop for long. */
  readonly applyEntriesMax: number
  readonly applyBytesMax: number
  /** 512 KiB: one slice of a snapshot. */
  readonly snapshotSliceBytes: number
  /** 2 GiB: a larger snapshot is refused; it is put together in memory. */
  readonly snapshotBytesMax: number
  /** 5,000 entries stay behind the state's durable mark for followers that lag; beyond, they get a snapshot. */
  readonly logEntriesKept: number
  /** 64 MiB: as above, whichever is less. The log's tail lives in memory. */
  readonly logBytesKept: number
  /** 1,000 entries are cut from the log in one batch, and only when so many are too many. */
  readonly compactEntries: number
  /** 4,096 packets, proposals and hints that wait for the loop; more are dropped. */
  readonly inboxMax: number
  /** 32 MiB of them. */
  readonly inboxBytesMax: number
  /** 16,384 readers that wait here. */
  readonly barriersMax: number
}

export const raftDefaults: RaftOptions = {
  tickMs: 50,
  heartbeatTicks: 2,
  electionTicks: 14,
  campaignTicks: 6,
  resendTicks: 4,
  readRetryTicks: 5,
  readTimeoutTicks: 100,
  messageBytesMax: 256 * 1024,
  messageEntriesMax: 1_024,
  entryBytesMax: 4 * 1024 * 1024,
  inflightMessagesMax: 64,
  inflightBytesMax: 8 * 1024 * 1024,
  uncommittedBytesMax: 32 * 1024 * 1024,
  forwardBytesMax: 4 * 1024 * 1024,
  readsMax: 4_096,
  voterLagEntriesMax: 1_000,
  applyEntriesMax: 1_024,
  applyBytesMax: 1024 * 1024,
  snapshotSliceBytes: 512 * 1024,
  snapshotBytesMax: 2 * 1024 * 1024 * 1024,
  logEntriesKept: 5_000,
  logBytesKept: 64 * 1024 * 1024,
  compactEntries: 1_000,
  inboxMax: 4_096,
  inboxBytesMax: 32 * 1024 * 1024,
  barriersMax: 16_384,
}
