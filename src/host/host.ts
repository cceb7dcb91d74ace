/**
 * The host: everything a daemon may touch. Each interface is a device with two forms, the real one beside this file
 * (`*.io.ts`) and the simulated twin in `test/sim/host/`, and one conformance suite in `test/conformance/` that runs
 * on both. The contracts are deliberately weak (packets get lost, disks fail, clocks jump), so that a room that lives
 * with them lives with the world.
 *
 * Rules for every device: a promise rejects with a `DeviceError` on a fault and with `signal.reason` on abort; a
 * callback is never called before the call that registered it has returned.
 */
export interface Host {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly network: Network
  readonly disk: Disk
  readonly engine: Engine
  readonly files: Files
  readonly sockets: Sockets
  readonly http: Http
  readonly log: Log
}

/** A fault of the world, not a bug: the driver retries, or stops where it must. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode
  constructor(code: DeviceErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

export type DeviceErrorCode =
  | 'unavailable' // nobody answers: engine stopped, peer unreachable
  | 'not-found' // container, image, database
  | 'conflict' // name taken, port in use, wrong state
  | 'invalid' // the device refuses the request as it stands
  | 'corrupt' // damage was found
  | 'failed' // a write or fsync failed: what it covered may or may not be there

// ---- Clock -------------------------------------------------------------------------------------------------------

export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump either way. */
  nowMs(): number
  /** Milliseconds since some start; never goes back, may drift. */
  monotonicMs(): number
  /** Calls back once after at least `ms`; the returned function cancels. Never calls back at once. */
  after(ms: number, callback: () => void): () => void
}

/** Unpredictable bytes, for keys, uids and seeds. */
export interface Entropy {
  bytes(count: number): Uint8Array
}

// ---- Network -----------------------------------------------------------------------------------------------------

/** Who a daemon is: the text of its PeerId (a key kept in its data directory), never its address. */
export type Identity = string

/** A lane of packets. Lanes do not wait for one another; one lane between two hosts mostly keeps order. */
export type Lane = 'raft' | 'swim'

