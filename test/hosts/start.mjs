// `npm run hosts`: sets the machine up as far as hosts need it, then hands over to main.ts. Only `up` builds; the other
// commands take what it built, for they should answer at once.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, checkNode, ensureHostTools, ensureModules, root, setUp } from '../../setup/machine.mjs'

const main = join(root, 'dist/test/hosts/main.js')
const args = process.argv.slice(2)
setUp(() => {
  checkNode()
  if (args.includes('up') || !existsSync(main)) {
    ensureModules()
    build()
  }
  if (args.includes('up')) ensureHostTools()
})
// A terminal sends Ctrl-C to the whole group: the command cleans up, we wait for it.
process.on('SIGINT', () => undefined)
process.exit(spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' }).status ?? 1)
