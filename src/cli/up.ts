import { authorityForm } from '../auth/ca.ts'
import { hashSecret, newToken, tokenEntropyBytes, tokenLifetimeMs, tokenText } from '../auth/tokens.ts'
import type { DataDirContents } from '../config.ts'
import { uuid } from '../lib/uuid.ts'
import type { FileSettings } from './configfile.ts'
import { hostPort, shellWord } from './names.ts'
import { checkEngine, checkMachine, readDataDir, runNode, takeDataDir, warnOfEngine } from './node.ts'
import { defaults, type NodeFlags, readSettingsFile, type Settings, settle } from './settings.ts'
import { durationText } from './text.ts'
import type { World } from './world.ts'

/** `skein up`: founds a cluster where there is none, else starts this node again. Returns when the daemon was told to stop. */
export async function up(flags: NodeFlags, world: World): Promise<void> {
  const file = await readSettingsFile(flags, world)
  const path = flags.dataDir ?? file.dataDir ?? defaults.dataDir
  const opened = await takeDataDir(path, world)
  if (opened.type === 'node') return await startAgain(path, opened, flags, file, world)
  const settings = await settle(flags, file, null, world, world.machine.address)
  await checkMachine(settings, world)
  await checkEngine(settings, world)
  const contents = await found(path, settings, world)
  await runNode(path, contents, settings, greeting(path, contents, settings, 'new', world), world)
}

/** Runs a node that was made before. */
export async function startAgain(
  path: string,
  contents: DataDirContents,
  flags: NodeFlags,
  file: FileSettings,
  world: World,
): Promise<void> {
  const settings = await settle(flags, file, contents.record.settings, world, world.machine.address)
  await checkMachine(settings, world)
  await warnOfEngine(settings, world)
  await runNode(path, contents, settings, greeting(path, contents, settings, 'again', world), world)
}

async function found(path: string, settings: Settings, world: World): Promise<DataDirContents> {
  const { identity } = await world.dataDirs.begin(path, settings.node)
  const clusterId = uuid(world.entropy(16))
  const ca = await world.certificates.issue(authorityForm(clusterId, world.nowMs()), null)
  const caSha256 = world.certificates.sha256(ca.certificatePem)
  const token = newToken('full', caSha256, world.entropy(tokenEntropyBytes))
  const founding = { id: token.id, secretHash: hashSecret(token.secret), expiresAtMs: world.nowMs() + tokenLifetimeMs }
  await world.dataDirs.finish(path, {
    record: {
      format: 1,
      phase: 'ready',
      clusterId,
      caSha256,
      identity,
      founding,
      databasesMade: false,
      settings: settings.node,
    },
    ca,
    joinToken: tokenText(token),
    peers: [],
  })
  const opened = await readDataDir(path, world)
  if (opened.type !== 'node') throw new Error('a directory that was just made a node is one')
  return opened
}

/** What a person needs next, as commands that can be pasted. */
export function greeting(
  path: string,
  { record, joinToken }: DataDirContents,
  settings: Settings,
  how: 'new' | 'again' | 'joined',
  world: World,
): string[] {
  const { node } = settings
  const did = { new: 'founded cluster', again: 'is back in cluster', joined: 'joined cluster' }[how]
  const where = path === defaults.dataDir ? '' : ` --data-dir ${shellWord(path)}`
  const leftMs = (record.founding?.expiresAtMs ?? 0) - world.nowMs()
  const join =
    joinToken !== null && leftMs > 0
      ? [
          `Join other hosts with (the token is good for ${durationText(leftMs)}):`,
          `  skein join ${hostPort(node.advertise, node.apiPort)} --token ${joinToken}`,
        ]
      : ['Join other hosts with a token from:', `  skein token create${where}`]
  return [
    `Node ${node.name} ${did} ${record.clusterId}. API: https://${hostPort(node.advertise, node.apiPort)}`,
    '',
    ...join,
    '',
    'Drive the cluster with kubectl:',
    `  skein kubeconfig${where} --out skein.kubeconfig`,
    '  kubectl --kubeconfig skein.kubeconfig get nodes',
    '',
    `See how it is with: skein status${where}`,
    'Ctrl-C stops this daemon; its containers go on.',
    '',
  ]
}
