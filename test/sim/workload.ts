import type { Random } from '../../src/lib/random.ts'
import { type ApiClient, type ApiObject, idle, newApiClient } from './client.ts'
import { configValue, type History, type WriteEnd } from './history.ts'
import type { SimHttp } from './host/http.ts'
import { type LogReader, newLogReader } from './logs.ts'
import { newPods, type Pods } from './pods.ts'
import { nameOf, newWatchChecker, revisionOf, type WatchChecker } from './watches.ts'
import type { World } from './world.ts'

/**
 * The people of a world: writers and readers of a few ConfigMaps that get into each other's way, watchers that follow,
 * one who starts and deletes pods, and one who reads their logs. Each picks nodes by chance and turns to another when one does not answer.
 */
export interface Workload {
  readonly pods: Pods
  readonly logs: LogReader
  readonly configMaps: WatchChecker
  /** Writers and readers finish what they are doing and stop; the watchers go on. Resolves when they have stopped. */
  quiesce(): Promise<void>
  /** The watchers stop, too. */
  end(): void
  /** Reads every ConfigMap once more, and every pod's log, at each node. */
  readAll(): Promise<void>
}

export interface WorkloadOptions {
  readonly world: World
  readonly http: SimHttp
  readonly nodes: readonly string[]
  readonly history: History
  readonly writers: number
  readonly watchers: number
}

export const namespacePath = '/api/v1/namespaces/default'
const configMapsPath = `${namespacePath}/configmaps`

export function newWorkload({ world, http, nodes, history, writers, watchers }: WorkloadOptions): Workload {
  const random = world.random.fork()
  const ending = new AbortController()
  const keys = Array.from({ length: 2 + random.below(4) }, (_, i) => `settings-${i + 1}`)
  const configMaps = newWatchChecker('configmaps')
  const pods = newPods(world, http, nodes, random.fork())
  const logs = newLogReader(world, http, nodes, random.fork())
  // Some people ask elsewhere before a daemon would give up, so that much that was asked is still under way.
  const patienceMs = random.pick([1_000, 3_000, 15_000])
  let quiet = false
  const running: Promise<void>[] = []
  const launch = (loop: Promise<void>): Promise<void> => loop.catch((cause) => world.fail(cause as Error))

  for (let i = 1; i <= writers; i++) {
    const writer = newWriter(world, newApiClient(http, `w${i}`, patienceMs), history, nodes, keys, random.fork())
    running.push(
      launch(
        (async () => {
          while (!quiet) await writer.step()
        })(),
      ),
    )
  }
  running.push(
    launch(
      (async () => {
        while (!quiet) await pods.step()
      })(),
    ),
  )
  running.push(
    launch(
      (async () => {
        while (!quiet) await logs.step()
      })(),
    ),
  )
  for (let i = 1; i <= watchers; i++) {
    const client = newApiClient(http, `f${i}`)
    void launch(follow(world, client, configMapsPath, configMaps, nodes, random.fork(), ending.signal))
  }
  void launch(
    follow(world, newApiClient(http, 'fp'), '/api/v1/pods', pods.watch, nodes, random.fork(), ending.signal, pods.seen),
  )

  return {
    pods,
    logs,
    configMaps,
    async quiesce() {
      quiet = true
      await Promise.all(running)
    },
    end: () => ending.abort(),
    async readAll() {
      const reader = newApiClient(http, 'last')
      for (const node of nodes) for (const key of keys) await read(reader, history, node, key)
      await logs.readAll()
    },
  }
}

interface Writer {
  step(): Promise<void>
}

