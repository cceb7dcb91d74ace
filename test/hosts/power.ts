import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cgroupsOf, makeCgroups, removeCgroup } from './cgroups.ts'
import { commandPath, HostsError } from './command.ts'
import { engineCall } from './engine.ts'
import type { HostPlace } from './names.ts'
import { childrenOf, endAll, type ProcessId, processId } from './processes.ts'
import { skeinMain } from './skein.ts'

/**
 * The life of a host: a process namespace of its own, so that killing its first process kills all of them, containers
 * too, in one stroke; with the last of them its mounts go as well. What remains is its disk.
 */

const engineStartMsMax = 60_000

/** Enters cgroups ($1 … up to `--`), then becomes the rest. */
export const enterCgroups = 'while [ "$1" != -- ]; do echo 0 >"$1"; shift; done; shift; exec "$@"'

/**
 * What runs first inside, with the host's name, its disk, an init, node and the skein command. The engine is no child
 * of the init's own, so that it may end and be started again without the host.
 */
const startScript = `set -eu
name=$1 disk=$2 init=$3 node=$4 skein=$5
# Our copies of the machine's mounts would keep its containers' file systems and its namespaces in use.
while read -r _ path _; do case $path in /run/*|/var/lib/*) umount -l "$path" 2>/dev/null || :;; esac; done </proc/mounts
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
mount --bind "$disk" /var/lib
# What is written there (by the engine: its key, its plugins' folders) stays with the host. A disk that cannot carry an
# overlay, being one itself, is replaced by memory.
for own in etc opt; do
  [ -d "/$own" ] || continue
  for at in "/var/lib/.$own" "/run/.$own"; do
    mkdir -p "$at/upper" "$at/work"
    mount -t overlay -o "lowerdir=/$own,upperdir=$at/upper,workdir=$at/work" overlay "/$own" && break
  done
done
# Each engine makes a key of its own, once.
[ -e /var/lib/docker ] || rm -f /etc/docker/key.json
hostname "$name"
mkdir -p /run/bin /run/lock
printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' "$node" "$skein" >/run/bin/skein
chmod 755 /run/bin/skein
exec "$init" -- sh -c '(exec dockerd --config-file /var/lib/docker.json &) ; exec sleep infinity'
`

/** Starts the host's processes. Its network must be plugged in. Resolves when it has a first process. */
export async function powerOn(host: HostPlace, init: string): Promise<ProcessId> {
  rmSync(host.engineSocket, { force: true })
  writeFileSync(join(host.disk, 'docker.json'), JSON.stringify(engineConfig(host), null, 2))
  const log = openSync(host.log, 'a', 0o600)
  const own = ['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--mount-proc']
  const script = join(host.folder, 'start.sh')
  writeFileSync(script, startScript)
  const first = ['sh', script, host.name, host.disk, init, process.execPath, skeinMain]
  // Not `ip netns exec`: that mounts a /sys without cgroups, and no engine starts there.
  const whole = ['nsenter', `--net=/run/netns/${host.mark}`, ...own, ...first]
  const child = spawn('sh', ['-c', enterCgroups, 'sh', ...makeCgroups(host.mark), '--', ...whole], {
    stdio: ['ignore', log, log],
    detached: true,
    cwd: '/',
    env: { ...process.env, PATH: commandPath },
  })
  closeSync(log)
  child.on('error', () => undefined) // Told below: it has no child.
  child.unref()
  for (let i = 0; i < 1_000 && child.exitCode === null; i++) {
    const [pid] = child.pid === undefined ? [] : childrenOf(child.pid)
    // A child of the shell or of nsenter would be one of the machine; only unshare's is the host's first.
    const found = pid !== undefined && isFirst(pid) ? processId(pid) : null
    if (found !== null) return found
    await sleep(10)
  }
  throw new HostsError(`${host.name} does not start: ${lastWords(host)}`, `see ${host.log}`)
}

/** Everything is in a file of its own, for the machine's own engine may have one that says otherwise. */
function engineConfig({ mark }: HostPlace): object {
  return {
    hosts: ['unix:///run/docker.sock', 'unix:///var/lib/docker.sock'],
    'data-root': '/var/lib/docker',
    'exec-root': '/run/docker',
    pidfile: '/run/docker.pid',
    'cgroup-parent': `/${mark}`,
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
  }
}

/** Until the engine answers. */
export async function engineReady(host: HostPlace, signal: AbortSignal): Promise<void> {
  const from = existsSync(host.log) ? readFileSync(host.log).length : 0
  const until = Date.now() + engineStartMsMax
  const answers = (): Promise<boolean> =>
    engineCall(host.engineSocket, 'GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await answers())) {
    signal.throwIfAborted()
    const said = readFileSync(host.log).subarray(from).toString('utf8')
    const failed = /failed to start daemon|failed to load listeners|dockerd: not found/.test(said)
    if (failed || Date.now() > until) {
      const what = failed ? 'does not start' : `does not answer within ${engineStartMsMax / 1000} s`
      throw new HostsError(`the engine of ${host.name} ${what}: ${lastWords(host)}`, `see ${host.log}`)
    }
    await sleep(30)
  }
}

/** Ends every process of these hosts, and removes what they leave on the machine besides network and disk. */
export async function powerOff(hosts: readonly HostPlace[]): Promise<void> {
  await endAll(hosts.map(({ mark }) => mark))
  for (const path of cgroupsOf((name) => hosts.some(({ mark }) => mark === name))) await removeCgroup(path)
}

/** Whether it is the first of a process namespace that lies one below ours. */
function isFirst(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/status`)) return false
  const numbers = /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split('\t') ?? []
  return numbers.length > 1 && numbers.at(-1) === '1'
}

function lastWords({ log }: HostPlace): string {
  const said = existsSync(log) ? readFileSync(log, 'utf8').trim() : ''
  return said === '' ? 'it said nothing' : said.split('\n').slice(-3).join('\n  ')
}
