import { dirname, isAbsolute, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { adminGroup, adminUser, clientForm, lifetimes } from '../auth/ca.ts'
import type { KeyPair } from '../config.ts'
import { CallError, callError } from './calls.ts'
import { CommandError, exitCodes, fileProblem } from './exit.ts'
import { hostPort, parseHostPort, shellWord } from './names.ts'
import { readDataDir } from './node.ts'
import { defaults } from './settings.ts'
import type { ApiAnswer, ApiRequest, ApiTarget, World } from './world.ts'

/** Where a command finds the API and with what right it asks. */
export interface AccessFlags {
  readonly dataDir?: string
  readonly kubeconfig?: string
}

/** `skein kubeconfig`: an administrator's, to standard output or into a file. */
export async function kubeconfig(
  flags: AccessFlags & { readonly out?: string; readonly server?: string },
  world: World,
): Promise<void> {
  const path = flags.dataDir ?? defaults.dataDir
  const node = await nodeOf(path, world)
  const { settings, clusterId } = node.record
  const form = clientForm(adminUser, [adminGroup], lifetimes.adminMs, world.nowMs())
  const admin = await world.certificates.issue(form, node.ca)
  const server = flags.server ?? `https://${hostPort(settings.advertise, settings.apiPort)}`
  const text = kubeconfigText(server, `skein-${clusterId.slice(0, 8)}`, node.ca.certificatePem, admin)
  if (flags.out === undefined) return world.terminal.say(text.trimEnd())
  const out = flags.out
  await world.writeFile(out, text).catch((cause: Error) => {
    throw new CommandError(
      exitCodes.failed,
      `cannot write ${out}: ${fileProblem(cause)}`,
      'choose another file with --out',
      cause,
    )
  })
  world.terminal.say(
    `wrote ${out}: an administrator of the cluster, at ${server}, for a year\ntry: kubectl --kubeconfig ${out} get nodes`,
  )
}

export function kubeconfigText(server: string, name: string, caPem: string, admin: KeyPair): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caPem) } }],
      users: [
        {
          name: `${name}-admin`,
          user: { 'client-certificate-data': base64(admin.certificatePem), 'client-key-data': base64(admin.keyPem) },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: `${name}-admin`, namespace: 'default' } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  )
}

/** Asks the API as an administrator. Where several targets cannot be reached, the first is the one to tell of. */
export async function askApi(flags: AccessFlags, request: ApiRequest, world: World): Promise<ApiAnswer> {
  const targets = await targetsOf(flags, world)
  const whom = flags.kubeconfig === undefined ? 'the node of this data directory' : 'the cluster of this kubeconfig'
  let told: unknown
  for (const target of targets) {
    try {
      return await world.client.call(target, request)
    } catch (error) {
      told ??= callError(error, hostPort(target.host, target.port), whom)
      if (!(error instanceof CallError) || error.why !== 'unreachable') break
    }
  }
  throw withOwnHint(told, flags)
}

/** Asks another member, at its API's address, with the same right. Rejects when it does not answer. */
export async function askMember(
  apiAddress: string,
  flags: AccessFlags,
  request: ApiRequest,
  world: World,
): Promise<ApiAnswer> {
  const address = parseHostPort(apiAddress, defaults.apiPort)
  const [{ caPem, client, token } = { caPem: undefined }] = await targetsOf(flags, world)
  if (address === null) throw new CallError('unreachable', `${JSON.stringify(apiAddress)} is no address`)
  return await world.client.call({ ...address, caPem, ...(client && { client }), ...(token && { token }) }, request)
}

/** Who asks the daemon of his own data directory wants to know how to start it, not of firewalls. */
function withOwnHint(error: unknown, flags: AccessFlags): unknown {
  if (!(error instanceof CommandError) || flags.kubeconfig !== undefined) return error
  const where = flags.dataDir === undefined ? '' : ` --data-dir ${shellWord(flags.dataDir)}`
  const start = `start its daemon with: skein up${where}`
  const message = error.message.replace('nobody answers', 'no daemon answers')
  const hint =
    error.code === exitCodes.untrusted
      ? `another node's daemon has its port; ${start} --api-port PORT`
      : `${start}; or ask another node with --kubeconfig`
  return new CommandError(error.code, message, hint, error)
}

