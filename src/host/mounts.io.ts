import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { DeviceError } from './host.ts'

/** What is mounted on this host, and the few mounts that pods' volumes need. Mounting takes root. */

const commandTimeoutMs = 10_000

/** Places at or below `path` where something is mounted, the deepest first. */
export async function mountsBelow(path: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((place) => place === path || place.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length)
}

/** Space, tab, newline and backslash stand as octal numbers (proc(5)). */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
}

/** Mounts memory. False when this daemon may not. */
export async function mountMemory(path: string, mode: number, bytesMax: number | null): Promise<boolean> {
  const options = [`mode=${mode.toString(8)}`, 'nosuid', 'nodev', ...(bytesMax === null ? [] : [`size=${bytesMax}`])]
  const answer = await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path])
  return answer.done
}

/** Shows at `path` what this process has open as `fd`, whatever its name leads to by now. Rejects `invalid` when this daemon may not. */
export async function mountOpened(fd: number, path: string): Promise<void> {
  const answer = await run('mount', ['--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${fd}`, path])
  if (!answer.done) throw new DeviceError('invalid', `a part of a volume cannot be mounted: ${answer.said}`)
}

/** Unmounts everything at or below the path, also what is still in use: it is gone when its last user has gone. */
export async function unmountBelow(path: string): Promise<void> {
  for (const place of await mountsBelow(path)) await run('umount', ['--lazy', place])
  const [left] = await mountsBelow(path)
  if (left !== undefined) throw new DeviceError('failed', `cannot unmount ${left}`)
}

function run(command: string, words: readonly string[]): Promise<{ readonly done: boolean; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: commandTimeoutMs }, (error, _, stderr) =>
      resolve({ done: error === null, said: (stderr || error?.message || '').trim() }),
    )
  })
}
