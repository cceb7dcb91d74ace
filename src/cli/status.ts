import type { ClusterMember, ClusterStatus } from '../objects/clusterstatus.ts'
import { CallError, refusal } from './calls.ts'
import { CommandError, type ExitCode, exitCodes } from './exit.ts'
import { type AccessFlags, askApi, askMember } from './kubeconfig.ts'
import { count, newPaint, type Paint, table } from './text.ts'
import type { World } from './world.ts'

/** `skein status`: how the cluster is, as one node sees it. Ends with the code for `quorum` when it takes no writes. */
export async function status(flags: AccessFlags & { readonly output?: 'json' }, world: World): Promise<ExitCode> {
  const answer = await askApi(flags, { method: 'GET', path: '/skein/v1/status' }, world)
  if (answer.status !== 200 || !isStatus(answer.body)) {
    const hint = 'is this a skein node of the same version? see its log'
    throw new CommandError(exitCodes.refused, `the node does not say how it is: ${refusal(answer).message}`, hint)
  }
  const seen = answer.body
  if (flags.output === 'json') world.terminal.say(JSON.stringify(seen, null, 2))
  else {
    const [pods, removedBy] = await Promise.all([podCounts(flags, world), removal(seen, flags, world)])
    world.terminal.say(statusText(seen, pods, newPaint(world.terminal.colours), removedBy).join('\n'))
  }
  return seen.raft.leader === null ? exitCodes.quorum : exitCodes.ok
}

/** Pods by node, from the asked node's own memory, so that it answers without a quorum too. Null when it does not. */
async function podCounts(flags: AccessFlags, world: World): Promise<ReadonlyMap<string, number> | null> {
  const answer = await askApi(flags, { method: 'GET', path: '/api/v1/pods?resourceVersion=0' }, world)
  const { items } = (answer.body ?? {}) as { items?: unknown }
  if (answer.status !== 200 || !Array.isArray(items)) return null
  const counts = new Map<string, number>()
  for (const pod of items as { spec?: { nodeName?: string }; status?: { phase?: string } }[]) {
    const name = pod.spec?.nodeName
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    if (name !== undefined && !ended) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/**
 * A node that was removed is not told so: nobody speaks with it any more, and to itself it looks as if all others had
 * failed. So, before anybody is sent to bring them back, they are asked. The name of one that has a leader and does not
 * list the asked node; null: none.
 */
async function removal(seen: ClusterStatus, flags: AccessFlags, world: World): Promise<string | null> {
  if (seen.raft.leader !== null) return null
  const own = seen.members.find(({ name }) => name === seen.node)?.identity
  const others = seen.members.filter(({ identity, apiAddress }) => identity !== own && apiAddress !== '')
  const asked = others.map(async ({ name, apiAddress }) => {
    try {
      const { status, body } = await askMember(apiAddress, flags, { method: 'GET', path: '/skein/v1/status' }, world)
      if (status !== 200 || !isStatus(body) || body.raft.leader === null || body.clusterId !== seen.clusterId)
        return null
      return body.members.some(({ identity }) => identity === own) ? null : name
    } catch (error) {
      if (error instanceof CallError) return null // Its silence says nothing.
      throw error
    }
  })
  return (await Promise.all(asked)).find((name) => name !== null) ?? null
}

export function statusText(
  seen: ClusterStatus,
  pods: ReadonlyMap<string, number> | null,
  paint: Paint,
  /** Who leads or follows a leader, and does not list the node that answered. */
  removedBy: string | null = null,
): string[] {
  const rows = [...seen.members]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((member) => [
      member.name === seen.node ? `${member.name} *` : member.name,
      roleOf(member),
      stateText(member, paint),
      member.ready ? paint('green', 'yes') : paint('red', 'no'),
      pods === null ? '?' : String(pods.get(member.name) ?? 0),
      member.apiAddress === '' ? '-' : member.apiAddress,
    ])
  const head = ['NODE', 'ROLE', 'STATE', 'READY', 'PODS', 'API'].map((name) => paint('bold', name))
  return [
    `Cluster ${seen.clusterId}, ${count(seen.members.length, 'node')}.${leaderText(seen)}`,
    ...(removedBy === null ? quorumText(seen, paint) : removedText(seen.node, removedBy, paint)),
    ...(seen.engine === '' ? [paint('yellow', `No Docker Engine answers on ${seen.node}: it runs no pods.`)] : []),
    '',
    ...table([head, ...rows]),
    '',
    `* the node that answered: skein ${seen.version}, ${seen.engine === '' ? 'no engine' : seen.engine}, log applied to ${seen.raft.appliedIndex} of ${seen.raft.commitIndex}`,
  ]
}

function roleOf(member: ClusterMember): string {
  if (member.leader) return 'leader'
  return member.voter ? 'voter' : 'learner'
}

function stateText({ state }: ClusterMember, paint: Paint): string {
  if (state === 'alive') return paint('green', state)
  return paint(state === 'dead' ? 'red' : 'yellow', state)
}

function leaderText(seen: ClusterStatus): string {
  const { leader, term } = seen.raft
  return leader === null ? '' : ` Leader: ${nameOf(seen, leader)}, term ${term}.`
}

function nameOf(seen: ClusterStatus, identity: string): string {
  return seen.members.find((member) => member.identity === identity)?.name ?? identity
}

/** What may still fail, and what to do about it. */
function quorumText(seen: ClusterStatus, paint: Paint): string[] {
  const { voters, leader } = seen.raft
  const states = new Map(seen.members.map((member) => [member.identity, member.state]))
  const down = voters.filter((voter) => ['dead', 'left'].includes(states.get(voter) ?? ''))
  const names = down.map((voter) => nameOf(seen, voter))
  const { mayFail } = seen.quorum
  if (leader === null) return leaderless(voters.length, names, paint)
  if (mayFail > 0) {
    const lost = names.length === 0 ? '' : paint('yellow', ` Down: ${names.join(', ')}.`)
    return [`${mayFail} of ${voters.length} voters may ${names.length === 0 ? '' : 'still '}fail.${lost}`]
  }
  if (voters.length === 1) {
    const missing = 3 - seen.members.length
    const more = missing > 0 ? ` With ${count(missing, 'more node')} one may fail.` : ''
    return [paint('yellow', `${nameOf(seen, voters[0] ?? '')} must live: it is the only voter.${more}`)]
  }
  const until =
    names.length === 0 ? '' : ` until ${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} back or deleted`
  return [paint('yellow', `No further voter may fail${until}.`)]
}

function removedText(node: string, by: string, paint: Paint): string[] {
  return [
    paint('red', `REMOVED: ${node} is no node of the cluster any more, says ${by}. Below is what it knew last.`),
    'Stop its daemon and delete its data directory; then it may join again.',
  ]
}

function leaderless(voters: number, down: readonly string[], paint: Paint): string[] {
  const alive = voters - down.length
  const majority = Math.floor(voters / 2) + 1
  const next =
    alive < majority ? `Bring back ${down.join(' or ')}.` : 'An election may be under way: look again in a moment.'
  return [
    paint(
      'red',
      `NO LEADER: writes are refused. ${majority} of ${count(voters, 'voter')} must agree on one, ${alive} ${alive === 1 ? 'is' : 'are'} seen here.`,
    ),
    `Pods go on running. ${next}`,
  ]
}

function isStatus(body: unknown): body is ClusterStatus {
  const { raft, members, quorum } = (body ?? {}) as Partial<ClusterStatus>
  return typeof raft === 'object' && Array.isArray(raft?.voters) && Array.isArray(members) && typeof quorum === 'object'
}
