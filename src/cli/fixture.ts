import type { DataDirContents, DataDirFault, OpenedDataDir } from '../config.ts'
import { sha256Hex } from '../lib/hash.ts'
import { runCommand } from './program.ts'
import type { ApiAnswer, ApiRequest, ApiTarget, DaemonOrder, World } from './world.ts'

/** A world in memory for the commands' tests: what they printed, wrote, asked and started can be read off it. */
export interface FakeWorld {
  readonly world: World
  readonly out: string[]
  readonly err: string[]
  readonly files: Map<string, string>
  readonly dirs: Map<string, DataDirContents>
  readonly asked: { readonly target: ApiTarget; readonly request: ApiRequest }[]
  readonly started: DaemonOrder[]
  /** Runs a command line; its exit code. */
  run(line: string): Promise<number>
}

export interface Fakes {
  readonly dirFault?: DataDirFault
  readonly lock?: 'locked' | DataDirFault
  readonly portProblem?: (port: number) => string | null
  readonly engineProblem?: string
  readonly hostname?: string
  readonly addresses?: readonly string[]
  readonly pinned?: (host: string) => Promise<{ caPem: string; localAddress: string }>
  readonly answer?: (request: ApiRequest, target: ApiTarget) => ApiAnswer | Promise<ApiAnswer>
}

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5)

export function newFakeWorld(fakes: Fakes = {}): FakeWorld {
  const out: string[] = []
  const err: string[] = []
  const files = new Map<string, string>()
  const dirs = new Map<string, DataDirContents>()
  const asked: { target: ApiTarget; request: ApiRequest }[] = []
  const started: DaemonOrder[] = []
  let drawn = 0
  const world: World = {
    version: '0.1.0',
    terminal: { say: (text) => out.push(text), complain: (text) => err.push(text), colours: false, watched: false },
    machine: {
      hostname: fakes.hostname ?? 'Host1.example',
      address: async () => '10.0.0.1',
      addresses: () => fakes.addresses ?? ['10.0.0.1', '127.0.0.1'],
      portProblem: async (_, port) => fakes.portProblem?.(port) ?? null,
      engineProblem: async () => fakes.engineProblem ?? null,
    },
    dataDirs: {
      read: async (path) => fakes.dirFault ?? readDir(dirs, path),
      lock: async () => fakes.lock ?? 'locked',
      begin: async () => ({ identity: 'p-new' }),
      finish: async (path, contents) => void dirs.set(path, contents),
      writeRecord: async (path, record) => {
        const before = dirs.get(path)
        if (before !== undefined) dirs.set(path, { ...before, record })
      },
    },
    certificates: {
      issue: async (form, issuer) => ({
        certificatePem: `${form.kind} ${form.commonName} by ${issuer?.certificatePem ?? 'itself'}`,
        keyPem: `key of ${form.commonName}`,
      }),
      sha256: (pem) => sha256Hex(pem),
    },
    client: {
      async call(target, request) {
        asked.push({ target, request })
        if (fakes.answer === undefined) throw new Error('nobody was to be asked')
        return await fakes.answer(request, target)
      },
      pinned: async (host) => (await fakes.pinned?.(host)) ?? { caPem: 'the CA', localAddress: '10.0.0.9' },
    },
    nowMs: () => startMs,
    entropy: (count) => Uint8Array.from({ length: count }, () => ++drawn),
    async readFile(path) {
      const text = files.get(path)
      if (text === undefined) throw Object.assign(new Error('nothing there'), { code: 'ENOENT' })
      return text
    },
    writeFile: async (path, text) => void files.set(path, text),
    async runDaemon(order) {
      started.push(order)
      order.serving()
    },
  }
  return { world, out, err, files, dirs, asked, started, run: (line) => runCommand(line.split(' '), world) }
}

function readDir(dirs: ReadonlyMap<string, DataDirContents>, path: string): OpenedDataDir {
  const contents = dirs.get(path)
  return contents === undefined ? { type: 'new' } : { type: 'node', ...contents }
}
