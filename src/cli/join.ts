import { type JoinToken, parseToken } from '../auth/tokens.ts'
import type { DataDirContents, PeerConfig } from '../config.ts'
import type { JoinAnswer, JoinRequest } from '../objects/clusterstatus.ts'
import { callError, refusal } from './calls.ts'
import { CommandError, exitCodes } from './exit.ts'
import { hostPort, parseHostPort } from './names.ts'
import { checkEngine, checkMachine, readDataDir, runNode, takeDataDir } from './node.ts'
import { defaults, type NodeFlags, readSettingsFile, type Settings, settle } from './settings.ts'
import { greeting, startAgain } from './up.ts'
import type { World } from './world.ts'

/**
 * `skein join`: asks a member to let this node in, and runs it. On a node that is in that cluster already it is `up`, so
 * that a supervisor may repeat the same command for ever.
 */
export async function join(where: string, given: string, flags: NodeFlags, world: World): Promise<void> {
  const token = readToken(given)
  const address = parseHostPort(where, defaults.apiPort)
  if (address === null) {
    throw new CommandError(
      exitCodes.usage,
      `${JSON.stringify(where)} is no address`,
      'give a member as host or host:port',
    )
  }
  const file = await readSettingsFile(flags, world)
  const path = flags.dataDir ?? file.dataDir ?? defaults.dataDir
  const opened = await takeDataDir(path, world)
  if (opened.type === 'node') {
    checkSameCluster(path, opened, token)
    return await startAgain(path, opened, flags, file, world)
  }
  const { caPem, localAddress } = await pinned(address, token, world)
  const settings = await settle(flags, file, null, world, async () => localAddress)
  await checkMachine(settings, world)
  await checkEngine(settings, world)
  const { identity } = await world.dataDirs.begin(path, settings.node)
  const answer = await ask(address, caPem, requestOf(token, identity, settings, world), world)
  const contents = await admit(path, answer, token, identity, settings, world)
  await runNode(path, contents, settings, greeting(path, contents, settings, 'joined', world), world)
}

function readToken(given: string): JoinToken {
  const hint = 'copy it whole from `skein up` or `skein token create` on a member'
  const parsed = parseToken(given)
  if (parsed.type === 'invalid') throw new CommandError(exitCodes.token, parsed.reason, hint)
  if (parsed.token.scope === 'worker') {
    const reason = 'this is a token for workers, which this version of skein does not have'
    throw new CommandError(exitCodes.token, reason, 'make a full one with `skein token create` on a member')
  }
  return parsed.token
}

function checkSameCluster(path: string, { record }: DataDirContents, token: JoinToken): void {
  if (record.caSha256 === token.caSha256) return
  const reason = `${path} belongs to node ${record.settings.name} of another cluster (${record.clusterId})`
  throw new CommandError(exitCodes.data, reason, 'choose an empty directory with --data-dir')
}

interface Address {
  readonly host: string
  readonly port: number
}

async function pinned(
  { host, port }: Address,
  token: JoinToken,
  world: World,
): Promise<{ readonly caPem: string; readonly localAddress: string }> {
  try {
    return await world.client.pinned(host, port, token.caSha256)
  } catch (error) {
    throw callError(error, hostPort(host, port), 'the cluster of this token')
  }
}

function requestOf(token: JoinToken, identity: string, { node }: Settings, world: World): JoinRequest {
  return {
    tokenId: token.id,
    secret: token.secret,
    name: node.name,
    identity,
    addresses: [hostPort(node.advertise, node.gossipPort)],
    apiAddress: hostPort(node.advertise, node.apiPort),
    version: world.version,
  }
}

async function ask({ host, port }: Address, caPem: string, body: JoinRequest, world: World): Promise<JoinAnswer> {
  const where = hostPort(host, port)
  let answer: { readonly status: number; readonly body: unknown }
  try {
    answer = await world.client.call({ host, port, caPem }, { method: 'POST', path: '/skein/v1/join', body })
  } catch (error) {
    throw callError(error, where, 'the cluster of this token')
  }
  if (answer.status >= 200 && answer.status < 300 && isAnswer(answer.body)) return answer.body
  const { reason, message } = refusal(answer)
  if (answer.status === 401 || answer.status === 403) {
    const hint = 'make a new token with `skein token create` on a member'
    const why = answer.status === 401 ? 'it is wrong, expired or was deleted' : message
    throw new CommandError(exitCodes.token, `${where} does not take the token: ${why}`, hint)
  }
  if (answer.status === 409) {
    const taken = /taken|exists/.test(message)
    const hint = taken
      ? `choose another name with --name, or remove the old node with: kubectl delete node ${body.name}`
      : 'try again'
    // What the API advises after the colon, this command says in its own hint.
    const why = taken ? message.split(': ')[0] : message
    throw new CommandError(exitCodes.refused, `${where} does not let ${body.name} in: ${why}`, hint)
  }
  if (answer.status === 503 || answer.status === 504 || reason === 'Timeout') {
    const hint = 'see `skein status` on a member; try again once its cluster has a leader'
    throw new CommandError(exitCodes.quorum, `${where} can let nobody in now: its cluster has no quorum`, hint)
  }
  throw new CommandError(
    exitCodes.refused,
    `${where} does not let this node in: ${message}`,
    'see the log of that node',
  )
}

async function admit(
  path: string,
  answer: JoinAnswer,
  token: JoinToken,
  identity: string,
  settings: Settings,
  world: World,
): Promise<DataDirContents> {
  const peers: PeerConfig[] = answer.members
    .filter((member) => member.identity !== identity)
    .map(({ name, addresses, asOf, ...member }) => {
      return { identity: member.identity, name, addresses: [...addresses], asOf }
    })
  await world.dataDirs.finish(path, {
    record: {
      format: 1,
      phase: 'ready',
      clusterId: answer.clusterId,
      caSha256: token.caSha256,
      identity,
      founding: null,
      databasesMade: false,
      settings: settings.node,
    },
    ca: { certificatePem: answer.caCertificate, keyPem: answer.caKey },
    joinToken: null,
    peers,
  })
  // Reading it back checks the answer too: that the authority is the pinned one, and the key its own.
  const opened = await readDataDir(path, world)
  if (opened.type !== 'node') throw new Error('a directory that was just made a node is one')
  return opened
}

function isAnswer(body: unknown): body is JoinAnswer {
  const { clusterId, caCertificate, caKey, members } = (body ?? {}) as Partial<JoinAnswer>
  return (
    [clusterId, caCertificate, caKey].every((field) => typeof field === 'string' && field !== '') &&
    Array.isArray(members) &&
    members.every(
      ({ identity, name, addresses, asOf }) =>
        Number.isSafeInteger(asOf) &&
        typeof identity === 'string' &&
        typeof name === 'string' &&
        Array.isArray(addresses) &&
        addresses.every((address) => typeof address === 'string'),
    )
  )
}
