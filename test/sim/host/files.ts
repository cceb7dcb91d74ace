import { DeviceError, type Files, type ProjectedFile } from '../../../src/host/host.ts'
import { assert } from '../../../src/lib/assert.ts'
import { deviceCall, type SimProcess } from '../process.ts'
import type { World } from '../world.ts'

/** One host's folders and files, in memory. They outlive the daemons; what a daemon asked for happens even if it dies before it hears of it. */
export interface SimFiles {
  attach(process: SimProcess): Files
  /** Whether something is there, for whoever mounts it. */
  has(path: string): boolean
  /** What a container reads there, links followed. */
  text(path: string): string | null
  /** A container puts a link there. */
  plantLink(path: string, target: string): void
}

type Entry =
  | { readonly type: 'folder' }
  | { readonly type: 'file'; readonly data: Uint8Array; readonly mode: number }
  | { readonly type: 'link'; readonly target: string }

const decoder = new TextDecoder()

export function newSimFiles(world: World, root = '/var/lib/skein/pods'): SimFiles {
  const random = world.random.fork()
  const entries = new Map<string, Entry>()

  function put(path: string, entry: Entry): void {
    const above = path.slice(0, path.lastIndexOf('/'))
    if (above !== '') folder(above)
    entries.set(path, entry)
  }

  function below(path: string): string[] {
    return [...entries.keys()].filter((each) => each.startsWith(`${path}/`)).sort()
  }

  function folder(path: string): void {
    const there = entries.get(path)
    if (there === undefined) put(path, { type: 'folder' })
    else if (there.type !== 'folder') throw new DeviceError('failed', `${path}: is not a folder`)
  }

  function project(path: string, files: readonly ProjectedFile[]): void {
    for (const each of below(path)) entries.delete(each)
    folder(path)
    for (const { name, data, mode } of files) put(`${path}/${name}`, { type: 'file', data, mode })
  }

  function pin(from: string, path: string, at: string | null): string {
    if (entries.get(from)?.type !== 'folder') throw new DeviceError('failed', `${from}: there is no such folder`)
    let place = from
    for (const step of path.split('/')) {
      place = `${place}/${step}`
      if (entries.get(place)?.type === 'link') throw new DeviceError('invalid', `${path} leads out of its volume`)
    }
    if (at === null && !entries.has(place)) throw new DeviceError('failed', `${place}: there is nothing`)
    if (!entries.has(place)) folder(place)
    if (at !== null) put(at, entries.get(place) ?? { type: 'folder' })
    return at ?? place
  }

  return {
    has: (path) => entries.has(path),
    text(path) {
      const entry = entries.get(path)
      return entry?.type === 'file' ? decoder.decode(entry.data) : null
    },
    plantLink: (path, target) => put(path, { type: 'link', target }),
    attach(process) {
      const call = <T>(carryOut: () => T): Promise<T> =>
        deviceCall(process, null, (answer) => {
          world.after(0.05 + random.next() ** 3 * 5, () => {
            try {
              answer.resolve(0.01, carryOut())
            } catch (cause) {
              answer.reject(0.01, cause as Error)
            }
          })
        })
      return {
        root,
        makeFolder: (path) => call(() => folder(path)),
        makeMemoryFolder: (path) =>
          call(() => {
            folder(path)
            return 'memory'
          }),
        writeFile: (path, data, mode) => call(() => put(path, { type: 'file', data: data.slice(), mode })),
        read: (path, bytesMax) =>
          call(() => {
            const entry = entries.get(path)
            return entry?.type === 'file' ? entry.data.slice(0, bytesMax) : null
          }),
        project: (path, files) => call(() => project(path, structuredClone(files))),
        look: (path) =>
          call(() => {
            const type = entries.get(path)?.type
            return type === undefined || type === 'link' ? null : type
          }),
        list: (path) =>
          call(() => [...new Set(below(path).map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))]),
        pin: (from, path, at) => call(() => pin(from, path, at)),
        removeTree(path) {
          assert(path.startsWith(`${root}/`), 'only what is below the root is removed')
          return call(() => {
            for (const each of [path, ...below(path)]) entries.delete(each)
          })
        },
      }
    },
  }
}