export interface Network {
  readonly identity: Identity
  /** Where others can reach this host, as `host:port`. */
  readonly addresses: readonly string[]
  /** Says who may speak with this host. Until it is set, nobody may. Asked at each new connection; `recheck` drops those no longer admitted. */
  admit(gate: (peer: Identity) => boolean): void
  recheck(): void
  /** Says where a peer can be reached. The last word counts. */
  learn(peer: Identity, addresses: readonly string[]): void
  /**
   * Sends one packet: best effort. It may be lost, repeated or overtaken, never altered. Connects by itself when it
   * must. False when it was surely not sent (queue full, peer unknown); then nothing will come of it.
   */
  send(peer: Identity, lane: Lane, packet: Uint8Array): boolean
  /** One receiver a lane. Packets larger than `packetBytesMax` are refused by `send` with an assertion. */
  receive(lane: Lane, receiver: (from: Identity, packet: Uint8Array) => void): void
  readonly packetBytesMax: number
  /** Tells every member, some time, perhaps; for hints only. Not delivered to the sender. */
  broadcast(payload: Uint8Array): void
  hear(receiver: (from: Identity, payload: Uint8Array) => void): void
  /** One question, one answer, each at most 4 MiB. Rejects `unavailable` when the peer cannot be reached or breaks off. */
  ask(peer: Identity, protocol: string, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  answer(protocol: string, answerer: (from: Identity, question: Uint8Array) => Promise<Uint8Array>): void
  /** A connection to this peer was lost: a hint, not a verdict. */
  lost(listener: (peer: Identity) => void): void
  /**
   * Opens a stream of bytes to a peer: for logs, exec and the like, apart from the lanes. The signal is for opening
   * alone. Rejects `unavailable` when the peer cannot be reached or takes no stream of this protocol.
   */
  open(peer: Identity, protocol: string, signal: AbortSignal): Promise<ByteStream>
  /**
   * Takes streams that peers open. One acceptor a protocol. When it is done its side has ended, and what yet comes is
   * dropped; when it rejects the stream is reset.
   */
  accept(protocol: string, acceptor: (from: Identity, stream: ByteStream) => Promise<void>): void
}

/** Bytes both ways, in order, none lost while it lives; chunks are cut anywhere. */
export interface ByteStream {
  /** Resolves when there is room for more. Rejects `unavailable` when the other side has gone. One writer; the chunk is the stream's from then on. */
  send(chunk: Uint8Array): Promise<void>
  /** Says that nothing more will be sent; receiving goes on. */
  end(): void
  /** What comes in, with backpressure; ends when the other side has ended, rejects `unavailable` when it broke off. One reader. */
  readonly received: AsyncIterable<Uint8Array>
  /** Breaks it off both ways. */
  reset(): void
}

// ---- Disk --------------------------------------------------------------------------------------------------------

export interface Disk {
  /**
   * Opens a database of this host. One that was made before is found again; that one is missing or emptied is told
   * by `corrupt`, never by an empty database.
   */
  open(name: 'log' | 'state'): Promise<Database>
}

/** Keys are ASCII text, in byte order. */
export interface Database {
  get(key: string): Promise<Uint8Array | undefined>
  /** Pairs in key order (`reverse`: from the end), at most `limit`. */
  scan(range: KeyRange): Promise<readonly (readonly [key: string, value: Uint8Array])[]>
  /**
   * All or nothing, also through a crash. With `sync` it has reached the medium when the promise resolves; without,
   * a crash may lose it, but never what was written before and not what comes after. Rejects `failed`: from then on
   * nothing that was written since the last good sync may be trusted, and the daemon must stop.
   */
  write(batch: readonly DiskWrite[], options: { readonly sync: boolean }): Promise<void>
  close(): Promise<void>
}

export interface KeyRange {
  readonly gte: string
  readonly lt: string
  readonly reverse?: boolean
  readonly limit: number
}

export type DiskWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

// ---- Engine ------------------------------------------------------------------------------------------------------

/** The container engine of this host. Calls reject `unavailable` when it does not answer. */
export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>
  /** All containers, running or not, that carry these labels. */
  containers(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly Container[]>
  /** The id. Rejects `conflict` when the name is taken, `not-found` when the image is not there, `invalid` with the engine's words. */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<string>
  /** Rejects `invalid` with the engine's words when the container cannot run (no such command). Starting twice is no error. */
  start(id: string, signal: AbortSignal): Promise<void>
  /** Asks to stop, kills after `graceMs`. Resolves when it has ended. Stopping what has ended or is gone is no error. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<void>
  /** Removes, by force. What is gone is no error. */
  remove(id: string, signal: AbortSignal): Promise<void>
  /** Calls back when a container with these labels may have changed: a hint to look again. Ends only by the signal, or rejects when the engine goes. */
  watch(labels: Readonly<Record<string, string>>, changed: (id: string) => void, signal: AbortSignal): Promise<void>
  /** What the container printed, and with `follow` goes on printing until it ends. Rejects `not-found`. */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogPiece>
  /**
   * Runs a command in a running container, to its end; at most `outputBytesMax` of its output are kept. Rejects
   * `invalid` when it cannot run (then nothing ran), `not-found` and `conflict` when the container is gone or stands
   * still. On abort the command may go on, unheard.
   */
  run(
    id: string,
    command: readonly string[],
    outputBytesMax: number,
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number; readonly output: string }>
  /** Makes an image of one executable file, which runs by default, without a registry. Making it again is no error. */
  makeImage(image: string, executable: Uint8Array, signal: AbortSignal): Promise<void>
  /** Whether the image is here. */
  hasImage(image: string, signal: AbortSignal): Promise<boolean>
  /** Fetches an image. Rejects `not-found` or `unavailable` with the registry's words. */
  pull(image: string, signal: AbortSignal): Promise<void>
}

export interface EngineInfo {
  /** As Kubernetes writes it: `docker://20.10.24`. */
  readonly version: string
  readonly os: string
  /** In Go's words: amd64, arm64. */
  readonly arch: string
  readonly osImage: string
  readonly kernelVersion: string
  readonly cpuMillis: number
  readonly memoryBytes: number
}

export interface ContainerSpec {
  readonly name: string
  readonly image: string
  /** Replaces the image's entrypoint, and with it the image's own arguments. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly labels: Readonly<Record<string, string>>
  readonly hostname: string
  readonly workingDir?: string
  /** Weight and limits; absent: none. */
  readonly cpuRequestMillis?: number
  readonly cpuLimitMillis?: number
  readonly memoryLimitBytes?: number
  readonly tty: boolean
  readonly stdin: boolean
  /** `none`: loopback only, to be plumbed by the kernel device. `join`: the network and IPC of another container. */
  readonly network: 'default' | 'host' | 'none' | { readonly join: string }
  /** Absent: the engine's own. */
  readonly dns?: {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly string[]
  }
  /** Further lines of its hosts file. Of one that joins another: ignored, the file is the other's. */
  readonly hosts?: readonly { readonly address: string; readonly name: string }[]
  /** Absent: a process namespace of its own. */
  readonly processes?: 'host' | { readonly join: string }
  /** Shares the host's IPC. Of one that joins another: ignored. */
  readonly hostIpc?: boolean
  readonly mounts?: readonly Mount[]
  /** What `stop` sends first; absent: what the image says, else SIGTERM. */
  readonly stopSignal?: string
  readonly user?: string
  readonly privileged?: boolean
  readonly readOnlyRoot?: boolean
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] }
  /** Its processes never gain rights, as by setuid files. */
  readonly noNewPrivileges?: boolean
  /** All system calls are allowed. */
  readonly unconfined?: boolean
  /** Further groups of its first process. */
  readonly groups?: readonly number[]
  /** 0 to 1000: the higher, the sooner the kernel ends it when the host's memory runs out. */
  readonly oomScore?: number
}

