import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const mountPoint = '/sys/fs/cgroup'

/**
 * Where the processes of a host that are no containers belong: beside its containers, below its own name. Version 2
 * where that rules, else the hierarchy of version 1 that counts CPU time. Empty where there is neither.
 */
export function makeCgroups(mark: string): string[] {
  const hierarchies = existsSync(join(mountPoint, 'cgroup.controllers')) ? [mountPoint] : [join(mountPoint, 'cpuacct')]
  return hierarchies
    .filter((path) => existsSync(path))
    .map((path) => {
      const own = join(path, mark, 'host')
      mkdirSync(own, { recursive: true })
      return join(own, 'cgroup.procs')
    })
}

/** The directories of these names, in every hierarchy. */
export function cgroupsOf(isOurs: (name: string) => boolean): string[] {
  const found = new Set<string>()
  for (const hierarchy of [mountPoint, ...foldersIn(mountPoint).map((name) => join(mountPoint, name))]) {
    for (const name of foldersIn(hierarchy).filter(isOurs)) found.add(realpathSync(join(hierarchy, name)))
  }
  return [...found]
}

/** Removes a directory and those below it. The last process may be a moment behind its own end. */
export async function removeCgroup(path: string): Promise<void> {
  for (const name of foldersIn(path)) await removeCgroup(join(path, name))
  for (let left = 100; ; left--) {
    try {
      return rmdirSync(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || left === 0) throw error
      await sleep(20)
    }
  }
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
}
