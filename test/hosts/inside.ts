import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { makeCgroups } from './cgroups.ts'
import { commandPath } from './command.ts'
import { type HostPlace, seenInside } from './names.ts'
import { enterCgroups } from './power.ts'
import { childrenOf, kill, type ProcessId } from './processes.ts'

/** A process inside a host. It dies with the host, and with whoever holds `child`. */
export interface Inside {
  /** The process that waits for it on the machine's side: its streams, and its end. */
  readonly child: ChildProcess
  readonly running: boolean
  /** To the process itself, not to the one that waits for it. */
  signal(name: NodeJS.Signals): void
  /** Its exit code, or null when a signal ended it. Rejects when it could not be started. */
  readonly ended: Promise<number | null>
}

export interface InsideOptions {
  /** Where it runs, when there is such a folder inside; else `/`. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export function spawnInside(
  { mark }: HostPlace,
  { pid }: ProcessId,
  args: readonly string[],
  options: InsideOptions & { readonly stdio?: StdioOptions },
): Inside {
  const cwd = options.cwd !== undefined && seenInside(options.cwd) ? options.cwd : '/'
  const enter = ['nsenter', '--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--']
  // Entering a process namespace takes a fork: the parent waits outside, and must not leave the child behind.
  const run = ['setpriv', '--pdeathsig', 'KILL', 'env', '--chdir', cwd, ...args]
  const child = spawn('sh', ['-c', enterCgroups, 'sh', ...makeCgroups(mark), '--', ...enter, ...run], {
    stdio: options.stdio ?? 'pipe',
    env: { ...process.env, ...options.env, PATH: `/run/bin:${commandPath}`, DOCKER_HOST: 'unix:///run/docker.sock' },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
  ended.catch(() => undefined) // Whoever waits for it hears of it; who does not wait does not care.
  return {
    child,
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null
    },
    signal(name) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      const [inner] = childrenOf(child.pid)
      kill(inner ?? child.pid, name)
    },
    ended,
  }
}

/** Runs a command inside to its end. */
export async function execInside(
  host: HostPlace,
  init: ProcessId,
  args: readonly string[],
  options: InsideOptions & { readonly input?: string; readonly timeoutMs?: number },
): Promise<Ran> {
  const inside = spawnInside(host, init, args, { ...options, stdio: 'pipe' })
  const { child } = inside
  const timer = setTimeout(() => inside.signal('SIGKILL'), options.timeoutMs ?? 60_000)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  child.stdin?.on('error', () => undefined) // It may end without reading.
  child.stdin?.end(options.input ?? '')
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    const status = await inside.ended
    await closed
    return { status, stdout, stderr }
  } finally {
    clearTimeout(timer)
  }
}
