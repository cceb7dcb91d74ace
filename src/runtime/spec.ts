import type { ContainerSpec } from '../host/host.ts'
import { amountsOf } from '../objects/capacity.ts'
import type { Container, EnvVar, Pod } from '../objects/types.ts'
import { containerName, labels } from './labels.ts'

/** What a pod's containers need to know of the node that they run on. */
export interface Place {
  readonly clusterId: string
  readonly node: string
  /** The node's own address. */
  readonly hostIP: string
}

/** Either what to ask of the engine, or why this pod cannot be run as it says. */
export type Asked =
  | { readonly spec: ContainerSpec; readonly error: null }
  | { readonly spec: null; readonly error: string }

/** A container of a pod in the engine's terms. What is not honoured is refused, never passed over. */
export function containerSpec(pod: Pod, container: Container, attempt: number, place: Place): Asked {
  const error = unsupported(pod, container)
  if (error !== null) return { spec: null, error }
  const room = { chars: wordsCharsMax }
  const env = environment(pod, container, place, room)
  if (env.error !== null) return { spec: null, error: env.error }
  const values = new Map(env.list.map(({ name, value }) => [name, value]))
  const command = expandAll(container.command, values, room)
  const args = expandAll(container.args, values, room)
  if (command === null || args === null) return { spec: null, error: `command or args: ${tooLong}` }
  const requests = amountsOf({ ...container.resources?.limits, ...container.resources?.requests })
  const limits = amountsOf(container.resources?.limits)
  const { name, namespace = '', uid = '' } = pod.metadata
  return {
    error: null,
    spec: {
      name: containerName({ pod: name, namespace, container: container.name, attempt, uid }),
      image: container.image ?? '',
      ...(command !== undefined && { command }),
      ...(args !== undefined && { args }),
      env: env.list,
      labels: {
        ...podLabels(uid, place),
        [labels.namespace]: namespace,
        [labels.pod]: name,
        [labels.container]: container.name,
        [labels.attempt]: String(attempt),
        [labels.image]: container.image ?? '',
      },
      hostname: (pod.spec.hostname ?? name).slice(0, hostnameMax).replace(/[-.]+$/, ''),
      ...(container.workingDir !== undefined && { workingDir: container.workingDir }),
      cpuRequestMillis: requests.cpu ?? 0,
      ...(limits.cpu !== undefined && { cpuLimitMillis: limits.cpu }),
      ...(limits.memory !== undefined && { memoryLimitBytes: limits.memory }),
      tty: container.tty ?? false,
      stdin: container.stdin ?? false,
      network: pod.spec.hostNetwork === true ? 'host' : 'default',
    },
  }
}

/** What the kernel takes. */
const hostnameMax = 63

/** By these all containers of one pod on one node are found. */
export function podLabels(uid: string, place: Pick<Place, 'clusterId' | 'node'>): Readonly<Record<string, string>> {
  return { [labels.cluster]: place.clusterId, [labels.node]: place.node, [labels.uid]: uid }
}

// ---- What is not honoured yet ------------------------------------------------------------------------------------

const podFields = ['initContainers', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostAliases', 'securityContext']
const containerFields = [
  'envFrom',
  'volumeMounts',
  'volumeDevices',
  'securityContext',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
]

function unsupported(pod: Pod, container: Container): string | null {
  if (pod.spec.containers.length > 1) return 'pods of more than one container are not supported by this version'
  const field =
    podFields.find((name) => isSet(pod.spec, name)) ?? containerFields.find((name) => isSet(container, name))
  if (field !== undefined) return `${field} is not supported by this version`
  const port = container.ports?.find(({ hostPort }) => hostPort !== undefined && hostPort !== 0)
  if (port !== undefined && pod.spec.hostNetwork !== true) return 'hostPort is not supported by this version'
  return null
}

/** The schema lets through all of Kubernetes' fields, also those that no room reads. */
function isSet(object: object, field: string): boolean {
  const value = (object as Readonly<Record<string, unknown>>)[field]
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

// ---- Environment -------------------------------------------------------------------------------------------------

interface EnvSource {
  readonly fieldRef?: { readonly fieldPath?: string }
}

type Environment =
  | { readonly list: ContainerSpec['env']; readonly error: null }
  | { readonly list: null; readonly error: string }

function environment(pod: Pod, container: Container, place: Place, room: Room): Environment {
  const values = new Map<string, string>()
  for (const variable of container.env ?? []) {
    const { valueFrom } = variable as EnvVar & { readonly valueFrom?: EnvSource }
    if (valueFrom === undefined) {
      const value = expand(variable.value ?? '', values, room)
      if (value === null) return { list: null, error: `env ${variable.name}: ${tooLong}` }
      values.set(variable.name, value)
      continue
    }
    const path = valueFrom.fieldRef?.fieldPath
    if (path === undefined) {
      return { list: null, error: `env ${variable.name}: of valueFrom only fieldRef is supported by this version` }
    }
    const value = fieldOf(pod, path, place)
    if (value === null) return { list: null, error: `env ${variable.name}: the field ${path} cannot be read here` }
    values.set(variable.name, value)
  }
  return { list: [...values].map(([name, value]) => ({ name, value })), error: null }
}

/** The downward API: what a container may learn of its pod before it runs. */
function fieldOf(pod: Pod, path: string, place: Place): string | null {
  const { metadata } = pod
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (keyed !== null) return (keyed[1] === 'labels' ? metadata.labels : metadata.annotations)?.[keyed[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'spec.nodeName':
      return place.node
    case 'spec.serviceAccountName':
      return (pod.spec as { readonly serviceAccountName?: string }).serviceAccountName ?? 'default'
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      // The engine gives the address with the start; only the node's own is known before.
      return pod.spec.hostNetwork === true ? place.hostIP : null
    default:
      return null
  }
}

/** What the kernel lets one argument, or one variable, be; and all of them together, well within its 2 MiB. */
const wordCharsMax = 128 * 1024 - 1
const wordsCharsMax = 1024 * 1024
const tooLong = 'with all its $(NAME) filled in it is longer than a program can be given'

/** What is left of `wordsCharsMax`. */
interface Room {
  chars: number
}

/**
 * `$(NAME)` becomes the value; `$$` one dollar that is not looked at; a name that is not known stays as it is. Null when
 * it does not fit: a few dozen variables, each made of the one before twice, would fill any memory.
 */
export function expand(text: string, values: ReadonlyMap<string, string>, room: Room): string | null {
  const charsMax = Math.min(wordCharsMax, room.chars)
  let chars = text.length
  const expanded = text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    const word = whole === '$$' ? '$' : (values.get(name ?? '') ?? whole)
    chars += word.length - whole.length
    return chars > charsMax ? '' : word
  })
  if (expanded.length > charsMax || chars > charsMax) return null
  room.chars -= expanded.length
  return expanded
}

/** Null when one does not fit. */
function expandAll(
  words: readonly string[] | undefined,
  values: ReadonlyMap<string, string>,
  room: Room,
): string[] | null | undefined {
  const expanded: string[] = []
  for (const word of words ?? []) {
    const whole = expand(word, values, room)
    if (whole === null) return null
    expanded.push(whole)
  }
  return words === undefined ? undefined : expanded
}
