import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { HostsError } from './command.ts'

/** A process, told from a later one that got the same number. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks from the start of the machine to its own. */
  readonly startTicks: string
}

export function processId(pid: number): ProcessId | null {
  const stat = readProc(pid, 'stat')
  // The name in parentheses may hold anything; field 22 is the 20th behind it. A zombie is no process any more.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[19] === undefined || fields[0] === 'Z' ? null : { pid, startTicks: fields[19] }
}

export function lives({ pid, startTicks }: ProcessId): boolean {
  return processId(pid)?.startTicks === startTicks
}

export function childrenOf(pid: number): number[] {
  return (readProc(pid, `task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)
}

/** Processes in the network namespace or in a cgroup of this name. One read of /proc for all names. */
export function processesOf(marks: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>(marks.map((mark) => [mark, []]))
  const namespaces = new Map(marks.map((mark) => [inodeOf(`/run/netns/${mark}`), mark]))
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || processId(pid) === null) continue
    const cgroups = readProc(pid, 'cgroup') ?? ''
    const mark =
      namespaces.get(namespaceOf(pid) ?? 'none') ??
      marks.find((each) => cgroups.split('\n').some((line) => line.split('/').includes(each)))
    if (mark !== undefined) found.get(mark)?.push(pid)
  }
  return found
}

/** SIGKILL to all, again and again until none is left: one may have been born while the others were counted. */
export async function endAll(marks: readonly string[]): Promise<void> {
  const until = Date.now() + 15_000
  for (;;) {
    const left = [...processesOf(marks).values()].flat()
    if (left.length === 0) return
    if (Date.now() > until) {
      throw new HostsError(`processes do not end: ${left.join(', ')}`, 'see what they wait for: cat /proc/PID/stack')
    }
    for (const pid of left) kill(pid, 'SIGKILL')
    await sleep(10)
  }
}

/** What has ended meanwhile is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function namespaceOf(pid: number): string | null {
  try {
    return /\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1] ?? null
  } catch {
    return null // It has ended.
  }
}

function inodeOf(path: string): string {
  return String(statSync(path, { throwIfNoEntry: false })?.ino ?? path)
}

function readProc(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return null // It has ended.
  }
}
