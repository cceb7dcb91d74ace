// `npm start`: everything from nothing. Sets the machine up, then hands over to the demo (demo/main.ts).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import {
  build,
  checkNode,
  ensureDemoImage,
  ensureEngine,
  ensureKubectl,
  ensureModules,
  root,
} from '../setup/machine.mjs'

checkNode()
ensureModules()
build()
const kubectls = ensureKubectl()
const engine = await ensureEngine()
let status = 1
try {
  await ensureDemoImage(engine.socket)
  status = await demo()
} finally {
  await engine.stop()
}
process.exit(status)

function demo() {
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${engine.socket}`,
    SKEIN_TEST_ENGINE: engine.socket,
    SKEIN_TEST_KUBECTL: kubectls.map(({ path }) => path).join(':'),
  }
  const child = spawn(process.execPath, [join(root, 'dist/demo/main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
    cwd: root,
  })
  // A terminal sends Ctrl-C to the whole group: the demo cleans up, we wait for it. A lone signal is passed on.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}
