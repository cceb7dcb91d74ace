import type { ContainerSpec } from '../host/host.ts'
import { amountsOf } from '../objects/capacity.ts'
import { qosClass } from '../objects/kinds/poddefaults.ts'
import type { Container, Pod } from '../objects/types.ts'
import { environmentOf, expand, expandAll, newRoom, tooLong } from './environment.ts'
import type { FieldFacts } from './fields.ts'
import { containerName, labels, sandboxName } from './labels.ts'
import { pauseImage } from './pause.ts'
import type { Place } from './place.ts'
import { rightsOf } from './rights.ts'
import type { Sources } from './sources.ts'
import { unsupported } from './unsupported.ts'
import { lastWordsPath, type PlannedMount, plannedMounts } from './volumes.ts'

/** Either what to ask of the engine, or why this pod cannot be run as it says. */
export type Asked =
  | { readonly spec: ContainerSpec; readonly mounts: readonly PlannedMount[]; readonly error: null }
  | { readonly spec: null; readonly error: string }

/** What a container is made of, beside what its pod says. */
export interface Making {
  readonly facts: FieldFacts
  readonly sources: Sources
  /** Where pods' folders lie. */
  readonly root: string
  readonly attempt: number
  /** The id of the sandbox to join. */
  readonly sandbox: string
  /** The pod's own hosts file, to be mounted; null: the engine's. */
  readonly hosts: string | null
}

/** A container of a pod in the engine's terms, but for its mounts. What is not honoured is refused, never passed over. */
export function containerSpec(container: Container, making: Making): Asked {
  const { facts, sources, root, attempt, sandbox, hosts } = making
  const { pod, place } = facts
  const room = newRoom()
  const env = environmentOf(container, facts, sources, room)
  const rights = rightsOf(pod, container)
  const error = unsupported(pod, container) ?? env.error ?? rights.error
  if (env.list === null || rights.given === null || error !== null) return { spec: null, error: error ?? '' }
  const values = new Map(env.list.map(({ name, value }) => [name, value]))
  const command = expandAll(container.command, values, room)
  const args = expandAll(container.args, values, room)
  if (command === null || args === null) return { spec: null, error: `command or args: ${tooLong}` }
  let fits = true
  const expanded = (text: string): string => {
    const word = expand(text, values, room)
    fits &&= word !== null
    return word ?? ''
  }
  const planned = plannedMounts(root, pod, container, expanded)
  if (planned.error !== null) return { spec: null, error: planned.error }
  if (!fits) return { spec: null, error: `volumeMounts: ${tooLong}` }
  const { lifecycle, terminationMessagePath = '/dev/termination-log' } = container
  const own: PlannedMount[] = [
    ownMount(lastWordsPath(root, pod.metadata.uid ?? '', container.name, attempt), terminationMessagePath),
    ...(hosts === null ? [] : [ownMount(hosts, '/etc/hosts')]),
  ].filter(({ target }) => !planned.mounts.some((mount) => mount.target === target))
  return {
    error: null,
    mounts: [...planned.mounts, ...own],
    spec: {
      name: nameOf(pod, container.name, attempt),
      image: container.image ?? '',
      ...(command !== undefined && { command }),
      ...(args !== undefined && { args }),
      env: env.list,
      labels: {
        ...ownLabels(pod, container.name, attempt, place),
        [labels.image]: container.image ?? '',
        [labels.sandbox]: sandbox,
      },
      hostname: hostnameOf(pod),
      ...(container.workingDir !== undefined && { workingDir: container.workingDir }),
      ...resourcesOf(pod, container, place),
      tty: container.tty ?? false,
      stdin: container.stdin ?? false,
      network: { join: sandbox },
      ...processesOf(pod, sandbox),
      ...(lifecycle?.stopSignal !== undefined && { stopSignal: lifecycle.stopSignal }),
      ...rights.given,
    },
  }
}

/** The container that holds the pod's namespaces: it has the pod's name, network and resolver. */
export function sandboxSpec(
  pod: Pod,
  attempt: number,
  place: Place,
  network: ContainerSpec['network'],
  dns: ContainerSpec['dns'] | null,
): ContainerSpec {
  return {
    name: nameOf(pod, sandboxName, attempt),
    image: pauseImage,
    env: [],
    labels: ownLabels(pod, sandboxName, attempt, place),
    hostname: hostnameOf(pod),
    cpuRequestMillis: 0,
    tty: false,
    stdin: false,
    network: pod.spec.hostNetwork === true ? 'host' : network,
    ...(dns !== null && { dns }),
    ...(pod.spec.hostPID === true && { processes: 'host' }),
    ...(pod.spec.hostIPC === true && { hostIpc: true }),
  }
}

function ownMount(source: string, target: string): PlannedMount {
  return { source, target, readOnly: false, part: null }
}

function nameOf({ metadata }: Pod, container: string, attempt: number): string {
  const { name: pod, namespace = '', uid = '' } = metadata
  return containerName({ pod, namespace, container, attempt, uid })
}

function ownLabels(
  { metadata }: Pod,
  container: string,
  attempt: number,
  place: Place,
): Readonly<Record<string, string>> {
  return {
    ...podLabels(metadata.uid ?? '', place),
    [labels.namespace]: metadata.namespace ?? '',
    [labels.pod]: metadata.name,
    [labels.container]: container,
    [labels.attempt]: String(attempt),
  }
}

/** By these all containers of one pod on one node are found. */
export function podLabels(uid: string, place: Pick<Place, 'clusterId' | 'node'>): Readonly<Record<string, string>> {
  return { [labels.cluster]: place.clusterId, [labels.node]: place.node, [labels.uid]: uid }
}

/** What the kernel takes. */
const hostnameMax = 63

export function hostnameOf(pod: Pod): string {
  return (pod.spec.hostname ?? pod.metadata.name).slice(0, hostnameMax).replace(/[-.]+$/, '')
}

function processesOf(pod: Pod, sandbox: string): Pick<ContainerSpec, 'processes'> {
  if (pod.spec.hostPID === true) return { processes: 'host' }
  return pod.spec.shareProcessNamespace === true ? { processes: { join: sandbox } } : {}
}

// ---- Resources ---------------------------------------------------------------------------------------------------

function resourcesOf(pod: Pod, { resources }: Container, place: Place): Partial<ContainerSpec> {
  const requests = amountsOf({ ...resources?.limits, ...resources?.requests })
  const limits = amountsOf(resources?.limits)
  return {
    cpuRequestMillis: requests.cpu ?? 0,
    ...(limits.cpu !== undefined && { cpuLimitMillis: limits.cpu }),
    ...(limits.memory !== undefined && { memoryLimitBytes: limits.memory }),
    oomScore: oomScore(pod, requests.memory ?? 0, place),
  }
}

/**
 * Who goes first when the node runs out of memory: those that asked for none, then the others, the sooner the less of
 * it they asked for (pkg/kubelet/qos/policy.go). Never below 0: no container is to outlive the host's own daemons.
 */
function oomScore(pod: Pod, requestBytes: number, { memoryBytes }: Place): number {
  const quality = qosClass(pod.spec)
  if (quality === 'Guaranteed') return 0
  if (quality === 'BestEffort') return 1000
  const score = memoryBytes === 0 ? 999 : 1000 - Math.floor((1000 * requestBytes) / memoryBytes)
  return Math.min(Math.max(score, 3), 999)
}
