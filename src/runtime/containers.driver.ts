import { type Clock, DeviceError, type Engine } from '../host/host.ts'
import { must, unreachable } from '../lib/assert.ts'
import type { Container, Pod } from '../objects/types.ts'
import { type ContainerAction, type Fault, type PodMemory, rememberFault, rememberMade } from './pods.ts'
import { containerSpec, type Place } from './spec.ts'
import { isRefusal } from './troubles.ts'

/** Does with the engine what was decided for a pod's containers. */
export interface Hands {
  /**
   * Answers what is to be remembered of it: that the engine refuses is remembered, that it does not answer rejects.
   * `pod` is null when it is no longer wanted; then nothing is made.
   */
  act(pod: Pod | null, action: ContainerAction, memory: PodMemory, signal: AbortSignal): Promise<PodMemory>
}

interface HandsParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly place: Place
  /** Told of each new container before it starts. */
  readonly made: (uid: string, id: string) => void
}

export function newHands({ engine, clock, place, made }: HandsParts): Hands {
  async function make(
    pod: Pod,
    { container: name, attempt }: { readonly container: string; readonly attempt: number },
    memory: PodMemory,
    signal: AbortSignal,
  ): Promise<PodMemory> {
    const container = must(
      pod.spec.containers.find((each) => each.name === name),
      'only containers of the pod are made',
    )
    const asked = containerSpec(pod, container, attempt, place)
    if (asked.error !== null) return failed(memory, name, 'CreateContainerConfigError', asked.error)
    const missing = await fetchImage(container, signal)
    if (missing !== null) return failed(memory, name, missing.reason, missing.message)
    let id: string
    try {
      id = await engine.create(asked.spec, signal)
    } catch (cause) {
      if (!isRefusal(cause)) throw cause
      return failed(memory, name, 'CreateContainerError', cause.message)
    }
    made(pod.metadata.uid ?? '', id)
    return start(id, name, rememberMade(memory, name, attempt), signal)
  }

  async function start(id: string, name: string, memory: PodMemory, signal: AbortSignal): Promise<PodMemory> {
    try {
      await engine.start(id, signal)
      return memory
    } catch (cause) {
      if (!isRefusal(cause)) throw cause
      return failed(memory, name, 'RunContainerError', cause.message)
    }
  }

  /** Null: the image is here. */
  async function fetchImage(container: Container, signal: AbortSignal): Promise<Fault | null> {
    const image = container.image ?? ''
    const policy = container.imagePullPolicy ?? 'IfNotPresent'
    if (policy !== 'Always' && (await engine.hasImage(image, signal))) return null
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`
      return { reason: 'ErrImageNeverPull', message }
    }
    try {
      await engine.pull(image, signal)
      return null
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause
      return { reason: 'ErrImagePull', message: cause.message }
    }
  }

  function failed(memory: PodMemory, container: string, reason: string, message: string): PodMemory {
    return rememberFault(memory, container, { reason, message }, clock.monotonicMs())
  }

  return {
    async act(pod, action, memory, signal) {
      switch (action.type) {
        case 'stop':
          await engine.stop(action.id, action.graceMs, signal)
          return memory
        case 'remove':
          await engine.remove(action.id, signal)
          return memory
        case 'start':
          return start(action.id, action.container, memory, signal)
        case 'make':
          return make(must(pod, 'containers are made for pods that are wanted'), action, memory, signal)
        default:
          return unreachable(action)
      }
    },
  }
}
