import { amountsOf } from '../objects/capacity.ts'
import { canonicalQuantity, milliUnits, wholeUnits } from '../objects/quantity.ts'
import type { Container, Pod } from '../objects/types.ts'
import type { Place } from './place.ts'

/** The downward API: what a container may learn of its pod, as variables or files. */

/** What of a pod is known before its containers run. */
export interface FieldFacts {
  readonly pod: Pod
  readonly place: Place
  /** Null: not known yet. */
  readonly address: string | null
}

/** Null: there is no such field, or it is not known. */
export function fieldOf(path: string, { pod, place, address }: FieldFacts): string | null {
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
    case 'metadata.labels':
      return linesOf(metadata.labels)
    case 'metadata.annotations':
      return linesOf(metadata.annotations)
    case 'spec.nodeName':
      return place.node
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? 'default'
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      return address
    default:
      return null
  }
}

/** One `key="value"` a line, by key, the value as Go quotes it (pkg/fieldpath). */
function linesOf(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}

export interface ResourceField {
  readonly containerName?: string
  readonly resource: string
  readonly divisor?: string
}

/**
 * A request or limit of a container in units of the divisor, rounded up. A limit that is not set is what the node has.
 * Null: there is no such container or resource.
 */
export function resourceOf(field: ResourceField, pod: Pod, own: Container | null, place: Place): string | null {
  const { containerName = '', resource, divisor = '0' } = field
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const container = containerName === '' ? own : all.find(({ name }) => name === containerName)
  const [, kind, name = ''] = /^(limits|requests)\.(.+)$/.exec(resource) ?? []
  if (container === null || container === undefined || kind === undefined) return null
  const { limits, requests } = container.resources ?? {}
  const whole: Readonly<Record<string, number>> = { cpu: place.cpuMillis, memory: place.memoryBytes }
  const set = amountsOf(kind === 'limits' ? limits : requests)[name]
  const amount = set ?? (kind === 'limits' ? whole[name] : 0)
  if (amount === undefined) return null
  const inMillis = name === 'cpu'
  const given = canonicalQuantity(divisor) === '0' ? '1' : divisor
  const unit = (inMillis ? milliUnits(given) : wholeUnits(given)) ?? 0
  return unit > 0 ? String(Math.ceil(amount / unit)) : null
}
