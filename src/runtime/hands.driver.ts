import type { Container as Seen } from '../host/host.ts'
import { must, unreachable } from '../lib/assert.ts'
import type { Pod } from '../objects/types.ts'
import { makeContainer, startContainer, stopContainer } from './containers.driver.ts'
import { type Learnt, nothing, type PodMemory, rememberCleaned, rememberVolumes } from './memory.ts'
import type { RuntimeParts } from './parts.driver.ts'
import type { Place } from './place.ts'
import { attachSandbox, makeSandbox } from './sandbox.driver.ts'
import type { Sources } from './sources.ts'
import type { PodAction } from './step.ts'
import type { Troubles } from './troubles.ts'
import { fillVolumes, removeVolumes } from './volumes.driver.ts'

/** Does with the devices what was decided for a pod. */
export interface Hands {
  /**
   * Answers what is to be remembered of it: that a device refuses is remembered, that the engine does not answer
   * rejects. `pod` is null when it is no longer wanted; then nothing is made.
   */
  act(of: PodAtHand, action: HandAction, signal: AbortSignal): Promise<Learnt>
}

export type HandAction = Exclude<PodAction, { readonly type: 'forget' }>

/** A pod as it was when it was decided what to do. */
export interface PodAtHand {
  readonly uid: string
  readonly pod: Pod | null
  readonly containers: readonly Seen[]
  readonly memory: PodMemory
}

export interface HandsParts
  extends Pick<RuntimeParts, 'engine' | 'files' | 'http' | 'sockets' | 'clock' | 'podNetwork' | 'withdraw'> {
  readonly place: () => Place
  /** What pods of a namespace may refer to. */
  readonly sources: (namespace: string) => Sources
  readonly troubles: Troubles
  /** Told of each new container before it starts. */
  readonly made: (uid: string, id: string) => void
}

export function newHands(parts: HandsParts): Hands {
  const { engine, files, clock, podNetwork, withdraw, place, sources, troubles } = parts

  async function fill(pod: Pod): Promise<Learnt> {
    const facts = { pod, place: place(), address: null }
    const message = await fillVolumes(facts, sources(pod.metadata.namespace ?? ''), files, troubles)
    const fault = message === null ? null : { reason: 'FailedMount', message }
    return (memory) => rememberVolumes(memory, fault, clock.monotonicMs())
  }

  async function clean(uid: string): Promise<Learnt> {
    await podNetwork.detach(uid)
    await removeVolumes(uid, files, troubles)
    return rememberCleaned
  }

  return {
    async act(of, action, signal) {
      const wanted = (): Pod => must(of.pod, 'only for a pod that is wanted is anything made')
      switch (action.type) {
        case 'shelter':
          return makeSandbox(wanted(), action.attempt, parts, signal)
        case 'attach':
          return attachSandbox(wanted(), action.sandbox, of.containers, parts, signal)
        case 'fill':
          return fill(wanted())
        case 'make':
          return makeContainer({ ...of, pod: wanted() }, action, parts, signal)
        case 'start':
          return startContainer(of, action, parts, signal)
        case 'stop':
          return stopContainer(of, action, parts, signal)
        case 'remove':
          await engine.remove(action.id, signal)
          return nothing
        case 'withdraw':
          await withdraw?.({ uid: of.uid, address: action.address }, signal)
          return (memory) => ({ ...memory, withdrawn: true })
        case 'clean':
          return clean(of.uid)
        default:
          return unreachable(action)
      }
    },
  }
}