/** The own node is asked on this machine first, then at the address it told others (it may listen on that alone). */
async function targetsOf(flags: AccessFlags, world: World): Promise<readonly ApiTarget[]> {
  if (flags.kubeconfig !== undefined) return [await kubeconfigTarget(flags.kubeconfig, world)]
  const { record, ca } = await nodeOf(flags.dataDir ?? defaults.dataDir, world)
  const form = clientForm(adminUser, [adminGroup], lifetimes.sessionMs, world.nowMs())
  const target = {
    port: record.settings.apiPort,
    caPem: ca.certificatePem,
    client: await world.certificates.issue(form, ca),
  }
  return [
    { ...target, host: '127.0.0.1' },
    { ...target, host: record.settings.advertise },
  ]
}

async function nodeOf(
  path: string,
  world: World,
): Promise<Exclude<Awaited<ReturnType<typeof readDataDir>>, { type: 'new' }>> {
  const opened = await readDataDir(path, world)
  if (opened.type === 'node') return opened
  const hint = 'say where it is with --data-dir; or make one with: skein up, skein join'
  throw new CommandError(exitCodes.data, `there is no node in ${path}`, hint)
}

async function kubeconfigTarget(path: string, world: World): Promise<ApiTarget> {
  const bad = (what: string, cause?: unknown): never => {
    throw new CommandError(exitCodes.usage, `${path}: ${what}`, 'make a good one with: skein kubeconfig', cause)
  }
  const text = await world.readFile(path).catch((cause: Error) => bad(fileProblem(cause), cause))
  const config = parsedOr(text, (cause) => bad('is not YAML', cause))
  const current = config['current-context']
  const found = named(config.contexts, current)?.context
  const cluster = named(config.clusters, found?.cluster)?.cluster ?? bad('its current context names no cluster')
  const user = named(config.users, found?.user)?.user ?? {}
  const match = /^https:\/\/([^/]+?)\/?$/.exec(String(cluster.server))
  const address = match === null ? null : parseHostPort(match[1] ?? '', 443)
  if (address === null) return bad(`its server ${JSON.stringify(cluster.server)} is not https://host:port`)
  const content = async (map: Entry, key: string): Promise<string | undefined> => {
    const data = map[`${key}-data`]
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8')
    const file = map[key]
    if (typeof file !== 'string') return undefined
    const where = isAbsolute(file) ? file : join(dirname(path), file)
    return await world.readFile(where).catch((cause: Error) => bad(`${key}: ${fileProblem(cause)}`, cause))
  }
  const [caPem, certificatePem, keyPem] = [
    await content(cluster, 'certificate-authority'),
    await content(user, 'client-certificate'),
    await content(user, 'client-key'),
  ]
  return {
    ...address,
    caPem,
    ...(certificatePem !== undefined && keyPem !== undefined ? { client: { certificatePem, keyPem } } : {}),
    ...(typeof user.token === 'string' ? { token: user.token } : {}),
    ...(typeof cluster['tls-server-name'] === 'string' ? { serverName: cluster['tls-server-name'] } : {}),
  }
}

type Entry = Readonly<Record<string, unknown>>

function named(list: unknown, name: unknown): { readonly [key: string]: Entry | undefined } | undefined {
  if (!Array.isArray(list)) return undefined
  return list.find((item: { name?: unknown } | null) => item?.name === name && name !== undefined)
}

function parsedOr(text: string, bad: (cause: unknown) => never): Entry {
  try {
    const value: unknown = parse(text)
    return typeof value === 'object' && value !== null ? (value as Entry) : {}
  } catch (cause) {
    return bad(cause)
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
