import Docker from 'dockerode'
import { accepting, newGate, statusOf, timed } from './dockercalls.io.ts'
import { containerLogs } from './dockerlogs.io.ts'
import { runCommand } from './dockerrun.io.ts'
import { createOptions } from './dockerspec.io.ts'
import { type Container, DeviceError, type Engine, type EngineInfo } from './host.ts'
import { tarOf } from './tar.ts'

/** Beyond about four calls at once dockerd only gets slower for each. Stops wait for processes, so they queue apart. */
const callsMax = 4
const stopsMax = 256
/** A call that takes longer than this is taken for an engine that hangs. A stop may take its grace on top, a pull its own time. */
const callTimeoutMsDefault = 120_000
const pullTimeoutMs = 30 * 60_000
/** Commands wait for processes too. */
const runsMax = 64
/** The engine keeps the last events: asking for these as well closes the gap while the stream is being set up. */
const eventsSinceMs = 3_000
const eventLineBytesMax = 1 << 20

export interface DockerOptions {
  /** `unix:///path` or `tcp://host:port`; absent: what DOCKER_HOST says, else the usual socket. */
  readonly endpoint?: string
  readonly callTimeoutMs?: number
}

const executableName = 'program'

/** The container engine: Docker, through its HTTP API. */
export function dockerEngine(options: DockerOptions = {}): Engine {
  const docker = new Docker(clientOptions(options.endpoint))
  const callTimeoutMs = options.callTimeoutMs ?? callTimeoutMsDefault
  const calls = newGate(callsMax)
  const stops = newGate(stopsMax)
  const runs = newGate(runsMax)

  /** One call, in its turn, with a time limit, its fault told in our words. */
  const call = <T>(signal: AbortSignal, run: (abortSignal: AbortSignal) => Promise<T>) =>
    calls(signal, () => timed(signal, callTimeoutMs, run))

  return {
    async info(signal) {
      return infoOf((await call(signal, () => docker.info())) as DockerInfo)
    },

    async containers(labels, signal) {
      const list = await call(signal, (abortSignal) =>
        docker.listContainers({ all: true, filters: { label: labelFilters(labels) }, abortSignal }),
      )
      const found = await Promise.all(list.map(({ Id }) => inspect(Id, signal)))
      return found.filter((container) => container !== null).sort((a, b) => (a.name < b.name ? -1 : 1))
    },

    async create(spec, signal) {
      const made = await call(signal, (abortSignal) => docker.createContainer({ ...createOptions(spec), abortSignal }))
      return made.id
    },

    async start(id, signal) {
      await call(signal, (abortSignal) => accepting([304], docker.getContainer(id).start({ abortSignal })))
    },

    async stop(id, graceMs, signal) {
      const t = Math.ceil(graceMs / 1000)
      await stops(signal, () =>
        timed(signal, callTimeoutMs + graceMs, (abortSignal) =>
          accepting([304, 404], docker.getContainer(id).stop({ t, abortSignal })),
        ),
      )
    },

    async remove(id, signal) {
      const container = docker.getContainer(id)
      await call(signal, async (abortSignal) => {
        try {
          await container.remove({ force: true, v: true, abortSignal })
        } catch (cause) {
          if (statusOf(cause) === 404) return
          if (statusOf(cause) !== 409) throw cause
          // Somebody else's removal is under way: it is gone when that is done.
          await accepting([404], container.wait({ condition: 'removed', abortSignal }))
        }
      })
    },

    async watch(labels, changed, signal) {
      const stream = await timed(signal, callTimeoutMs, (abortSignal) =>
        docker.getEvents({
          since: Math.floor((Date.now() - eventsSinceMs) / 1000),
          filters: { type: ['container'], event: eventNames, label: labelFilters(labels) },
          abortSignal,
        }),
      )
      await eachLine(stream as EventStream, (line) => changed(eventId(line)), signal)
    },

    logs: (id, options, signal) => containerLogs(docker, id, options, callTimeoutMs, signal),

    run: (id, command, outputBytesMax, signal) =>
      runs(signal, () => runCommand(docker.getContainer(id), { command, outputBytesMax, callTimeoutMs }, signal)),

    async makeImage(image, executable, signal) {
      const [repo, tag] = [image.slice(0, image.lastIndexOf(':')), image.slice(image.lastIndexOf(':') + 1)]
      const archive = Buffer.from(tarOf([{ name: executableName, data: executable, mode: 0o755 }]))
      await call(signal, async () => {
        const changes = `ENTRYPOINT ["/${executableName}"]`
        const progress: unknown = await docker.importImage(archive as never, { repo, tag, changes } as object)
        await followed(docker, progress as NodeJS.ReadableStream)
      })
    },

    async hasImage(image, signal) {
      const found = await call(signal, (abortSignal) =>
        accepting([404], docker.getImage(image).inspect({ abortSignal } as object)),
      )
      return found !== null
    },

    async pull(image, signal) {
      const run = async (abortSignal: AbortSignal): Promise<void> => {
        await followed(docker, await docker.pull(withTag(image), { abortSignal }))
      }
      try {
        await timed(signal, pullTimeoutMs, run)
      } catch (cause) {
        throw pullError(cause)
      }
    },
  }

  /** Null when it has gone since it was listed. */
  async function inspect(id: string, signal: AbortSignal): Promise<Container | null> {
    const found = await call(signal, (abortSignal) =>
      accepting([404], docker.getContainer(id).inspect({ abortSignal })),
    )
    return found === null ? null : containerOf(found)
  }
}

