/**
 * The numbers of the protocol. Detection takes about 1.58 periods until somebody probes the dead member (SWIM 4), one
 * period until that probe has failed, and then the suspicion timeout. memberlist's defaults for a LAN come to 6.6 s
 * with 10 members and 14.6 s with 1,000; `lan` below comes to 2.4 s and 5.2 s.
 */
export interface Preset {
  /** One member is probed each period. */
  readonly probeIntervalMs: number
  /** For the direct answer; what is left of the period is for the indirect one. */
  readonly probeTimeoutMs: number
  /** Members asked to probe in our place. */
  readonly indirectProbes: number
  /** Shortest suspicion: this many periods, times log10 of the members. */
  readonly suspicionPeriods: number
  /** Longest suspicion, which nobody confirms, in shortest ones. */
  readonly suspicionMaxFactor: number
  /** Others whose own suspicion shortens ours to the shortest. */
  readonly confirmations: number
  /** News goes to this many members at a time, in an interval of its own. */
  readonly gossipFanout: number
  readonly gossipIntervalMs: number
  /** Each piece of news is sent this many times log10 of the members, rounded up. */
  readonly retransmitFactor: number
  readonly syncIntervalMs: number
  /** A new member that has answered no probe yet is not suspected before this: it, or the way to it, may still be starting. */
  readonly joinGraceMs: number
  /** A daemon that wakes later than this was stalled, and blames itself. */
  readonly stallMs: number
}

const shared = {
  // Three relayers: with one message in four lost, all three ways there and back fail once in thirty times.
  indirectProbes: 3,
  // memberlist's: an unconfirmed suspicion is more likely our own trouble, so it gets six times as long.
  suspicionMaxFactor: 6,
  // Two more witnesses: their probes go other ways, so that one broken link is not a dead member.
  confirmations: 2,
  // memberlist's: with 25 % loss all of 10,000 members have heard within 2.3 s.
  gossipFanout: 3,
  retransmitFactor: 4,
  // From its record in the store to its first answer, on a machine that is busy pulling images.
  joinGraceMs: 10_000,
} as const

/** One data centre: round trips of a few milliseconds, loops that may stall for a tenth of a second. */
export const lan: Preset = {
  ...shared,
  // A probe costs 0.1 ms of a core at both ends: at 2.5 a second that is nothing, and every phase gets shorter.
  probeIntervalMs: 400,
  // Forty times a usual round trip on a busy host, and half of the period is left for the relayers.
  probeTimeoutMs: 200,
  // 1.4 s up to 10 members: above the stalls of a healthy process, time for a suspect to hear of it and refute.
  suspicionPeriods: 3.5,
  // Four rounds within the shortest suspicion, so that a refutation overtakes it; only sent while there is news.
  gossipIntervalMs: 100,
  // What broadcasts and gossip lost is repaired within a quarter of a minute; a few kilobytes each.
  syncIntervalMs: 15_000,
  stallMs: 100,
}

/** Between cities: round trips of up to 300 ms, links that drop out for a second. Half of memberlist's times for a WAN. */
export const wan: Preset = {
  ...shared,
  probeIntervalMs: 2_000,
  // Three times the longest round trip.
  probeTimeoutMs: 1_000,
  // 8 s up to 10 members: routes that flap come back within that.
  suspicionPeriods: 4,
  gossipFanout: 4,
  gossipIntervalMs: 400,
  syncIntervalMs: 30_000,
  stallMs: 300,
}

/** One machine, for trials and demonstrations: no network to blame, but processes that fight for two cores. */
export const local: Preset = {
  ...shared,
  probeIntervalMs: 300,
  // Loopback answers in a millisecond; the rest is waiting for a core.
  probeTimeoutMs: 150,
  // 1.2 s: what a process may wait for a core while others start.
  suspicionPeriods: 4,
  gossipIntervalMs: 75,
  syncIntervalMs: 10_000,
  stallMs: 75,
}

export type PresetName = 'lan' | 'wan' | 'local'

export const presets: Readonly<Record<PresetName, Preset>> = { lan, wan, local }