/** A folder or file of the host that shows in the container. It must be there. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface LogOptions {
  readonly follow: boolean
  /** The last so many lines; absent: all. */
  readonly tail?: number
  readonly sinceMs?: number
  readonly timestamps: boolean
}

export interface LogPiece {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Uint8Array
}

export interface Container {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly image: string
  readonly imageId: string
  readonly state: 'created' | 'running' | 'exited'
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly exitCode?: number
  readonly oomKilled?: boolean
  /** Why the engine could not start it, in its own words. */
  readonly error?: string
  /** Its IP address in the engine's own network, while it runs and has one. */
  readonly address?: string
  /** Its first process, as this host numbers it, while it runs. */
  readonly pid?: number
}

// ---- Files -------------------------------------------------------------------------------------------------------

/**
 * Folders and files of this host for pods' volumes. Paths are absolute; those that are made or removed lie below `root`,
 * but for the ones of hostPath volumes. Calls reject `failed` with the reason.
 */
export interface Files {
  readonly root: string
  /** Makes a folder, and those above it for their owner only. One that is there is no error and stays as it is. */
  makeFolder(path: string, mode: number): Promise<void>
  /** As `makeFolder`, in memory and at most so large (null: half of what the host has). `disk`: this daemon may not mount, so it is an ordinary folder. */
  makeMemoryFolder(path: string, mode: number, bytesMax: number | null): Promise<'memory' | 'disk'>
  /** Puts a file of this content there, with the folders above it. One that is there is written into, for it may be mounted; where its content is the same it is left alone. */
  writeFile(path: string, data: Uint8Array, mode: number): Promise<void>
  /** The first bytes of a file, null when there is none. A link is not followed. */
  read(path: string, bytesMax: number): Promise<Uint8Array | null>
  /**
   * Puts exactly these files into a folder, all at once for whoever reads there (Kubernetes' atomic writer: a new
   * folder beside it, a symbolic link turned). Names may hold slashes, never `..`. Files that are the same are left alone.
   */
  project(path: string, files: readonly ProjectedFile[]): Promise<void>
  /** What a path is, links followed; null when there is nothing. */
  look(path: string): Promise<'folder' | 'file' | 'socket' | 'device' | 'other' | null>
  /** Names in a folder; empty when it is not there. */
  list(path: string): Promise<readonly string[]>
  /**
   * What is to be mounted so that the part `path` of `folder` shows, whoever writes into the folder meanwhile
   * (CVE-2017-1002101, CVE-2021-25741): found without following any link out of the folder, made as a folder when it is
   * not there, and held at `at` (null: nobody but this daemon writes there, so that it need not be held, and it must be
   * there). Rejects `invalid` when a link leads out, or when this daemon may not hold it.
   */
  pin(folder: string, path: string, at: string | null): Promise<string>
  /** Removes a tree below `root`; links in it are removed, never followed, and what is mounted in it is unmounted first. What is gone is no error. */
  removeTree(path: string): Promise<void>
}

