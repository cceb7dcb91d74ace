#!/usr/bin/env node
import './host/polyfill.io.ts' // Before everything: libp2p needs it on Node 20.

import { setMaxListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newClient } from './cli/client.io.ts'
import { CommandError, exitCodes } from './cli/exit.ts'
import { faultOf } from './cli/faults.ts'
import { newMachine } from './cli/machine.io.ts'
import { complain, runCommand } from './cli/program.ts'
import type { DaemonOrder, World } from './cli/world.ts'
import type { NodeRecord } from './config.ts'
import { newClock } from './host/clock.io.ts'
import { beginNode, finishNode, lockDataDir, readDataDir, readIdentity, writeRecord } from './host/datadir.io.ts'
import { writeWhole } from './host/files.io.ts'
import type { Disk, Host, Http, Log } from './host/host.ts'
import { readCertificate } from './host/pem.io.ts'
import { newEntropy } from './host/random.io.ts'
import { newSockets } from './host/sockets.io.ts'
import { newFiles } from './host/volumes.io.ts'
import { version } from './lib/version.ts'

// Every wait listens to the signal that ends the daemon; Node would take more than ten for a leak.
setMaxListeners(0)

const clock = newClock()
const entropy = newEntropy()
const machine = newMachine()
const lingerMs = 2_000
const watched = process.stderr.isTTY === true
const colours = process.stdout.isTTY === true && watched && (process.env.NO_COLOR ?? '') === ''

// Who read along has gone (`skein status | head -1`): no reason for a command to fail, nor for a daemon to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const world: World = {
  version,
  terminal: {
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    colours,
    watched,
  },
  machine,
  dataDirs: { read: readDataDir, lock: lockDataDir, begin: beginNode, finish: finishNode, writeRecord },
  certificates: {
    // Loaded only where one is made: it takes a third of a second.
    issue: async (form, issuer) => (await import('./host/certificates.io.ts')).issueCertificate(form, issuer),
    sha256: (pem) => readCertificate(pem).sha256,
  },
  client: newClient(),
  nowMs: clock.nowMs,
  entropy: entropy.bytes,
  readFile: (path) => readFile(path, 'utf8'),
  writeFile: (path, text) => writeWhole(path, text, 0o600),
  runDaemon: runOnThisHost,
}

/** The daemon on the real devices of this machine, until SIGTERM or SIGINT. */
async function runOnThisHost(order: DaemonOrder): Promise<void> {
  // Loaded only here, so that `skein status` does not wait for libp2p and LevelDB.
  const { newLog } = await import('./host/log.io.ts')
  const log = newLog({ ...order.log, terminal: watched, colours })
  const signal = stopSignal(log)
  endOnBugs(log)
  try {
    await runDevices(order, log, signal)
    log.info('stopped')
  } catch (error) {
    const fault = faultOf(error)
    const stack = error instanceof Error ? error.stack : String(error)
    if (fault.code === exitCodes.bug) log.error('bug: the daemon ends', { stack })
    else log.debug('the daemon ends', { stack })
    throw fault
  }
}

async function runDevices(order: DaemonOrder, log: Log, signal: AbortSignal): Promise<void> {
  const [{ runDaemon }, { openNetwork }, { newLevelDisk }, { dockerEngine }, { openServing }] = await Promise.all([
    import('./daemon.ts'),
    import('./host/libp2p.io.ts'),
    import('./host/level.io.ts'),
    import('./host/docker.io.ts'),
    import('./host/serving.io.ts'),
  ])
  const { config, dataDir, record } = order
  const own = await readIdentity(dataDir, record)
  if ('fault' in own) throw new CommandError(exitCodes.data, own.reason, own.hint)
  const addresses = (): string[] => [...machine.addresses(), record.settings.advertise]
  const serving = { nodeName: config.node.name, addresses, ca: config.ca, clock, log }
  const http = await openServing(serving, signal)
  const { gossip } = config
  const listen = gossip.address.includes(':')
    ? `[${gossip.address}]:${gossip.port}`
    : `${gossip.address}:${gossip.port}`
  const network = await openNetwork({ own, listen, announce: [gossip.advertise], log }, signal)
  const disk = rememberedDisk(newLevelDisk(dataDir), dataDir, record)
  const host: Host = {
    clock,
    entropy,
    network,
    disk: disk.disk,
    engine: dockerEngine({ endpoint: `unix://${order.engineSocket}` }),
    files: newFiles(join(dataDir, 'pods')),
    sockets: newSockets(log),
    http: announced(http, order.serving),
    log,
  }
  try {
    await runDaemon(config, host, signal)
  } finally {
    await network.close()
    await disk.close()
  }
}

/** Notes in `node.json` that the databases were made, once both are: from then on they are missed when they are gone. */
function rememberedDisk(disk: Disk, dataDir: string, record: NodeRecord): { disk: Disk; close(): Promise<void> } {
  const opened = new Map<string, { close(): Promise<void> }>()
  return {
    disk: {
      async open(name) {
        const database = await disk.open(name)
        opened.set(name, database)
        if (opened.size === 2 && !record.databasesMade) await writeRecord(dataDir, { ...record, databasesMade: true })
        return database
      },
    },
    async close() {
      for (const database of opened.values()) await database.close()
    },
  }
}

function announced(http: Http, serving: () => void): Http {
  return {
    ...http,
    async serve(options, handle, signal) {
      const listening = await http.serve(options, handle, signal)
      serving()
      return listening
    },
  }
}

/** Aborts at the first SIGTERM or SIGINT; the second ends the process at once. */
function stopSignal(log: Log): AbortSignal {
  const controller = new AbortController()
  for (const [name, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code)
      log.info('stopping', { signal: name })
      controller.abort(new Error(`stopped by ${name}`))
    })
  }
  return controller.signal
}

/** What nobody caught is a bug: the process ends rather than go on wrong, and whoever supervises it starts it again. */
function endOnBugs(log: Log): void {
  const end = (error: unknown): void => {
    log.error('bug: nobody caught this', { error, stack: error instanceof Error ? error.stack : undefined })
    process.exit(exitCodes.bug)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}

try {
  process.exitCode = await runCommand(process.argv.slice(2), world)
} catch (error) {
  const message = `this is a bug in skein: ${error instanceof Error ? error.message : String(error)}`
  complain({ message, hint: 'report it, with the command as you gave it' }, world)
  process.exitCode = exitCodes.bug
}
// All is done. What still holds the process open (a socket that a peer does not close) does not hold it for long.
setTimeout(() => process.exit(), lingerMs).unref()
