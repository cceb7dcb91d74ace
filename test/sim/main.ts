import { type ChildProcess, fork } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runDaemon } from '../../src/daemon.ts'
import { guardRealWorld } from './guard.ts'
import { runSeed, type SeedResult } from './run.ts'
import { newTrace } from './trace.ts'

/**
 * `npm run sim -- [--seeds N] [--from S] [--jobs J] [--seconds T] [--check-determinism] [--keep-going] [--verbose]`
 *
 * Runs N seeds from S on, J at a time in processes of their own. Exits 0 when every invariant held in every seed, 1 at
 * the first that did not (or, with --keep-going, after the last seed), 2 on wrong arguments.
 */
interface Arguments {
  seeds: number
  from: number
  jobs: number
  /** Virtual seconds of faults a seed. */
  seconds: number
  checkDeterminism: boolean
  keepGoing: boolean
  verbose: boolean
}

const usage =
  'npm run sim -- [--seeds N] [--from S] [--jobs J] [--seconds T] [--check-determinism] [--keep-going] [--verbose]'
const seedsPerLine = 25
const lastLinesShown = 60
/** Kept before the real world is closed off: for telling how long it took. */
const realMs = performance.now.bind(performance)

function parse(args: readonly string[]): Arguments {
  const parsed: Arguments = {
    seeds: 20,
    from: 1,
    jobs: 2,
    seconds: 60,
    checkDeterminism: false,
    keepGoing: false,
    verbose: false,
  }
  for (let at = 0; at < args.length; at++) {
    const name = args[at]
    if (name === '--check-determinism') parsed.checkDeterminism = true
    else if (name === '--keep-going') parsed.keepGoing = true
    else if (name === '--verbose') parsed.verbose = true
    else if (name === '--seeds' || name === '--from' || name === '--jobs' || name === '--seconds') {
      const value = Number(args[++at])
      if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} wants a whole number above 0`)
      parsed[name.slice(2) as 'seeds' | 'from' | 'jobs' | 'seconds'] = value
    } else throw new RangeError(`unknown argument ${name}`)
  }
  return parsed
}

/** Runs seeds in this process, one after the other. */
function simulate(seed: number, { seconds, verbose }: Arguments): Promise<SeedResult> {
  const onEvent = verbose ? (line: string): void => void process.stdout.write(`${line}\n`) : undefined
  return runSeed(seed, { daemon: runDaemon, safetyMs: seconds * 1_000, ...(onEvent && { onEvent }) })
}

/** A child process that runs one seed at a time. */
interface Worker {
  run(seed: number): Promise<SeedResult>
  end(): void
}

/** A seed that takes longer than this in real time does not end. */
const seedPatienceMs = 300_000

function newWorker(args: readonly string[]): Worker {
  let child: ChildProcess | null = null
  const started = (): ChildProcess =>
    fork(fileURLToPath(import.meta.url), ['--worker', ...args], { serialization: 'advanced' })
  return {
    run: (seed) =>
      new Promise((resolve, reject) => {
        const running = child ?? started()
        child = running
        const settle = (end: () => void): void => {
          clearTimeout(timer)
          running.removeAllListeners('message').removeAllListeners('exit')
          end()
        }
        const timer = setTimeout(() => {
          running.kill('SIGKILL')
          child = null
          settle(() => resolve(endless(seed)))
        }, seedPatienceMs)
        running.once('message', (result: SeedResult) => settle(() => resolve(result)))
        running.once('exit', (code) => settle(() => reject(new Error(`a worker ended with code ${code}`))))
        running.send(seed)
      }),
    end: () => void child?.kill(),
  }
}

function endless(seed: number): SeedResult {
  const detail = `nothing after ${seedPatienceMs / 1000} real seconds: something goes round in circles`
  const failure = { invariant: 'virtual time passes', detail, last: [] }
  return { seed, traceHash: '', events: 0, virtualMs: 0, faults: {}, states: {}, failure }
}

async function serveSeeds(args: Arguments): Promise<void> {
  guardRealWorld()
  process.on('message', (seed: number) => {
    void simulate(seed, args).then((result) => process.send?.(result))
  })
}

async function main(args: Arguments, raw: readonly string[]): Promise<number> {
  const startedMs = realMs()
  const report = newReport(args, startedMs)
  if (args.verbose) {
    guardRealWorld()
    for (let seed = args.from; seed < args.from + args.seeds; seed++) report.add(await simulate(seed, args))
    return report.end()
  }
  let next = args.from
  let stopped = false
  const work = async (): Promise<void> => {
    const workers = Array.from({ length: args.checkDeterminism ? 2 : 1 }, () => newWorker(raw))
    try {
      while (!stopped && next < args.from + args.seeds) {
        const seed = next++
        const [result, again] = await Promise.all(workers.map((worker) => worker.run(seed)))
        if (result === undefined) return
        report.add(result)
        if (again !== undefined && again.traceHash !== result.traceHash) report.diverged(seed, result, again)
        if (report.failed && !args.keepGoing) stopped = true
      }
    } finally {
      for (const worker of workers) worker.end()
    }
  }
  await Promise.all(Array.from({ length: args.checkDeterminism ? 1 : Math.min(args.jobs, args.seeds) }, work))
  return report.end()
}

interface Report {
  add(result: SeedResult): void
  diverged(seed: number, one: SeedResult, other: SeedResult): void
  /** Prints the totals; the exit code. */
  end(): number
  readonly failed: boolean
}

function newReport(args: Arguments, startedMs: number): Report {
  const results: SeedResult[] = []
  let failures = 0
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  return {
    get failed() {
      return failures > 0
    },
    add(result) {
      results.push(result)
      const { failure, seed } = result
      if (failure !== null) {
        failures++
        print(`FAILED seed ${seed}: ${failure.invariant}`)
        print(failure.detail)
        print(`the last events of ${result.events}:`)
        for (const line of failure.last.slice(-lastLinesShown)) print(`  ${line}`)
        print(`again: npm run sim -- --seeds 1 --from ${seed} --seconds ${args.seconds} --verbose`)
      }
      if (results.length % seedsPerLine === 0) {
        print(`${results.length} seeds, ${failures} failed, ${((realMs() - startedMs) / 1000).toFixed(1)} s`)
      }
    },
    diverged(seed, one, other) {
      failures++
      print(`FAILED seed ${seed}: the same seed gives the same trace`)
      print(`two processes gave ${one.traceHash} after ${one.events} events, ${other.traceHash} after ${other.events}`)
    },
    end() {
      const totals = newTrace()
      for (const { seed, traceHash } of results.sort((a, b) => a.seed - b.seed)) totals.add(seed, '', '', traceHash)
      const hours = sum(results.map(({ virtualMs }) => virtualMs)) / 3_600_000
      const seconds = (realMs() - startedMs) / 1000
      print(`faults: ${listed(results.map(({ faults }) => faults))}`)
      print(`states: ${listed(results.map(({ states }) => states))}`)
      print(
        `${results.length} seeds from ${args.from}, ${failures} failed; ${hours.toFixed(2)} virtual hours in ${seconds.toFixed(1)} s ` +
          `(${Math.round((hours * 3600) / seconds)} to 1), ${sum(results.map(({ events }) => events))} events, trace ${totals.hash}`,
      )
      if (args.checkDeterminism && failures === 0) print('each seed gave the same trace in two processes')
      return failures === 0 ? 0 : 1
    },
  }
}

function listed(counts: readonly Readonly<Record<string, number>>[]): string {
  const totals = new Map<string, number>()
  for (const one of counts)
    for (const [name, count] of Object.entries(one)) totals.set(name, (totals.get(name) ?? 0) + count)
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

setMaxListeners(0)
const raw = process.argv.slice(2).filter((argument) => argument !== '--worker')
try {
  const args = parse(raw)
  if (process.argv.includes('--worker')) await serveSeeds(args)
  else process.exitCode = await main(args, raw)
} catch (cause) {
  process.stderr.write(`error: ${cause instanceof Error ? cause.message : String(cause)}\n${usage}\n`)
  process.exitCode = 2
}
