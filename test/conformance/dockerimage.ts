import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Docker from 'dockerode'

export const dockerImage = 'skein-conformance:2'

/** Whether an engine answers at DOCKER_HOST or the usual socket. */
export function dockerAnswers(): Promise<boolean> {
  return new Docker().ping().then(
    () => true,
    () => false,
  )
}

/** An image from this machine's own busybox, for no registry may be in reach. */
export async function importDockerImage(): Promise<void> {
  const docker = new Docker()
  const here = await docker
    .getImage(dockerImage)
    .inspect()
    .then(
      () => true,
      () => false,
    )
  if (here) return
  const root = await mkdtemp(join(tmpdir(), 'skein-image-'))
  await mkdir(join(root, 'bin'))
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of [
    'sh',
    'sleep',
    'true',
    'cat',
    'httpd',
    'nc',
    'stat',
    'hostname',
    'id',
    'kill',
    'ps',
    'touch',
    'ls',
  ])
    await symlink('busybox', join(root, 'bin', applet))
  const archive = join(root, 'image.tar')
  await promisify(execFile)('tar', ['-C', root, '-cf', archive, 'bin'])
  const [repo, tag] = dockerImage.split(':')
  const progress = await docker.importImage(archive, { repo, tag } as object)
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)))
  })
  await rm(root, { recursive: true })
}