function newWriter(
  world: World,
  client: ApiClient,
  history: History,
  nodes: readonly string[],
  keys: readonly string[],
  random: Random,
): Writer {
  let node = random.pick(nodes)
  let made = 0
  /** What this client last knew of a key, right or wrong. */
  const known = new Map<string, { value: string; revision: number } | null>()

  async function write(key: string): Promise<boolean> {
    const value = `${client.name}-${++made}`
    const before = known.get(key) ?? null
    const body = {
      metadata: { name: key, ...(before === null ? {} : { resourceVersion: String(before.revision) }) },
      data: { value },
    }
    const end = history.write(client.name, key, value, { type: 'value', value: before?.value ?? null })
    const answer =
      before === null
        ? await client.ask(node, 'POST', configMapsPath, body)
        : await client.ask(node, 'PUT', `${configMapsPath}/${key}`, body)
    const outcome = outcomeOf(answer?.status)
    end(outcome)
    if (answer !== null && outcome === 'done') known.set(key, { value, revision: revisionOf(answer.body) })
    else known.delete(key)
    return outcome !== 'unknown'
  }

  async function remove(key: string): Promise<boolean> {
    const end = history.write(client.name, key, null, { type: 'any' })
    const answer = await client.ask(node, 'DELETE', `${configMapsPath}/${key}`)
    const outcome = outcomeOf(answer?.status)
    end(outcome)
    known.set(key, null)
    return outcome !== 'unknown'
  }

  async function look(key: string): Promise<boolean> {
    const found = await read(client, history, node, key)
    if (found === undefined) return false
    known.set(key, found === null ? null : { value: configValue(found), revision: revisionOf(found) })
    return true
  }

  return {
    async step() {
      const key = random.pick(keys)
      const act = random.next()
      const sure = !known.has(key) || act < 0.3
      const fine = sure ? await look(key) : act < 0.9 ? await write(key) : await remove(key)
      if (!fine || random.chance(0.1)) node = random.pick(nodes)
      await idle(world, random, fine ? 5 : 100, fine ? 800 : 500)
    },
  }
}

/** Reads one ConfigMap: the object, null when there is none, undefined when nobody could say. */
async function read(
  client: ApiClient,
  history: History,
  node: string,
  key: string,
): Promise<ApiObject | null | undefined> {
  const end = history.read(client.name, key)
  const answer = await client.ask(node, 'GET', `${configMapsPath}/${key}`)
  if (answer?.status === 200) end(configValue(answer.body))
  else if (answer?.status === 404) end(null)
  else return undefined
  return answer.status === 200 ? answer.body : null
}

/** What a client may conclude of a write. */
export function outcomeOf(status: number | undefined): WriteEnd {
  if (status === undefined || status >= 500) return 'unknown'
  return status < 300 ? 'done' : 'refused'
}

/** Lists, then watches, then goes on where the stream broke, until the signal. */
async function follow(
  world: World,
  client: ApiClient,
  path: string,
  checker: WatchChecker,
  nodes: readonly string[],
  random: Random,
  signal: AbortSignal,
  onChange: (objects: ReadonlyMap<string, ApiObject>) => void = () => undefined,
): Promise<void> {
  const watcher = checker.watcher(client.name)
  while (!signal.aborted) {
    const node = random.pick(nodes)
    if (watcher.revision === null) {
      const answer = await client.ask(node, 'GET', path)
      if (answer?.status === 200) watcher.listed(revisionOf(answer.body), answer.body.items ?? [])
      onChange(watcher.objects)
    }
    if (watcher.revision !== null) {
      watcher.resumed()
      const stretch = new AbortController()
      const stop = (): void => stretch.abort()
      signal.addEventListener('abort', stop, { once: true })
      // Some watches are given up early, to resume more often than faults alone would have it.
      const cancel = world.after(1_000 + random.next() * 30_000, stop)
      const target = `${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${watcher.revision}`
      const end = await client.watch(
        node,
        target,
        (event) => {
          watcher.event(event)
          onChange(watcher.objects)
        },
        stretch.signal,
      )
      cancel()
      signal.removeEventListener('abort', stop)
      if (end === 'expired') watcher.expired()
    }
    await idle(world, random, 50, 500)
  }
}

/** The names of a list. */
export function namesOf(items: readonly ApiObject[]): string[] {
  return items.map(nameOf).sort()
}
