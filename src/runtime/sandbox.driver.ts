import { DeviceError, type Container as Seen } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import type { HandsParts } from './hands.driver.ts'
import { sandboxName } from './labels.ts'
import { type Learnt, rememberAttached, rememberDetached, rememberFault, rememberMade } from './memory.ts'
import { pauseExecutable, pauseImage } from './pause.ts'
import { hostsFile, resolverOf } from './resolver.ts'
import { hostnameOf, sandboxSpec } from './spec.ts'
import { isRefusal } from './troubles.ts'
import { hostsPath } from './volumes.ts'

/** Makes and starts the container that holds a pod's namespaces; its image, too, where that is missing. */
export async function makeSandbox(
  pod: Pod,
  attempt: number,
  { engine, clock, podNetwork, place, made }: HandsParts,
  signal: AbortSignal,
): Promise<Learnt> {
  const dns = resolverOf(pod, podNetwork.dns(pod.metadata.namespace ?? ''))
  const spec = sandboxSpec(pod, attempt, place(), podNetwork.mode === 'own' ? 'none' : 'default', dns)
  try {
    const id = await engine.create(spec, signal).catch(async (cause: unknown) => {
      if (!(cause instanceof DeviceError) || cause.code !== 'not-found') throw cause
      await makePauseImage()
      return engine.create(spec, signal)
    })
    made(pod.metadata.uid ?? '', id)
    await engine.start(id, signal)
    return (memory) => rememberMade(memory, sandboxName, attempt)
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    const fault = { reason: 'FailedCreatePodSandBox', message: cause.message }
    return (memory) => rememberFault(memory, sandboxName, fault, clock.monotonicMs())
  }

  async function makePauseImage(): Promise<void> {
    const { arch } = await engine.info(signal)
    const program = pauseExecutable(arch)
    if (program === null) throw new DeviceError('invalid', `there is no pause program for ${arch}`)
    await engine.makeImage(pauseImage, program, signal)
  }
}

/** Gives a sandbox its network, and writes the hosts file that goes with its address. */
export async function attachSandbox(
  pod: Pod,
  sandbox: string,
  containers: readonly Seen[],
  { files, clock, podNetwork, place }: HandsParts,
  signal: AbortSignal,
): Promise<Learnt> {
  const { uid = '', namespace = '', name } = pod.metadata
  const seen = containers.find(({ id }) => id === sandbox)
  try {
    const address = await addressOf(seen)
    if (pod.spec.hostNetwork !== true) {
      await files.writeFile(hostsPath(files.root, uid), hostsFile(pod, hostnameOf(pod), address), 0o644)
    }
    return (memory) => rememberAttached(memory, sandbox, address)
  } catch (cause) {
    if (!(cause instanceof DeviceError)) throw cause
    const fault = { reason: 'FailedCreatePodSandBox', message: cause.message }
    return (memory) => rememberDetached(memory, fault, clock.monotonicMs())
  }

  async function addressOf(of: Seen | undefined): Promise<string> {
    if (pod.spec.hostNetwork === true) return place().hostIP
    if (podNetwork.mode === 'own' && of?.pid !== undefined) {
      return (await podNetwork.attach({ uid, namespace, name, pid: of.pid }, signal)).address
    }
    if (podNetwork.mode === 'engine' && of?.address !== undefined) return of.address
    throw new DeviceError('conflict', 'the sandbox of the pod has ended')
  }
}
