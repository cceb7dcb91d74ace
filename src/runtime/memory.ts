import { retryDelayMs } from './backoff.ts'

/** What the engine cannot tell of a pod. Lost with the daemon: then waits begin anew, and what can be done twice is. */
export interface PodMemory {
  /** By name, `POD` for the sandbox. */
  readonly containers: Readonly<Record<string, ContainerMemory>>
  readonly volumes: VolumesMemory
  readonly network: NetworkMemory
  /** The sandbox whose init containers have all ended well. */
  readonly initialized: string | null
  /** By container id: what it left as its last words. */
  readonly messages: Readonly<Record<string, string>>
  /** No proxy leads to the pod any more. */
  readonly withdrawn: boolean
  /** When the grace of a pod that stops is over. */
  readonly killAtMs: number | null
  /** Its link and its volumes are gone. */
  readonly cleaned: boolean
}

/** Something that is tried until it works. */
export interface Effort {
  /** Why it did not work, and how often in a row. */
  readonly fault: Fault | null
  readonly faults: number
  /** No next try before this. */
  readonly retryAtMs: number
}

export interface ContainerMemory extends Effort {
  /** The newest try there ever was; -1: none. */
  readonly attempt: number
  /** Deaths in a row, and the last one counted, by the id of the container. */
  readonly deaths: number
  readonly counted: string | null
  /** The try that was ended to be made anew, by the id of the container. */
  readonly replaced: string | null
}

export interface VolumesMemory extends Effort {
  /** Their content is as the store has it. */
  readonly ready: boolean
}

export interface NetworkMemory extends Effort {
  readonly attached: { readonly sandbox: string; readonly address: string } | null
}

/** In Kubernetes' words: `ErrImagePull`, `CreateContainerError` …, and in the engine's. */
export interface Fault {
  readonly reason: string
  readonly message: string
}

const noEffort: Effort = { fault: null, faults: 0, retryAtMs: 0 }
const emptyContainerMemory: ContainerMemory = { ...noEffort, attempt: -1, deaths: 0, counted: null, replaced: null }

export const emptyMemory: PodMemory = {
  containers: {},
  volumes: { ...noEffort, ready: false },
  network: { ...noEffort, attached: null },
  initialized: null,
  messages: {},
  withdrawn: false,
  killAtMs: null,
  cleaned: false,
}

/** What was learnt by an action, to be put to what is known by then. */
export type Learnt = (memory: PodMemory) => PodMemory

export const nothing: Learnt = (memory) => memory

export function memoryOf(memory: PodMemory, container: string): ContainerMemory {
  return memory.containers[container] ?? emptyContainerMemory
}

export function remember(memory: PodMemory, container: string, news: Partial<ContainerMemory>): PodMemory {
  const next = { ...memoryOf(memory, container), ...news }
  return { ...memory, containers: { ...memory.containers, [container]: next } }
}

/** After a try at making or starting a container that failed. */
export function rememberFault(memory: PodMemory, container: string, fault: Fault, nowMs: number): PodMemory {
  return remember(memory, container, failed(memoryOf(memory, container), fault, nowMs))
}

export function rememberMade(memory: PodMemory, container: string, attempt: number): PodMemory {
  return remember(memory, container, { attempt, fault: null, faults: 0 })
}

export function rememberVolumes(memory: PodMemory, fault: Fault | null, nowMs: number): PodMemory {
  const { volumes } = memory
  return {
    ...memory,
    cleaned: false,
    volumes: fault === null ? { ...noEffort, ready: true } : { ready: false, ...failed(volumes, fault, nowMs) },
  }
}

export function rememberAttached(memory: PodMemory, sandbox: string, address: string): PodMemory {
  return { ...memory, cleaned: false, network: { ...noEffort, attached: { sandbox, address } } }
}

/** Nothing of the pod is left outside of the engine. */
export function rememberCleaned(memory: PodMemory): PodMemory {
  return { ...memory, cleaned: true, volumes: emptyMemory.volumes, network: emptyMemory.network }
}

export function rememberDetached(memory: PodMemory, fault: Fault, nowMs: number): PodMemory {
  return { ...memory, network: { attached: null, ...failed(memory.network, fault, nowMs) } }
}

/** What the pod refers to was changed: its volumes are filled again, and what failed for lack of it is tried again. */
export function forgetConfiguration(memory: PodMemory): PodMemory {
  const { containers, volumes } = memory
  const retried = Object.entries(containers).map(([name, each]) => [
    name,
    each.fault?.reason === configError ? { ...each, retryAtMs: 0 } : each,
  ])
  return { ...memory, containers: Object.fromEntries(retried), volumes: { ...volumes, ready: false, retryAtMs: 0 } }
}

export const configError = 'CreateContainerConfigError'

function failed({ faults }: Effort, fault: Fault, nowMs: number): Effort {
  return { fault, faults: faults + 1, retryAtMs: nowMs + retryDelayMs(faults + 1) }
}
