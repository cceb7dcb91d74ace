import { must } from '../../src/lib/assert.ts'
import { type Cluster, newCluster, type Packet } from '../../src/raft/cluster.ts'
import { configurationOf } from '../../src/raft/configuration.ts'
import type { Entry } from '../../src/raft/entry.ts'
import type { Message } from '../../src/raft/message.ts'
import type { RaftOptions } from '../../src/raft/options.ts'
import type { Ready } from '../../src/raft/raft.ts'
import type { Configuration } from '../../src/raft/types.ts'

/**
 * Plays a script and gives it back with what happened below each command. Paragraphs that start with `#` are remarks.
 *
 *     found a b c [option=number …]    founds a cluster of these
 *     join d                           starts a peer with an empty log
 *     campaign a                       a stands for election
 *     tick a [n]                       n ticks at a
 *     hint a b                         a hears that b is dead
 *     propose a text                   offers an entry at a
 *     members a voters=a,b learners=c  asks a for this membership
 *     read a                           asks for a read at a
 *     transfer a b                     asks a to hand over to b
 *     deliver [a …]                    delivers what is on the wire (to these), once
 *     settle [a …]                     delivers (to these) until nothing moves
 *     lose [a …]                       loses what is on the wire (to these)
 *     hold a→b / unhold                keeps packets of this way back; no more
 *     pass                             puts what was kept back on the wire again, behind all else; holds nothing
 *     flush a                          brings a's state to disk, so that its log may be cut
 *     crash a / restart a
 *     status
 */
export function rehearse(script: string): string {
  const stage: Stage = { cluster: null, trace: [], held: [], holding: new Set() }
  const paragraphs = script.trimEnd().split('\n\n')
  const played = paragraphs.map((paragraph) => {
    if (paragraph.startsWith('#')) return paragraph
    const [commands = ''] = paragraph.split('\n----')
    for (const command of commands.split('\n')) play(stage, command)
    const trace = stage.trace.splice(0)
    return `${commands}\n----\n${trace.length === 0 ? 'ok' : trace.join('\n')}`
  })
  return `${played.join('\n\n')}\n`
}

interface Stage {
  cluster: Cluster | null
  readonly trace: string[]
  held: Packet[]
  readonly holding: Set<string>
}

function play(stage: Stage, command: string): void {
  const [verb = '', ...words] = command.trim().split(/\s+/)
  if (verb === 'found') {
    found(stage, words)
    return
  }
  const cluster = must(stage.cluster, 'a script begins with found')
  const [one = '', other = ''] = words
  switch (verb) {
    case 'join':
    case 'restart':
      cluster.start(one, null)
      return
    case 'crash':
      cluster.crash(one)
      return
    case 'campaign':
      cluster.act(one, (raft, nowMs) => raft.campaign(nowMs))
      return
    case 'tick':
      for (let i = 0; i < Number(other || 1); i++) cluster.act(one, (raft, nowMs) => raft.tick(nowMs))
      return
    case 'hint':
      cluster.act(one, (raft, nowMs) => raft.hintDead(other, nowMs))
      return
    case 'propose':
      cluster.act(one, (raft, nowMs) => {
        if (!raft.propose(new TextEncoder().encode(other), nowMs)) stage.trace.push(`${one}: refused`)
      })
      return
    case 'members':
      cluster.act(one, (raft, nowMs) => {
        const [voters, learners] = [listOf(words, 'voters'), listOf(words, 'learners')]
        if (!raft.proposeConfiguration(voters, learners, nowMs)) stage.trace.push(`${one}: refused`)
      })
      return
    case 'read':
      if (!cluster.read(one)) stage.trace.push(`${one}: refused`)
      return
    case 'transfer':
      cluster.act(one, (raft) => raft.transferLeadership(other))
      return
    case 'flush':
      cluster.peers.get(one)?.flush()
      return
    default:
      playWire(stage, cluster, verb, words)
  }
}

function playWire(stage: Stage, cluster: Cluster, verb: string, words: readonly string[]): void {
  switch (verb) {
    case 'deliver':
      deliver(stage, cluster, words)
      return
    case 'settle':
      for (let rounds = 0; rounds < 100 && deliver(stage, cluster, words) > 0; rounds++);
      return
    case 'lose':
      cluster.wire = cluster.wire.filter((packet) => {
        const lost = words.length === 0 || words.includes(packet.to)
        if (lost) stage.trace.push(`lost ${packetText(packet)}`)
        return !lost
      })
      return
    case 'hold':
      for (const way of words) stage.holding.add(way)
      return
    case 'unhold':
      stage.holding.clear()
      return
    case 'pass':
      stage.holding.clear()
      cluster.wire.push(...stage.held.splice(0))
      return
    case 'status':
      for (const peer of cluster.peers.values()) stage.trace.push(statusText(peer.id, peer.raft?.status() ?? null))
      return
    default:
      throw new Error(`no such command: ${verb}`)
  }
}

