import { unreachable } from '../lib/assert.ts'
import { campaign, stepVote, stepVoteReply } from './election.ts'
import { followLeader, stepAppend, stepHeartbeat, stepSnapshot } from './follower.ts'
import { proposeLeading, readLeading, stepAppendReply, stepHeartbeatReply, stepSnapshotReply } from './leader.ts'
import type { Message } from './message.ts'
import { becomeFollower, mayCampaign, type RaftState, send } from './state.ts'
import type { PeerId } from './types.ts'

/** Terms first (thesis 3.3), then what the message says. */
export function step(state: RaftState, from: PeerId, message: Message): void {
  switch (message.type) {
    case 'vote':
      stepVote(state, from, message)
      return
    case 'propose':
      // One hop: who is not the leader (any more) drops them; their proposer will ask again.
      if (state.role === 'leader') for (const data of message.data) proposeForeign(state, data)
      return
    case 'read':
      if (state.role === 'leader') readLeading(state, { from, token: message.token })
      return
    case 'readReply':
      state.readStates.push({ token: message.token, index: message.index })
      return
    default:
      stepTermed(state, from, message)
      return
  }
}

/** What would not fit into a packet on its way to the followers is not taken, whoever let it through. */
function proposeForeign(state: RaftState, data: Uint8Array): void {
  if (data.length <= state.options.entryBytesMax) proposeLeading(state, data)
}

type Termed = Exclude<Message, { type: 'vote' | 'propose' | 'read' | 'readReply' }>

function stepTermed(state: RaftState, from: PeerId, message: Termed): void {
  // A granted pre-vote names the term that would be; it is not yet anybody's.
  const granted = message.type === 'voteReply' && message.pre && message.granted
  if (message.term > state.term && !granted) becomeFollower(state, message.term, null)
  if (message.term < state.term) {
    // Tell a leader of the past that it is one; anything else from the past says nothing.
    const leads = message.type === 'append' || message.type === 'heartbeat' || message.type === 'snapshot'
    if (leads) send(state, from, { type: 'heartbeatReply', term: state.term, round: 0 })
    return
  }
  switch (message.type) {
    case 'voteReply':
      stepVoteReply(state, from, message)
      return
    case 'append':
      followLeader(state, from)
      stepAppend(state, from, message)
      return
    case 'heartbeat':
      followLeader(state, from)
      stepHeartbeat(state, from, message)
      return
    case 'snapshot':
      followLeader(state, from)
      stepSnapshot(state, from, message)
      return
    case 'timeoutNow':
      if (state.role === 'follower' && state.leader === from && mayCampaign(state)) campaign(state, 'transfer')
      return
    default:
      if (state.role === 'leader') stepAnswer(state, from, message)
  }
}

function stepAnswer(
  state: RaftState,
  from: PeerId,
  message: Extract<Message, { type: 'appendReply' | 'heartbeatReply' | 'snapshotReply' }>,
): void {
  switch (message.type) {
    case 'appendReply':
      stepAppendReply(state, from, message)
      return
    case 'heartbeatReply':
      stepHeartbeatReply(state, from, message)
      return
    case 'snapshotReply':
      stepSnapshotReply(state, from, message)
      return
    default:
      unreachable(message)
  }
}
