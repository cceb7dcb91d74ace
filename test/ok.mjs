// Before every commit, a minute and a quarter on two cores: types, lint, tidy and unit tests, twenty seeds. Stops at the first failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, checkNode, ensureModules, root, setUp } from '../setup/machine.mjs'

setUp(() => {
  checkNode()
  ensureModules()
})
const bin = (name) => join(root, 'node_modules', '.bin', name)
const steps = [
  ['types', () => setUp(build)],
  ['lint', () => step(bin('biome'), ['check', '.', '--error-on-warnings'])],
  ['unit tests', () => step(bin('vitest'), ['run', '--project', 'unit'])],
  ['20 seeds', () => step(process.execPath, [join(root, 'dist/test/sim/main.js'), '--seeds', '20', '--from', '1'])],
]
for (const [name, act] of steps) {
  const from = Date.now()
  act()
  console.log(`ok: ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`)
}

function step(command, args) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status === 0) return
  process.stdout.write(`${done.stdout}${done.stderr}`)
  process.exit(done.status ?? 1)
}
