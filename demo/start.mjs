// `npm start`: everything from nothing. Sets the machine up, then hands over to the demo (demo/main.ts).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onThisMachine, root } from '../setup/machine.mjs'

await onThisMachine((env) => {
  const demo = [join(root, 'dist/demo/main.js'), ...process.argv.slice(2)]
  const child = spawn(process.execPath, demo, { stdio: 'inherit', env, cwd: root })
  // A terminal sends Ctrl-C to the whole group: the demo cleans up, we wait for it. A lone signal is passed on.
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
})