function found(stage: Stage, words: readonly string[]): void {
  const names = words.filter((word) => !word.includes('='))
  const numbers = words.filter((word) => word.includes('=')).map((word) => word.split('='))
  const options = Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])) as Partial<RaftOptions>
  const { trace } = stage
  stage.cluster = newCluster(1, options, {
    trace: (peer, ready) =>
      trace.push(...readyText(peer, ready, must(stage.cluster?.peers.get(peer)?.raft, 'it runs').status())),
    answered: (peer, { token, index }) => trace.push(`${peer} may read ${token} at ${index}`),
  })
  for (const name of names) stage.cluster.start(name, configurationOf(names, []))
  trace.length = 0
}

/** Delivers once what is on the wire now. How many packets moved. */
function deliver(stage: Stage, cluster: Cluster, to: readonly string[]): number {
  const now = cluster.wire.splice(0)
  let moved = 0
  for (const packet of now) {
    if (stage.holding.has(`${packet.from}→${packet.to}`)) stage.held.push(packet)
    else if (to.length > 0 && !to.includes(packet.to)) cluster.wire.push(packet)
    else {
      moved += 1
      stage.trace.push(packetText(packet))
      cluster.deliver(packet)
    }
  }
  return moved
}

function listOf(words: readonly string[], name: string): readonly string[] {
  const word = words.find((candidate) => candidate.startsWith(`${name}=`))
  return word === undefined ? [] : word.slice(name.length + 1).split(',')
}

// ---- Words ---------------------------------------------------------------------------------------------------------

function readyText(
  peer: string,
  ready: Ready,
  status: { readonly role: string; readonly leader: string | null },
): string[] {
  const { hardState, urgent, snapshot, entries, committed } = ready
  const parts: string[] = []
  const follows = status.leader === null || status.leader === peer ? '' : ` of ${status.leader}`
  if (urgent) parts.push(`term ${hardState.term}, vote ${hardState.votedFor ?? 'none'}`)
  if (snapshot !== null) parts.push(`installs ${snapshot.mark.index}/${snapshot.mark.term}`)
  if (entries.length > 0) parts.push(`writes ${entries.map(entryText).join(', ')}`)
  if (committed !== null) parts.push(`applies ${committed.entries.map(entryText).join(', ')}`)
  return parts.length === 0 ? [] : [`  ${peer} ${status.role}${follows}: ${parts.join('; ')}`]
}

function entryText(entry: Entry): string {
  const data = new TextDecoder().decode(entry.data)
  const what = entry.type === 'data' ? data : entry.type
  return `${entry.index}/${entry.term} ${what}`
}

function packetText({ from, to, message }: Packet): string {
  return `${from}→${to} ${messageText(message)}`
}

function messageText(message: Message): string {
  const head = `${message.type} t${message.term}`
  switch (message.type) {
    case 'vote':
      return `${message.pre ? 'pre-' : ''}${head}${message.transfer ? ' transfer' : ''} last ${message.lastIndex}/${message.lastTerm}`
    case 'voteReply':
      return `${message.pre ? 'pre-' : ''}${head} ${message.granted ? 'granted' : 'refused'}`
    case 'append':
      return `${head} after ${message.prevIndex}/${message.prevTerm} [${message.entries.map(entryText).join(', ')}] commit ${message.commit}`
    case 'appendReply':
      return message.refused === null
        ? `${head} agrees to ${message.index}`
        : `${head} refuses ${message.index}, perhaps ${message.refused.hintIndex}/${message.refused.hintTerm}`
    case 'heartbeat':
      return `${head} commit ${message.commit} round ${message.round}`
    case 'heartbeatReply':
      return `${head} round ${message.round}`
    case 'snapshot':
      return `${head} #${message.transfer} of ${message.mark.index}/${message.mark.term} at ${message.offset}: ${message.checksum === null ? `${message.data.length} bytes` : 'end'}`
    case 'snapshotReply':
      return `${head} #${message.transfer} at ${message.offset}, wants ${message.wanted}`
    case 'timeoutNow':
      return head
    case 'propose':
      return `${head} ${message.data.map((data) => new TextDecoder().decode(data)).join(', ')}`
    case 'read':
      return `${head} ${message.token}`
    case 'readReply':
      return `${head} ${message.token} at ${message.index}`
  }
}

function statusText(
  id: string,
  status: {
    readonly role: string
    readonly term: number
    readonly leader: string | null
    readonly commitIndex: number
    readonly lastIndex: number
    readonly configuration: Configuration
  } | null,
): string {
  if (status === null) return `${id} is down`
  const { voters, votersOutgoing, learners } = status.configuration
  const outgoing = votersOutgoing.length === 0 ? '' : ` and (${votersOutgoing.join(' ')})`
  const followers = learners.length === 0 ? '' : ` learners (${learners.join(' ')})`
  return `${id} ${status.role} t${status.term} leader ${status.leader ?? 'none'} commit ${status.commitIndex} last ${status.lastIndex} voters (${voters.join(' ')})${outgoing}${followers}`
}
