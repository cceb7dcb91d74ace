import { hashSecret, newToken, tokenEntropyBytes, tokenText } from '../auth/tokens.ts'
import { formatTime, parseTime } from '../lib/rfc3339.ts'
import type { JoinToken } from '../objects/types.ts'
import { refusal } from './calls.ts'
import { CommandError, exitCodes } from './exit.ts'
import { type AccessFlags, askApi } from './kubeconfig.ts'
import { hostPort } from './names.ts'
import { readDataDir } from './node.ts'
import { defaults } from './settings.ts'
import { durationText, newPaint, table } from './text.ts'
import type { ApiAnswer, World } from './world.ts'

const path = '/apis/skein.dev/v1/jointokens'

/** `skein token create`: a new token. Its secret is made here and shown once; the cluster learns only its hash. */
export async function createToken(flags: AccessFlags & { readonly ttlMs: number }, world: World): Promise<void> {
  const dataDir = flags.dataDir ?? defaults.dataDir
  const opened = await readDataDir(dataDir, world)
  if (opened.type === 'new') {
    const hint = 'run this on a member, or say where its data is with --data-dir'
    throw new CommandError(exitCodes.data, `there is no node in ${dataDir}`, hint)
  }
  const { record } = opened
  const token = newToken('full', record.caSha256, world.entropy(tokenEntropyBytes))
  const body = {
    apiVersion: 'skein.dev/v1',
    kind: 'JoinToken',
    metadata: { name: token.id },
    spec: {
      scope: token.scope,
      secretHash: hashSecret(token.secret),
      expiresAt: formatTime(world.nowMs() + flags.ttlMs),
    },
  }
  good(await askApi(flags, { method: 'POST', path, body }, world), 'make a token')
  const { advertise, apiPort } = record.settings
  world.terminal.say(
    `skein join ${hostPort(advertise, apiPort)} --token ${tokenText(token)}\n\ngood for ${durationText(flags.ttlMs)}; take it back with: skein token delete ${token.id}`,
  )
}

/** `skein token list`. */
export async function listTokens(flags: AccessFlags, world: World): Promise<void> {
  const answer = good(await askApi(flags, { method: 'GET', path }, world), 'list the tokens')
  const { items } = answer.body as { items: readonly JoinToken[] }
  if (items.length === 0) return world.terminal.say('no tokens; make one with: skein token create')
  const paint = newPaint(world.terminal.colours)
  const rows = items.map(({ metadata, spec }) => [metadata.name, spec.scope, leftText(spec.expiresAt, world.nowMs())])
  world.terminal.say(table([['ID', 'SCOPE', 'EXPIRES'].map((name) => paint('bold', name)), ...rows]).join('\n'))
}

/** `skein token delete`. */
export async function deleteToken(flags: AccessFlags, id: string, world: World): Promise<void> {
  good(await askApi(flags, { method: 'DELETE', path: `${path}/${encodeURIComponent(id)}` }, world), 'delete the token')
  world.terminal.say(`token ${id} lets nobody in any more`)
}

function leftText(expiresAt: string | undefined, nowMs: number): string {
  const atMs = expiresAt === undefined ? null : parseTime(expiresAt)
  if (atMs === null) return 'never'
  return atMs <= nowMs ? 'expired' : `in ${durationText(atMs - nowMs)}`
}

function good(answer: ApiAnswer, what: string): ApiAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer
  const { message } = refusal(answer)
  const noQuorum = answer.status === 503 || answer.status === 504 || answer.status === 500
  throw new CommandError(
    noQuorum ? exitCodes.quorum : exitCodes.refused,
    `cannot ${what}: ${message}`,
    noQuorum ? 'see how the cluster is with: skein status' : 'see skein token list',
  )
}