/** Resolves when what the engine reports on has ended well. */
function followed(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => {
      if (error === null) resolve()
      else reject(new DeviceError('invalid', error.message, error))
    })
  })
}

function clientOptions(endpoint: string | undefined): Docker.DockerOptions {
  if (endpoint === undefined) return {}
  if (endpoint.startsWith('unix://')) return { socketPath: endpoint.slice('unix://'.length) }
  const url = new URL(endpoint.includes('//') ? endpoint : `tcp://${endpoint}`)
  return { host: url.hostname, port: url.port, protocol: url.protocol === 'https:' ? 'https' : 'http' }
}

// ---- What the engine says, in our words --------------------------------------------------------------------------

type DockerInfo = Readonly<
  Record<'ServerVersion' | 'OSType' | 'Architecture' | 'OperatingSystem' | 'KernelVersion', string>
> &
  Readonly<Record<'NCPU' | 'MemTotal', number>>

function infoOf(info: DockerInfo): EngineInfo {
  return {
    version: `docker://${info.ServerVersion}`,
    os: info.OSType,
    arch: goArch[info.Architecture] ?? info.Architecture,
    osImage: info.OperatingSystem,
    kernelVersion: info.KernelVersion,
    cpuMillis: info.NCPU * 1000,
    memoryBytes: info.MemTotal,
  }
}

const goArch: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
}

function containerOf(found: Docker.ContainerInspectInfo): Container {
  const state = stateOf(found.State.Status)
  const startedAtMs = timeOf(found.State.StartedAt)
  const finishedAtMs = endOf(startedAtMs, timeOf(found.State.FinishedAt))
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ''),
    labels: found.Config.Labels,
    image: found.Config.Image,
    imageId: found.Image,
    state,
    ...(startedAtMs !== undefined && { startedAtMs }),
    ...(state === 'exited' && { finishedAtMs, exitCode: found.State.ExitCode, oomKilled: found.State.OOMKilled }),
    ...(found.State.Error !== '' && { error: found.State.Error }),
    ...(state === 'running' && { address: addressOf(found), pid: found.State.Pid }),
  }
}

/** Docker notes the start once the process runs already: a short one can have ended a moment before it "started". */
function endOf(startedAtMs: number | undefined, finishedAtMs: number | undefined): number | undefined {
  return startedAtMs === undefined || finishedAtMs === undefined ? finishedAtMs : Math.max(startedAtMs, finishedAtMs)
}

/** A paused container still holds what it holds; one that is being removed runs no more. */
function stateOf(status: string): Container['state'] {
  if (status === 'created') return 'created'
  return status === 'running' || status === 'paused' || status === 'restarting' ? 'running' : 'exited'
}

/** The engine writes the year 1 for what has not happened. */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text)
  return ms > 0 ? ms : undefined
}

function addressOf(found: Docker.ContainerInspectInfo): string | undefined {
  const networks = Object.values(found.NetworkSettings.Networks ?? {})
  return networks.map((network) => network.IPAddress).find((address) => address !== undefined && address !== '')
}

// ---- What we ask, in the engine's words --------------------------------------------------------------------------

function labelFilters(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`)
}

/** Without a tag the engine would fetch every tag there is. */
function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`
}

// ---- Events ------------------------------------------------------------------------------------------------------

const eventNames = ['create', 'start', 'die', 'oom', 'pause', 'unpause', 'destroy']

type EventStream = NodeJS.ReadableStream & { destroy(): void }

/** Calls back for each line until the signal aborts. Rejects `unavailable` when the stream ends before that. */
function eachLine(stream: EventStream, line: (text: string) => void, signal: AbortSignal): Promise<void> {
  return new Promise<never>((_, reject) => {
    let rest = ''
    const end = (reason: unknown): void => {
      signal.removeEventListener('abort', abort)
      stream.removeAllListeners()
      // Destroying it may yet emit an error, of which we know the cause.
      stream.on('error', () => undefined)
      stream.destroy()
      reject(reason as Error)
    }
    const abort = (): void => end(signal.reason)
    const gone = (cause?: unknown): void =>
      end(new DeviceError('unavailable', 'the engine closed its event stream', cause))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    stream.on('end', gone).on('close', gone).on('error', gone)
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > eventLineBytesMax) return gone(new Error('an event line has no end'))
      try {
        for (const text of lines) if (text.trim() !== '') line(text)
      } catch (cause) {
        end(cause)
      }
    })
  })
}

function eventId(line: string): string {
  const id = parseEvent(line)?.Actor?.ID
  if (typeof id !== 'string') throw new DeviceError('unavailable', 'the engine sent an event that tells no container')
  return id
}

function parseEvent(line: string): { readonly Actor?: { readonly ID?: unknown } } | null {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new DeviceError('unavailable', 'the engine sent an event that is not JSON', cause)
  }
}

// ---- Faults of registries ----------------------------------------------------------------------------------------

/** A registry's refusal comes as 404 or in the stream; that it cannot be reached, as 500. All else is no answer. */
function pullError(cause: unknown): unknown {
  if (!(cause instanceof DeviceError)) return cause
  const denied = /not found|manifest unknown|denied|does not exist|invalid reference/i.test(cause.message)
  return new DeviceError(denied ? 'not-found' : 'unavailable', cause.message, cause.cause)
}
