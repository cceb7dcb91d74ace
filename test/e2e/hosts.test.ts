import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitFor } from '../hosts/cluster.ts'
import { engineCall } from '../hosts/engine.ts'
import { type Host, type Hosts, openHosts, startHosts } from '../hosts/hosts.ts'
import { demoImage } from '../hosts/image.ts'
import { overlaps } from '../hosts/ranges.ts'
import { tracesOf } from '../hosts/traces.ts'

/** The hosts themselves: that they fail as machines fail, come back with what they had, and leave nothing behind. */
const root = process.getuid?.() === 0
const main = fileURLToPath(new URL('../../dist/test/hosts/main.js', import.meta.url))
const echoPort = 9_000
/** How long silence must last to be believed. */
const silenceMs = 1_500

test.skipIf(root)('without root, it says so', () => {
  const { status, stderr } = npmRunHosts('up', '2')
  expect([status, stderr]).toEqual([1, expect.stringMatching(/needs root[\s\S]*sudo/)])
})

describe.skipIf(!root)('hosts on this machine', () => {
  let hosts: Hosts
  let [a, b, c]: Host[] = []
  beforeAll(async () => {
    hosts = await startHosts({ count: 3, prefix: 'tst' })
    ;[a, b, c] = hosts.hosts
  })
  afterAll(async () => {
    await hosts?.stop()
  })

  test('each has an engine of its own, with the image', async () => {
    const ids = new Set<string>()
    for (const { name, engineSocket } of hosts.hosts) {
      expect((await engineCall(engineSocket, 'GET', `/images/${demoImage}/json`)).status).toBe(200)
      const info = JSON.parse((await engineCall(engineSocket, 'GET', '/info')).text) as { ID: string; Name: string }
      expect(info.Name).toBe(name)
      ids.add(info.ID)
    }
    expect(ids.size).toBe(3)
  })

  test('each has a name, processes and folders of its own, and the command of the project', async () => {
    expect((await here(a).exec(['hostname'])).stdout).toBe('tst1\n')
    await here(a).exec(['sh', '-c', 'echo one >/var/lib/mine; echo two >/run/mine'])
    expect((await here(b).exec(['ls', '/var/lib/mine', '/run/mine'])).status).not.toBe(0)
    expect(existsSync('/var/lib/mine') || existsSync('/run/mine')).toBe(false)
    expect((await here(a).exec(['sh', '-c', 'exit 7'])).status).toBe(7)
    expect((await here(a).exec(['cat'], { input: 'said' })).stdout).toBe('said')
    expect((await here(a).exec(['skein', 'version'])).stdout).toMatch(/^skein \d/)
    const seen = (await here(a).exec(['sh', '-c', 'ls -d /proc/[0-9]*'])).stdout.trim().split('\n')
    expect(seen.length).toBeLessThan(30)
  })

  test('all reach one another and this machine, and it reaches them; nothing leaves', async () => {
    for (const from of hosts.hosts) {
      for (const to of [...hosts.hosts.map(({ address }) => address), hosts.machineAddress])
        expect(await pings(from, to)).toBe(true)
    }
    const echo = await echoIn(here(b))
    expect(await echo.says('hello')).toBe('hello')
    echo.end()
    // 203.0.113.0/24 is nobody's (RFC 5737): a packet to it follows the default route, to this machine, and no further.
    expect((await here(a).exec(['ip', 'route', 'get', '203.0.113.9'])).stdout).toContain(hosts.machineAddress)
    expect(await pings(here(a), '203.0.113.9')).toBe(false)
  })

  test('a partition is silence, and a connection lives through it', async () => {
    const echo = await echoIn(here(c))
    expect(await echo.says('before')).toBe('before')
    await hosts.partition(['tst3'])
    expect(await pings(here(a), here(c).address)).toBe(false)
    expect(await pings(here(c), here(a).address)).toBe(false)
    expect(await pings(here(a), here(b).address)).toBe(true)
    echo.send('during')
    await sleep(silenceMs)
    expect(echo.heard()).toBe('')
    expect(echo.ended()).toBe(false)
    await hosts.partition(['tst1'])
    expect(await pings(here(a), here(c).address)).toBe(true)
    await hosts.heal(['tst1', 'tst3'])
    await waitFor('what was sent meanwhile', 20_000, () => echo.heard() === 'during')
    expect(echo.ended()).toBe(false)
    expect(await pings(here(a), here(b).address)).toBe(true)
    echo.end()
  })

  test('power off is silence, and its disk and containers are there when it is back', async () => {
    const { stdout: id, stderr } = await here(b).exec(['docker', 'run', '-d', demoImage, 'sleep', '100000'])
    expect([id.length, stderr]).toEqual([65, ''])
    await here(b).exec(['sh', '-c', 'echo kept >/var/lib/kept; echo kept >/etc/kept'])
    const hardware = (await here(b).exec(['ip', 'link', 'show', 'eth0'])).stdout.split('link/ether ')[1]?.slice(0, 17)
    const echo = await echoIn(here(b))
    const inside = processesWith('tst2')
    expect(inside.length).toBeGreaterThan(3)
    await here(b).kill()
    expect(processesWith('tst2')).toEqual([])
    expect(here(b).running).toBe(false)
    await expect(here(b).exec(['true'])).rejects.toThrow('tst2 is off')
    echo.send('anybody there?')
    await sleep(silenceMs)
    expect([echo.heard(), echo.ended()]).toEqual(['', false])
    echo.end()
    await here(b).boot()
    expect((await here(b).exec(['cat', '/var/lib/kept', '/etc/kept'])).stdout).toBe('kept\nkept\n')
    expect(existsSync('/etc/kept')).toBe(false)
    expect((await here(b).exec(['ip', 'link', 'show', 'eth0'])).stdout).toContain(hardware)
    const { text } = await engineCall(here(b).engineSocket, 'GET', '/containers/json?all=1')
    expect(JSON.parse(text)).toMatchObject([{ Id: id.trim(), State: 'exited' }])
    expect((await here(b).exec(['docker', 'start', id.trim()])).status).toBe(0)
    expect(await pings(here(a), here(b).address)).toBe(true)
    await expect(here(b).boot()).rejects.toThrow('is on already')
  })

  test('a crash is told to peers', async () => {
    const echo = await echoIn(here(c))
    await here(c).crash()
    await waitFor('the end of the connection', 5_000, () => echo.ended())
    await here(c).boot()
    expect(await pings(here(c), here(a).address)).toBe(true)
  })

  test('a host that is off stays where its cable leads', async () => {
    await hosts.partition(['tst3'])
    await here(c).kill()
    await here(c).boot()
    expect(await pings(here(c), here(a).address)).toBe(false)
    await hosts.heal(['tst3'])
    expect(await pings(here(c), here(a).address)).toBe(true)
  })

  test('a signal reaches the process inside; a process ends with who holds it', async () => {
    const told = here(a).spawn(['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'])
    await waitFor('it to run', 5_000, async () => (await here(a).exec(['pgrep', '-f', 'exit 5'])).status === 0)
    told.signal('SIGTERM')
    expect(await told.ended).toBe(5)
    const held = here(a).spawn(['sleep', '98765'])
    await waitFor('it to run', 5_000, async () => (await here(a).exec(['pgrep', '-f', '^sleep 98765'])).status === 0)
    held.child.kill('SIGKILL')
    await waitFor('it to end', 5_000, async () => (await here(a).exec(['pgrep', '-f', '^sleep 98765'])).status === 1)
  })

  test('another process finds them; another set is up beside them', async () => {
    const { stdout } = npmRunHosts('--prefix', 'tst', 'status')
    expect(stdout).toMatch(/tst1 +198\.1[89]\.\d+\.1 +on +joined/)
    const other = await startHosts({ count: 1, prefix: 'tsta' })
    try {
      const [host] = other.hosts
      expect(overlaps(`${host?.address}/24`, here(a).address)).toBe(false)
      expect(await pings(here(host), other.machineAddress)).toBe(true)
      expect(await pings(here(host), here(a).address)).toBe(false)
    } finally {
      await other.stop()
    }
    expect(tracesNamed('skhost-tsta')).toEqual([])
    expect((await openHosts('tst')).hosts.map(({ running }) => running)).toEqual([true, true, true])
    expect(await pings(here(a), here(b).address)).toBe(true)
    await expect(startHosts({ count: 1, prefix: 'tst' })).rejects.toThrow('up already')
  })

  test('nothing is left when they go', async () => {
    expect(tracesNamed('skhost-tst').length).toBeGreaterThan(10)
    await hosts.stop()
    expect(tracesNamed('skhost-tst')).toEqual([])
    expect(await tracesOf('tst')).toEqual([])
    expect(existsSync(hosts.folder)).toBe(false)
    expect(npmRunHosts('--prefix', 'tst', 'status').stderr).toMatch(/no hosts tst1[\s\S]*up 3/)
  })

  test('what a harness leaves that was killed is removed by the next one', async () => {
    const killed = await harness(`startHosts({ count: 1, prefix: 'tstb' })`)
    expect((await openHosts('tstb')).hosts[0]?.running).toBe(true)
    expect(tracesNamed('skhost-tstb').length).toBeGreaterThan(3)
    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('exit', resolve))
    await expect(openHosts('tstb')).rejects.toThrow(/left-overs of hosts tstb1 …: process/)
    const next = await startHosts({ count: 1, prefix: 'tstc' })
    await next.stop()
    expect(tracesNamed('skhost-tstb')).toEqual([])
  })

  test('left-overs that no record tells of are named, and removed', async () => {
    expect(npmRunHosts('--prefix', 'tstd', 'up', '1').status).toBe(0)
    spawnSync('rm', ['-r', join('/var/lib/skein-hosts', 'tstd', 'hosts.json')])
    const again = npmRunHosts('--prefix', 'tstd', 'up', '1')
    expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/left-overs[\s\S]*--prefix tstd down/)])
    expect(npmRunHosts('--prefix', 'tstd', 'down').stdout).toMatch(/tstd1 … are gone/)
    expect(tracesNamed('skhost-tstd')).toEqual([])
  })

  const wrong: readonly [args: string[], says: RegExp][] = [
    [['up'], /missing required argument/],
    [['up', 'many'], /number of hosts/],
    [['up', '0'], /ask for 1 to/],
    [['up', '999'], /ask for 1 to/],
    [['up', '1', '--prefix', 'H1'], /no prefix/],
    [['--prefix', 'tste', 'kill', '1'], /no hosts tste1[\s\S]*up 3/],
    [['--prefix', 'tste', 'exec', '1', 'true'], /no hosts tste1/],
  ]
  test.each(wrong)('wrong words: %s', (args, says) => {
    const { status, stderr } = npmRunHosts(...args)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(says)
  })
})