export interface ProjectedFile {
  readonly name: string
  readonly data: Uint8Array
  readonly mode: number
}

// ---- Sockets -----------------------------------------------------------------------------------------------------

export interface Sockets {
  /** Answers datagrams; null: not at all. Resolves once it listens. Rejects as `acceptTcp` does. */
  answerUdp(
    at: SocketAddress,
    answer: (question: Uint8Array, from: SocketAddress) => Promise<Uint8Array | null>,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Takes connections. Resolves once it listens. Rejects `conflict` when the port is taken, `unavailable` when this
   * host does not have the address (yet). The acceptor's end is the stream's, as with `Network.accept`.
   */
  acceptTcp(
    at: SocketAddress,
    accept: (stream: ByteStream, from: SocketAddress) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  /** Rejects `unavailable` with the reason when nobody takes the connection. */
  connectTcp(to: SocketAddress, signal: AbortSignal): Promise<ByteStream>
  /** Asks by datagram and waits for one answer. */
  askUdp(to: SocketAddress, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

export interface SocketAddress {
  readonly address: string
  readonly port: number
}

// ---- Http --------------------------------------------------------------------------------------------------------

export interface Http {
  /**
   * Serves until the signal aborts; then answers no more and closes. Resolves once it listens. Rejects `conflict`
   * when the port is taken.
   */
  serve(options: HttpOptions, handle: HttpHandler, signal: AbortSignal): Promise<{ readonly port: number }>
  /** Asks a server in the plain, for probes: certificates are not checked, redirects not followed, 10 KiB of the body kept. Rejects `unavailable`. */
  ask(question: HttpQuestion, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }>
}

export interface HttpQuestion {
  readonly scheme: 'http' | 'https'
  readonly address: string
  readonly port: number
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface HttpOptions {
  readonly address: string
  /** 0: any. */
  readonly port: number
  readonly bodyBytesMax: number
}

export type HttpHandler = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>

export interface HttpRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Null when it was larger than `bodyBytesMax`. */
  readonly body: Uint8Array | null
  /** From the client certificate, verified against the cluster's CA. */
  readonly client?: ClientIdentity
  readonly remoteAddress: string
}

export interface ClientIdentity {
  /** The certificate's common name. */
  readonly user: string
  /** The certificate's organizations. */
  readonly groups: readonly string[]
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A stream ends when its iterator ends; the handler's signal aborts when the client has gone. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

// ---- Log ---------------------------------------------------------------------------------------------------------

/** Messages are constant, fields vary. `debug` is where the simulator's checkers look, too. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log with these fields on every line. */
  child(fields: LogFields): Log
}

export type LogFields = Readonly<Record<string, unknown>>
