import {
  type Container,
  type ContainerSpec,
  DeviceError,
  type Engine,
  type EngineInfo,
} from '../../../src/host/host.ts'
import { must } from '../../../src/lib/assert.ts'
import { type Answer, deviceCall, type SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import { worldEpochMs } from './clock.ts'
import { newSimLogBook, type SimLogBook } from './enginelogs.ts'
import { type SimBehaviour, type SimProgram, shellProgram } from './program.ts'

/**
 * One host's container engine. It and its containers outlive the daemons; what a daemon asked for happens even if the
 * daemon dies before it hears of it. Faults: slow, refusing (before or after the deed), stopped, containers that die.
 */
export interface SimEngine {
  attach(process: SimProcess): Engine
  /** All containers, for checkers. */
  readonly containers: readonly SimContainer[]
  readonly faults: SimEngineFaults
  /** Images that are here, and those that `pull` finds. */
  readonly images: Set<string>
  readonly registry: Set<string>
  /** Stops answering; `keepContainers` says whether they go on (as with a live restore) or die. */
  stop(keepContainers: boolean): void
  startAgain(): void
  /** A running container ends by itself. */
  exit(container: SimContainer, exitCode: number): void
  /** Somebody removes a container behind the daemon's back. */
  removeByHand(container: SimContainer): void
}

export interface SimEngineFaults {
  /** Chance that a call is refused, half of the time after it was carried out. */
  failChance: number
  /** Multiplies all latencies. */
  slowness: number
  injected: (kind: 'engine call failed') => void
}

/** A container as the world knows it. */
export interface SimContainer {
  readonly id: string
  readonly spec: ContainerSpec
  state: 'created' | 'running' | 'exited'
  startedAtMs?: number
  finishedAtMs?: number
  exitCode?: number
  error?: string
  /** In the engine's own network; of one that joins another, none. */
  address?: string
  pid?: number
  /** Counts starts, so that a planned end of an earlier run is not taken for one of this. */
  runs: number
  /** What it has printed. */
  readonly book: SimLogBook
}

export interface SimEngineOptions {
  readonly images?: readonly string[]
  readonly registry?: readonly string[]
  readonly cpuMillis?: number
  readonly memoryBytes?: number
  readonly program?: SimProgram
  /** Whether a path that is to be mounted is there. */
  readonly has?: (path: string) => boolean
}

interface Watcher {
  readonly labels: Readonly<Record<string, string>>
  readonly process: SimProcess
  readonly changed: (id: string) => void
  readonly answer: Answer<void>
}

export function newSimEngine(world: World, node: string, options: SimEngineOptions = {}): SimEngine {
  const random = world.random.fork()
  const containers = new Map<string, SimContainer>()
  const watchers = new Set<Watcher>()
  const images = new Set(options.images ?? [])
  const registry = new Set(options.registry ?? [])
  const program = options.program ?? shellProgram
  const faults: SimEngineFaults = { failChance: 0, slowness: 1, injected: () => undefined }
  let running = true
  let made = 0
  let pids = 1000
  const wallMs = (): number => worldEpochMs + Math.floor(world.nowMs)

  function changed(container: SimContainer, what: string): void {
    world.note('engine', node, `${container.spec.name} ${what}`)
    for (const watcher of watchers) {
      if (!watcher.process.alive || watcher.answer.settled) watchers.delete(watcher)
      else if (carries(container, watcher.labels)) {
        watcher.process.enter((1 + random.next() * 10) * faults.slowness, () => {
          if (!watcher.answer.settled) watcher.changed(container.id)
        })
      }
    }
  }

  function end(container: SimContainer, exitCode: number): void {
    if (container.state !== 'running') return
    Object.assign(container, { state: 'exited', exitCode, finishedAtMs: wallMs(), address: undefined, pid: undefined })
    container.book.end()
    changed(container, `exited ${exitCode}`)
  }

  function begin(container: SimContainer): void {
    const words = [...(container.spec.command ?? []), ...(container.spec.args ?? [])]
    const behaviour = program(words)
    if (behaviour.refusal !== undefined) {
      Object.assign(container, { error: behaviour.refusal, exitCode: 127 })
      throw new DeviceError('invalid', behaviour.refusal)
    }
    for (const other of joinedBy(container.spec)) {
      if (containers.get(other)?.state === 'running') continue
      throw new DeviceError('invalid', `cannot join network of a non running container: ${other}`)
    }
    const run = ++container.runs
    const address =
      container.spec.network === 'default' ? `10.88.${random.below(256)}.${1 + random.below(254)}` : undefined
    Object.assign(container, { state: 'running', startedAtMs: wallMs(), address, pid: ++pids, error: undefined })
    Object.assign(container, { exitCode: undefined, finishedAtMs: undefined })
    changed(container, 'started')
    talk(container, behaviour)
    const { endsAfterMs } = behaviour
    if (endsAfterMs === undefined) return
    world.after(endsAfterMs, () => container.runs === run && end(container, behaviour.exitCode ?? 0))
  }

  /** Prints what its program prints, as long as it runs. */
  function talk(container: SimContainer, { prints = [], chattersEveryMs }: SimBehaviour): void {
    const { runs, book } = container
    const later = (ms: number, print: () => void): void =>
      void world.after(ms, () => container.runs === runs && container.state === 'running' && print())
    book.begin()
    for (const { afterMs, stream, text } of prints) later(afterMs, () => book.print(stream, text))
    if (chattersEveryMs === undefined) return
    const chatter = (line: number): void =>
      later(chattersEveryMs, () => {
        book.print('stdout', `line ${line}\n`)
        chatter(line + 1)
      })
    chatter(1)
  }

  /** A call: on its way, carried out (whether or not the asker still lives), answered. */
  function call<T>(
    process: SimProcess,
    signal: AbortSignal,
    [minMs, spreadMs]: readonly [number, number],
    carryOut: () => T,
  ): Promise<T> {
    return deviceCall(process, signal, (answer) => {
      const refused = random.chance(faults.failChance)
      const early = refused && random.chance(0.5)
      if (refused) faults.injected('engine call failed')
      const takesMs = (minMs + random.next() ** 3 * spreadMs) * faults.slowness
      world.after(takesMs, () => {
        if (early || !running) return answer.reject(0, unavailable())
        try {
          const value = carryOut()
          if (refused) answer.reject(0, unavailable())
          else answer.resolve(0.2, value)
        } catch (cause) {
          answer.reject(0.2, cause instanceof Error ? cause : new Error(String(cause)))
        }
      })
    })
  }

  function create(spec: ContainerSpec): string {
    if (!images.has(spec.image)) throw new DeviceError('not-found', `No such image: ${spec.image}`)
    for (const { spec: other, id } of containers.values()) {
      if (other.name === spec.name)
        throw new DeviceError('conflict', `The container name "${spec.name}" is in use by ${id}`)
    }
    const unmounted = (spec.mounts ?? []).find(({ source }) => options.has?.(source) === false)
    if (unmounted !== undefined) {
      throw new DeviceError('invalid', `bind source path does not exist: ${unmounted.source}`)
    }
    const id = `${node}${String(++made).padStart(8, '0')}`
    const book = newSimLogBook(wallMs, () => faults.slowness)
    const container: SimContainer = { id, spec, state: 'created', runs: 0, book }
    containers.set(id, container)
    changed(container, 'created')
    return id
  }

  function remove(id: string): void {
    const container = containers.get(id)
    if (container === undefined) return
    end(container, 137)
    containers.delete(id)
    changed(container, 'removed')
  }

  /** What a command does in a running container. */
  function exec(id: string, command: readonly string[]): SimBehaviour {
    const container = containers.get(id)
    if (container === undefined) throw new DeviceError('not-found', `No such container: ${id}`)
    if (container.state !== 'running') throw new DeviceError('conflict', `Container ${id} is not running`)
    const behaviour = program(command)
    if (behaviour.refusal !== undefined) throw new DeviceError('invalid', behaviour.refusal)
    return behaviour
  }

  /** Ends a container as `docker stop` does: asks, waits, kills. Calls back when it has ended. */
  function stopContainer(id: string, graceMs: number, ended: () => void): void {
    const container = containers.get(id)
    if (container?.state !== 'running') {
      ended()
      return
    }
    const words = [...(container.spec.command ?? []), ...(container.spec.args ?? [])]
    const { onTerm } = program(words)
    const { runs } = container
    const obeysMs = onTerm === 'ignores' ? graceMs : Math.min(graceMs, 1 + random.next() ** 3 * 200)
    const exitCode = onTerm === 'ignores' || obeysMs === graceMs ? 137 : onTerm === 'exits' ? 0 : 143
    world.after(obeysMs, () => {
      if (container.runs === runs) end(container, exitCode)
      ended()
    })
  }

  const info: EngineInfo = {
    version: 'docker://24.0.7',
    os: 'linux',
    arch: 'amd64',
    osImage: 'Simulated',
    kernelVersion: '6.1.0',
    cpuMillis: options.cpuMillis ?? 4000,
    memoryBytes: options.memoryBytes ?? 8 * 1024 ** 3,
  }

  return {
    faults,
    images,
    registry,
    get containers() {
      return [...containers.values()]
    },
    stop(keepContainers) {
      running = false
      world.note('engine', node, 'stopped')
      if (!keepContainers) for (const container of containers.values()) end(container, 137)
      for (const watcher of watchers) watcher.answer.reject(1, unavailable())
      watchers.clear()
      for (const { book } of containers.values()) book.breakOff()
    },
    startAgain() {
      running = true
      world.note('engine', node, 'started again')
    },
    exit: end,
    removeByHand: (container) => remove(container.id),
    attach: (process) => ({
      info: (signal) => call(process, signal, [2, 10], () => info),
      containers: (labels, signal) =>
        call(process, signal, [2, 20], () =>
          [...containers.values()]
            .filter((container) => carries(container, labels))
            .map(seen)
            .sort((a, b) => (a.name < b.name ? -1 : 1)),
        ),
      create: (spec, signal) => call(process, signal, [10, 80], () => create(structuredClone(spec))),
      start: (id, signal) =>
        call(process, signal, [30, 300], () => {
          const container = containers.get(id)
          if (container === undefined) throw new DeviceError('not-found', `No such container: ${id}`)
          if (container.state !== 'running') begin(container)
        }),
      stop: (id, graceMs, signal) =>
        deviceCall(process, signal, (answer) => {
          world.after((2 + random.next() * 20) * faults.slowness, () => {
            if (!running || random.chance(faults.failChance)) return answer.reject(0, unavailable())
            stopContainer(id, graceMs, () => answer.resolve(1, undefined))
          })
        }),
      remove: (id, signal) => call(process, signal, [5, 50], () => remove(id)),
      watch: (labels, callback, signal) =>
        deviceCall<void>(process, signal, (answer) => {
          if (running) watchers.add({ labels, process, changed: callback, answer })
          else answer.reject(1, unavailable())
        }),
      async *logs(id, options, signal) {
        const book = await call(process, signal, [1, 10], () => containers.get(id)?.book)
        if (book === undefined) throw new DeviceError('not-found', `No such container: ${id}`)
        yield* book.read(process, options, signal)
      },
      run: (id, command, outputBytesMax, signal) =>
        deviceCall(process, signal, (answer) => {
          world.after((5 + random.next() * 40) * faults.slowness, () => {
            if (!running || random.chance(faults.failChance)) return answer.reject(0, unavailable())
            try {
              const { endsAfterMs, exitCode = 0, prints = [] } = exec(id, command)
              const output = prints.map(({ text }) => text).join('')
              if (endsAfterMs === undefined) return
              answer.resolve(endsAfterMs, { exitCode, output: output.slice(0, outputBytesMax) })
            } catch (cause) {
              answer.reject(0.2, cause as Error)
            }
          })
        }),
      makeImage: (image, _executable, signal) => call(process, signal, [20, 50], () => void images.add(image)),
      hasImage: (image, signal) => call(process, signal, [1, 5], () => images.has(image)),
      pull: (image, signal) =>
        call(process, signal, [200, 3000], () => {
          if (!registry.has(image)) throw new DeviceError('not-found', `pull access denied for ${image}`)
          images.add(image)
        }),
    }),
  }
}

function unavailable(): DeviceError {
  return new DeviceError('unavailable', 'the engine does not answer')
}

function carries(container: SimContainer, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => container.spec.labels[key] === value)
}

/** The containers whose namespaces it shares. */
function joinedBy({ network, processes }: ContainerSpec): readonly string[] {
  return [network, processes].flatMap((of) => (typeof of === 'object' ? [of.join] : []))
}

/** As the engine tells it. */
function seen(container: SimContainer): Container {
  const { id, spec, state, startedAtMs, finishedAtMs, exitCode, error, address, pid } = container
  const base = { id, name: spec.name, labels: spec.labels, image: spec.image, imageId: `sha256:${spec.image}`, state }
  const started = startedAtMs === undefined ? {} : { startedAtMs }
  const failed = error === undefined ? {} : { error }
  if (state === 'running') {
    const placed = address === undefined ? {} : { address }
    return { ...base, ...started, ...placed, pid: must(pid, 'a running container has a first process') }
  }
  if (state === 'created') return { ...base, ...failed }
  return { ...base, ...started, ...failed, finishedAtMs, exitCode, oomKilled: false }
}
