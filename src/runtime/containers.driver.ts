import { type ContainerSpec, DeviceError } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import type { Container, Pod } from '../objects/types.ts'
import { tryHandler } from './handlers.driver.ts'
import type { HandsParts, PodAtHand } from './hands.driver.ts'
import { configError, type Fault, type Learnt, nothing, rememberFault, rememberMade } from './memory.ts'
import { containerSpec } from './spec.ts'
import type { PodAction } from './step.ts'
import { isRefusal } from './troubles.ts'
import { pinned } from './volumes.driver.ts'
import { hostsPath, lastWordsPath } from './volumes.ts'

type Make = Extract<PodAction, { readonly type: 'make' }>
type Start = Extract<PodAction, { readonly type: 'start' }>
type Stop = Extract<PodAction, { readonly type: 'stop' }>

/** Makes a container and starts it; a fault of it is what is learnt. */
export async function makeContainer(
  of: PodAtHand & { readonly pod: Pod },
  { container: name, attempt, sandbox }: Make,
  parts: HandsParts,
  signal: AbortSignal,
): Promise<Learnt> {
  const { pod, memory } = of
  const { clock, files, place, sources, made } = parts
  const container = must(containerOf(pod, name), 'only containers of the pod are made')
  const failed =
    (fault: Fault): Learnt =>
    (memory) =>
      rememberFault(memory, name, fault, clock.monotonicMs())
  const { root } = files
  const address = memory.network.attached?.address ?? null
  const hosts = pod.spec.hostNetwork === true ? null : hostsPath(root, of.uid)
  const facts = { pod, place: place(), address }
  const making = { facts, sources: sources(pod.metadata.namespace ?? ''), root, attempt, sandbox, hosts }
  const asked = containerSpec(container, making)
  if (asked.error !== null) return failed({ reason: configError, message: asked.error })
  let spec: ContainerSpec
  try {
    // The one before the last has been removed, and what it said is told.
    if (attempt > 1) await files.removeTree(lastWordsPath(root, of.uid, name, attempt - 2))
    await files.writeFile(lastWordsPath(root, of.uid, name, attempt), new Uint8Array(), 0o666)
    spec = { ...asked.spec, mounts: await pinned(asked.mounts, files) }
  } catch (cause) {
    if (!(cause instanceof DeviceError)) throw cause
    return failed({ reason: configError, message: cause.message })
  }
  const id = await created(spec, container, parts, signal)
  if (typeof id !== 'string') return failed(id)
  made(of.uid, id)
  const learnt = await startContainer(of, { type: 'start', id, container: name }, parts, signal)
  return (memory) => learnt(rememberMade(memory, name, attempt))
}

/** Starts what was made, and does what is to be done after its start. */
export async function startContainer(
  of: PodAtHand,
  { id, container: name }: Start,
  parts: HandsParts,
  signal: AbortSignal,
): Promise<Learnt> {
  const { engine, clock } = parts
  try {
    await engine.start(id, signal)
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    const fault = { reason: 'RunContainerError', message: cause.message }
    return (memory) => rememberFault(memory, name, fault, clock.monotonicMs())
  }
  const container = of.pod === null ? undefined : containerOf(of.pod, name)
  const hook = container?.lifecycle?.postStart
  if (container === undefined || hook === undefined) return nothing
  const target = { container, id, address: addressOf(of) }
  const done = await tryHandler(hook, target, parts, postStartMsMax, signal)
  // As Kubernetes does: what cannot be done right after the start ends the container, and that counts as a death.
  if (done?.good === false) await engine.stop(id, graceMsAfterHook, signal)
  return nothing
}

/** As for commands that hang: nobody waits for ever. */
const postStartMsMax = 600_000
/** What a container has left at least when its hook took all of its grace (pkg/kubelet/kuberuntime). */
const graceMsAfterHook = 2_000

/** Does what is to be done before its stop, then stops it; both within the grace. */
export async function stopContainer(
  of: PodAtHand,
  { id, container: name, graceMs }: Stop,
  parts: HandsParts,
  signal: AbortSignal,
): Promise<Learnt> {
  const { engine, clock } = parts
  const container = of.pod === null ? undefined : containerOf(of.pod, name)
  const hook = container?.lifecycle?.preStop
  if (container === undefined || hook === undefined || graceMs === 0) {
    await engine.stop(id, graceMs, signal)
    return nothing
  }
  const beganMs = clock.monotonicMs()
  await tryHandler(hook, { container, id, address: addressOf(of) }, parts, graceMs, signal)
  const leftMs = graceMs - (clock.monotonicMs() - beganMs)
  await engine.stop(id, Math.max(graceMsAfterHook, leftMs), signal)
  return nothing
}

/** The id, or why none could be made. The image is fetched where the pod wants that, or the engine misses it. */
async function created(
  spec: ContainerSpec,
  container: Container,
  { engine }: HandsParts,
  signal: AbortSignal,
): Promise<string | Fault> {
  const { image } = spec
  const policy = container.imagePullPolicy ?? 'IfNotPresent'
  try {
    if (policy === 'Always') await pull()
    return await engine.create(spec, signal).catch(async (cause: unknown) => {
      // Most images are here: it is cheaper to be told of one that is not than to ask for each.
      const missing = cause instanceof DeviceError && cause.code === 'not-found' && policy !== 'Always'
      if (!missing || (await engine.hasImage(image, signal))) throw cause
      if (policy === 'Never') throw new Refused('ErrImageNeverPull', neverMessage(image))
      await pull()
      return engine.create(spec, signal)
    })
  } catch (cause) {
    if (cause instanceof Refused) return { reason: cause.reason, message: cause.message }
    if (!isRefusal(cause)) throw cause
    return { reason: 'CreateContainerError', message: cause.message }
  }

  async function pull(): Promise<void> {
    try {
      await engine.pull(image, signal)
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause
      throw new Refused('ErrImagePull', cause.message)
    }
  }
}

/** A fault in Kubernetes' words, on its way to whoever remembers it. */
class Refused extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

function neverMessage(image: string): string {
  return `Container image "${image}" is not present with pull policy of Never`
}

function containerOf(pod: Pod, name: string): Container | undefined {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((each) => each.name === name)
}

function addressOf({ memory }: PodAtHand): string {
  return memory.network.attached?.address ?? ''
}
