import { assert } from '../lib/assert.ts'
import { newRandom } from '../lib/random.ts'
import { encodeConfiguration } from './codec.ts'
import { configurationOf } from './configuration.ts'
import { type Entry, type EntryType, sealEntry } from './entry.ts'
import { emptyMark, RaftLog } from './log.ts'
import type { StateImage } from './machine.ts'
import type { AppendRequest, Envelope, Message } from './message.ts'
import { type RaftOptions, raftDefaults } from './options.ts'
import { newRaft, type Raft } from './raft.ts'
import type { PeerId } from './types.ts'

/**
 * One peer on the workbench, for tests: it is told messages and ticks, and shows what it would send. Its log is made
 * from a list of terms, its configuration has three voters unless said otherwise.
 */
export const three = configurationOf(['a', 'b', 'c'], [])
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Entry 1 is the configuration; then one entry for each further term given. */
export function entriesOf(terms: readonly number[], configuration = three, from = emptyMark): Entry[] {
  const entries: Entry[] = []
  let previous = { index: from.index, hash: from.hash }
  for (const [i, term] of terms.entries()) {
    const type: EntryType = i === 0 && from.index === 0 ? 'configuration' : 'data'
    const data = type === 'configuration' ? encodeConfiguration(configuration) : bytes(`${previous.index + 1}/${term}`)
    const entry = sealEntry({ index: previous.index + 1, term, timeMs: 0, type, data, previous: previous.hash })
    entries.push(entry)
    previous = entry
  }
  return entries
}

export interface Given {
  readonly self?: PeerId
  readonly terms?: readonly number[]
  readonly term?: number
  readonly votedFor?: PeerId | null
  readonly commit?: number
  readonly configuration?: typeof three
  readonly options?: Partial<RaftOptions>
}

export function peer(given: Given = {}): Raft {
  const { self = 'a', terms = [1], votedFor = null, commit = 1, configuration = three, options = {} } = given
  const log = new RaftLog(emptyMark, entriesOf(terms, configuration))
  log.commitTo(commit)
  const image = (): StateImage => ({
    mark: { index: log.applied, term: log.termAt(log.applied) ?? 0, configuration },
    next: () => null,
  })
  const hardState = { term: given.term ?? log.lastTerm, votedFor, commit }
  return newRaft({ self, options: { ...raftDefaults, ...options }, random: newRandom(7), hardState, log, image })
}

/** Does all there is to do; what was sent. */
export function drain(raft: Raft): Envelope[] {
  const sent: Envelope[] = []
  for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
    sent.push(...ready.early, ...ready.late)
    raft.advance(ready)
  }
  return sent
}

export function tell(raft: Raft, from: PeerId, ...messages: readonly Message[]): Envelope[] {
  for (const message of messages) raft.step(from, message, 0)
  return drain(raft)
}

export function ticks(raft: Raft, count: number): Envelope[] {
  const sent: Envelope[] = []
  for (let i = 0; i < count; i++) {
    raft.tick(0)
    sent.push(...drain(raft))
  }
  return sent
}

export function vote(fields: Partial<Extract<Message, { type: 'vote' }>>): Message {
  return { type: 'vote', term: 2, pre: false, transfer: false, lastIndex: 1, lastTerm: 1, ...fields }
}

export function heartbeat(term: number, round = 0, commit = 0): Message {
  return { type: 'heartbeat', term, commit, round }
}

export function append(term: number, prev: Entry | null, entries: readonly Entry[], commit = 0): AppendRequest {
  const { index, term: prevTerm, hash } = prev ?? emptyMark
  return { type: 'append', term, prevIndex: index, prevTerm, prevHash: hash, entries, commit }
}

/** a elected in the next term by b, with its first entry committed unless said otherwise. */
export function leader(given: Given = {}, commitFirst = true): Raft {
  const raft = peer(given)
  raft.campaign(0)
  const term = raft.status().term + 1
  tell(raft, 'b', { type: 'voteReply', term, pre: true, granted: true })
  tell(raft, 'b', { type: 'voteReply', term, pre: false, granted: true })
  assert(raft.status().role === 'leader', 'it was elected')
  if (commitFirst) tell(raft, 'b', { type: 'appendReply', term, index: raft.log.lastIndex, refused: null })
  return raft
}

export function to(sent: readonly Envelope[], id: PeerId, type: Message['type']): Message[] {
  return sent
    .filter((envelope) => envelope.to === id && envelope.message.type === type)
    .map((envelope) => envelope.message)
}