function here(host: Host | undefined): Host {
  if (host === undefined) throw new Error('no such host')
  return host
}

async function pings(from: Host, to: string): Promise<boolean> {
  return (await from.exec(['busybox', 'ping', '-c', '1', '-W', '1', to])).status === 0
}

interface Echo {
  says(text: string): Promise<string>
  send(text: string): void
  heard(): string
  ended(): boolean
  end(): void
}

/** A connection from this machine to a server inside a host that sends back what it gets. */
async function echoIn(host: Host): Promise<Echo> {
  const server = `require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(${echoPort})`
  const inside = host.spawn([process.execPath, '-e', server], { stdio: 'ignore' })
  let socket: Socket | null = null
  await waitFor('the echo to answer', 10_000, async () => {
    socket = await tryConnect(host.address)
    return true
  })
  if (socket === null) throw new Error('no connection')
  const open: Socket = socket
  let heard = ''
  let ended = false
  open.setEncoding('utf8').on('data', (text) => {
    heard += String(text)
  })
  for (const event of ['end', 'error', 'close']) {
    open.on(event, () => {
      ended = true
    })
  }
  return {
    async says(text) {
      open.write(text)
      await waitFor('an echo', 5_000, () => heard.length >= text.length)
      const said = heard
      heard = ''
      return said
    },
    send: (text) => void open.write(text),
    heard: () => heard,
    ended: () => ended,
    end() {
      open.destroy()
      inside.signal('SIGKILL')
    },
  }
}

