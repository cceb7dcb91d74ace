import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Mutant, mutants } from './mutants.ts'

/**
 * `npm run mutants`: puts one mistake at a time into a copy of the source, builds it and runs the simulator on it until a
 * checker finds it. A mutant counts as caught only by an invariant; the seeds are fixed beforehand. Prints a table; exits
 * 1 when one survives.
 *
 *     npm run mutants -- [--only NAME,NAME …] [--seeds N] [--from S] [--jobs J]
 */
const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Verdict {
  readonly mutant: Mutant
  /** The seed that found it, or null when none did. */
  readonly seed: number | null
  readonly invariant: string
  readonly seconds: number
}

async function main(): Promise<void> {
  const only = option('--only')?.split(',')
  const seeds = Number(option('--seeds') ?? 200)
  const from = Number(option('--from') ?? 1)
  const args = ['--seeds', String(seeds), '--from', String(from), '--jobs', option('--jobs') ?? '2']
  const chosen = mutants.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)))
  if (chosen.length === 0) throw new Error(`no mutant is called ${only?.join()}`)
  const tree = makeTree()
  try {
    const verdicts: Verdict[] = []
    for (const mutant of chosen) {
      const verdict = await tryMutant(tree, mutant, args)
      verdicts.push(verdict)
      console.log(line(verdict))
    }
    const caught = verdicts.filter(({ seed }) => seed !== null).length
    console.log(`${caught} of ${verdicts.length} caught`)
    if (caught < verdicts.length) process.exitCode = 1
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

function makeTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'skein-mutants-'))
  for (const name of ['src', 'test', 'demo', 'tsconfig.json', 'package.json']) {
    cpSync(join(root, name), join(tree, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

async function tryMutant(tree: string, mutant: Mutant, args: readonly string[]): Promise<Verdict> {
  const path = join(tree, 'src', mutant.file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(mutant, text))
  const started = performance.now()
  try {
    build(tree, mutant.name)
    const { status, output } = await simulate(tree, args)
    const found = /^FAILED seed (\d+): (.*)$/m.exec(output)
    if (status !== 0 && found === null) throw new Error(`${mutant.name}: the simulator broke:\n${output.slice(-2000)}`)
    const seconds = (performance.now() - started) / 1000
    return { mutant, seed: found === null ? null : Number(found[1]), invariant: found?.[2] ?? '', seconds }
  } finally {
    writeFileSync(path, text)
  }
}

function mutated({ name, file, also = [], ...first }: Mutant, text: string): string {
  return [first, ...also].reduce((before, { find, replace }) => {
    const parts = before.split(find)
    if (parts.length !== 2) throw new Error(`${name}: its place is found ${parts.length - 1} times in ${file}`)
    return parts.join(replace)
  }, text)
}

function build(tree: string, name: string): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const built = spawnSync(process.execPath, [tsc, '-p', tree, '--noCheck'], { cwd: tree, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`${name}: does not build:\n${built.stdout}`)
}

function simulate(tree: string, args: readonly string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(tree, 'dist/test/sim/main.js'), ...args], {
      cwd: tree,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk)
      })
    }
    child.on('exit', (status) => resolve({ status, output }))
  })
}

function line({ mutant, seed, invariant, seconds }: Verdict): string {
  const what = seed === null ? 'SURVIVED' : `caught by seed ${seed}: ${invariant}`
  return `${mutant.name.padEnd(44)} ${seconds.toFixed(0).padStart(4)} s  ${what}`
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
