import { createReadStream, existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { command, HostsError } from './command.ts'
import { engineCall } from './engine.ts'
import { find } from './tools.ts'

/** The image of demo and tests, as `setup/machine.mjs` makes it for the machine's own engine. */
export const demoImage = 'skein.local/demo:1'

/** The image's file system as an archive below `folder`, from this machine's busybox: no registry is asked. */
export async function makeImageArchive(folder: string): Promise<string> {
  const archive = join(folder, 'demo.tar')
  if (existsSync(archive)) return archive
  const busybox = find('busybox')
  if (busybox === null) throw new HostsError('busybox is missing', 'install it: apt-get install busybox-static')
  const tree = await mkdtemp(join(folder, 'image-'))
  try {
    for (const name of ['bin', 'etc', 'tmp']) await mkdir(join(tree, name))
    await copyFile(await realpath(busybox), join(tree, 'bin', 'busybox'))
    const applets = (await command(busybox, ['--list'])).split('\n')
    for (const applet of applets.filter((name) => name !== '' && name !== 'busybox'))
      await symlink('busybox', join(tree, 'bin', applet))
    await command('tar', ['-C', tree, '-cf', archive, '.'])
  } finally {
    await rm(tree, { recursive: true })
  }
  return archive
}

export async function importImage(engineSocket: string, archive: string): Promise<void> {
  if ((await engineCall(engineSocket, 'GET', `/images/${demoImage}/json`)).status === 200) return
  const [repo, tag] = demoImage.split(':')
  const path = `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`
  const { status, text } = await engineCall(engineSocket, 'POST', path, createReadStream(archive))
  if (status !== 200) throw new Error(`the engine refused the image ${demoImage}: ${text.trim()}`)
}