function tryConnect(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: echoPort })
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

function npmRunHosts(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
}

/** A process of its own that makes hosts and stays. */
async function harness(call: string): Promise<ChildProcess> {
  const built = JSON.stringify(fileURLToPath(new URL('../../dist/test/hosts/hosts.js', import.meta.url)))
  const text = `const { startHosts } = await import(${built}); await ${call}; console.log('up'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += String(chunk)
  })
  await waitFor('the harness', 60_000, () => said.includes('up'))
  return child
}

/** Everything on this machine whose name begins so, found without the harness: namespaces, links, cgroups, processes, mounts, rules. */
function tracesNamed(name: string): string[] {
  const prefix = name.replace('skhost-', '')
  const text = (file: string, ...args: string[]): string[] =>
    spawnSync(file, args, { encoding: 'utf8' }).stdout.split('\n')
  const isOurs = new RegExp(`${name}(\\d+|-lan)?\\b|/skein-hosts/${prefix}(/|$)`)
  return [
    ...text('ip', 'netns', 'list'),
    ...text('ip', '-o', 'link', 'show'),
    ...text('nft', 'list', 'ruleset'),
    ...text('find', '/sys/fs/cgroup', '/run/netns', '/var/lib/skein-hosts', '-maxdepth', '2'),
    ...text('sh', '-c', 'cat /proc/[0-9]*/cgroup 2>/dev/null'),
    ...text('ps', '-eo', 'pid,args'),
    ...readFileSync('/proc/mounts', 'utf8').split('\n'),
  ].filter((line) => isOurs.test(line))
}

/** Processes in the cgroups of this host. */
function processesWith(host: string): string[] {
  const listed = spawnSync(
    'sh',
    ['-c', `cat $(find /sys/fs/cgroup -path '*/skhost-${host}/*' -name cgroup.procs) </dev/null`],
    {
      encoding: 'utf8',
    },
  )
  return listed.stdout.split('\n').filter((line) => line !== '')
}
