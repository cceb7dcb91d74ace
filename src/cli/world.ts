import type { CertificateForm } from '../auth/ca.ts'
import type {
  Config,
  DataDirContents,
  DataDirFault,
  KeyPair,
  NodeRecord,
  NodeSettings,
  OpenedDataDir,
} from '../config.ts'

/** What the commands touch. The real one is put together in `main.ts`, with the parts of the host that it needs. */
export interface World {
  readonly version: string
  readonly terminal: Terminal
  readonly machine: Machine
  readonly dataDirs: DataDirs
  readonly certificates: Certificates
  readonly client: Client
  nowMs(): number
  entropy(count: number): Uint8Array
  /** The text of a file. Rejects with the system's error. */
  readFile(path: string): Promise<string>
  /** Puts a file there whole, readable by its owner only. Rejects with the system's error. */
  writeFile(path: string, text: string): Promise<void>
  /** Runs the daemon until the process is told to stop. Rejects with what made it end. */
  runDaemon(order: DaemonOrder): Promise<void>
}

export interface Terminal {
  /** Writes one line, or several, to standard output. */
  say(text: string): void
  /** The same to standard error. */
  complain(text: string): void
  readonly colours: boolean
  /** Whether a person watches the log. */
  readonly watched: boolean
}

export interface Machine {
  readonly hostname: string
  /** The address with which this machine reaches others; 127.0.0.1 when it reaches none. */
  address(): Promise<string>
  /** All addresses of this machine. */
  addresses(): readonly string[]
  /** Null when it can be listened on, else the system's code: EADDRINUSE, EACCES, EADDRNOTAVAIL … */
  portProblem(address: string, port: number): Promise<string | null>
  /** Null when an engine answers at this socket, else why not. */
  engineProblem(socket: string): Promise<string | null>
}

export interface DataDirs {
  read(path: string): Promise<OpenedDataDir>
  lock(path: string): Promise<'locked' | DataDirFault>
  /** Makes identity and directory of a node that is about to be made; the same identity when that is begun again. */
  begin(path: string, settings: NodeSettings): Promise<{ readonly identity: string }>
  finish(path: string, contents: DataDirContents): Promise<void>
  writeRecord(path: string, record: NodeRecord): Promise<void>
}

export interface Certificates {
  issue(form: CertificateForm, issuer: KeyPair | null): Promise<KeyPair>
  /** SHA-256 of the certificate in DER, hex. */
  sha256(certificatePem: string): string
}

export interface Client {
  /** Rejects with a `CallError`. */
  call(target: ApiTarget, request: ApiRequest): Promise<ApiAnswer>
  /**
   * The certificate with this SHA-256 from the chain that the host presents. Trusts nothing else that it says; whether
   * it may speak for that authority shows when it is called with it. Rejects with a `CallError`.
   */
  pinned(
    host: string,
    port: number,
    caSha256: string,
  ): Promise<{ readonly caPem: string; readonly localAddress: string }>
}

export interface ApiTarget {
  readonly host: string
  readonly port: number
  readonly caPem?: string
  /** Who asks: by certificate, by bearer token, or nobody. */
  readonly client?: KeyPair
  readonly token?: string
  /** The name that the certificate must cover, when it is not the host. */
  readonly serverName?: string
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

export interface ApiAnswer {
  readonly status: number
  /** Parsed; null when it was no JSON. */
  readonly body: unknown
}

export interface DaemonOrder {
  readonly config: Config
  readonly dataDir: string
  readonly record: NodeRecord
  readonly engineSocket: string
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'text' | 'json' }
  /** Called once the API listens. */
  serving(): void
}
