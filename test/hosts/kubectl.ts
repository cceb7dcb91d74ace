import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'

/** A real kubectl binary. */
export interface Kubectl {
  readonly path: string
  /** e.g. `1.27.16` */
  readonly version: string
}

/** The kubectl binaries that the set-up found, oldest first (`SKEIN_TEST_KUBECTL`), else the one on the path. */
export function kubectls(): Kubectl[] {
  const paths = (process.env.SKEIN_TEST_KUBECTL ?? 'kubectl').split(':')
  return paths.map((path) => {
    const said = spawnSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
    const version = /"gitVersion": "v(\d+\.\d+\.\d+)/.exec(said.stdout ?? '')?.[1]
    if (version === undefined) throw new Error(`${path} is no kubectl: ${said.stderr ?? said.error?.message}`)
    return { path, version }
  })
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export function runKubectl(
  kubectl: Kubectl,
  kubeconfig: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number } = {},
): Ran {
  const done = spawnSync(kubectl.path, withConfig(kubeconfig, args), {
    encoding: 'utf8',
    input: options.input ?? '',
    timeout: options.timeoutMs ?? 60_000,
  })
  return { status: done.status, stdout: done.stdout, stderr: done.stderr }
}

/** As `runKubectl`, but a failure throws with all that was said. */
export function mustKubectl(
  kubectl: Kubectl,
  kubeconfig: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number } = {},
): string {
  const ran = runKubectl(kubectl, kubeconfig, args, options)
  if (ran.status !== 0)
    throw new Error(`kubectl ${kubectl.version} ${args.join(' ')}: exit ${ran.status}\n${ran.stdout}${ran.stderr}`)
  return ran.stdout
}

/** Starts a kubectl that goes on (`get -w`). The caller ends it. */
export function startKubectl(
  kubectl: Kubectl,
  kubeconfig: string,
  args: readonly string[],
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(kubectl.path, withConfig(kubeconfig, args), { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** kubectl keeps discovery on disk: each cluster gets its own, in its own folder, which goes with it. */
function withConfig(kubeconfig: string, args: readonly string[]): string[] {
  return ['--kubeconfig', kubeconfig, '--cache-dir', join(dirname(kubeconfig), 'kubectl-cache'), ...args]
}
