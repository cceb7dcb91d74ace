// `npm test`: sets up a fresh machine and passes all tests. Prints one line a part and, last, the sum.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureHostTools, onThisMachine, root } from '../setup/machine.mjs'

const reports = join(root, '.cache', 'reports')
let passed = 0
let failed = 0
let interrupted = false
let env = process.env
process.on('SIGINT', () => {
  interrupted = true
})

await onThisMachine(async (prepared) => {
  env = prepared
  ensureHostTools()
  rmSync(reports, { recursive: true, force: true })
  mkdirSync(reports, { recursive: true })
  await part('lint', () => command('node_modules/.bin/biome', ['check', '.', '--error-on-warnings']))
  for (const project of ['unit', 'conformance', 'e2e']) await part(project, () => vitest(project))
  await part('simulation', () => command(process.execPath, ['dist/test/sim/main.js', '--seeds', '200', '--from', '1']))
  await part('story', () => command(process.execPath, ['dist/demo/main.js', '--story']))
  process.on('exit', () => console.log(`${passed} passed, ${failed} failed`))
  return failed === 0 && passed > 0 ? 0 : 1
})

async function part(name, act) {
  if (interrupted) return
  const from = Date.now()
  const [good, bad] = await act()
  passed += good
  failed += bad
  console.log(
    `${bad === 0 ? 'ok' : 'FAILED'}: ${name}: ${good} passed, ${bad} failed (${((Date.now() - from) / 1000).toFixed(0)} s)`,
  )
}

/** A command counts as one test. */
async function command(file, args) {
  return (await exec(file, args)) === 0 ? [1, 0] : [0, 1]
}

async function vitest(project) {
  const report = join(reports, `${project}.json`)
  const status = await exec('node_modules/.bin/vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ])
  const { numPassedTests = 0, numFailedTests = 0, numFailedTestSuites = 0 } = readReport(report)
  const bad = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0)
  return [numPassedTests, status === 0 ? bad : Math.max(1, bad)]
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    console.error(`no report from vitest: ${error.message}`)
    return {}
  }
}

function exec(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => {
      console.error(String(error))
      resolve(1)
    })
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
