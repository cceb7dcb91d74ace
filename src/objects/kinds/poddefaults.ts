import { compareQuantities } from '../quantity.ts'
import type { Fill, Loose } from '../schema.ts'

/** Defaults of pods that depend on more than one field. */

/** Always for a tag that moves, IfNotPresent for one that does not. */
export function pullPolicy({ image = '' }: Loose): string {
  const name = String(image).split('/').at(-1) ?? ''
  if (name.includes('@')) return 'IfNotPresent'
  const tag = name.split(':')[1] ?? ''
  return tag === '' || tag === 'latest' ? 'Always' : 'IfNotPresent'
}

/** A limit without a request is both. */
export const containerDefaults: Fill = (container) => {
  const { limits, requests } = container.resources ?? {}
  if (limits === undefined) return container.resources === undefined ? { ...container, resources: {} } : container
  const missing = Object.keys(limits).filter((name) => requests === undefined || !Object.hasOwn(requests, name))
  if (missing.length === 0) return container
  const names = [...new Set([...Object.keys(requests ?? {}), ...missing])].sort()
  const all = Object.fromEntries(names.map((name) => [name, missing.includes(name) ? limits[name] : requests[name]]))
  return { ...container, resources: { ...container.resources, requests: all } }
}

/** A volume that says nothing is an empty directory. */
export const volumeDefaults: Fill = (volume) =>
  Object.keys(volume).some((name) => name !== 'name') ? volume : { ...volume, emptyDir: {} }

/** On the node's network a port is the node's own. */
export const podSpecDefaults: Fill = (spec) => {
  const named = spec.serviceAccountName ?? spec.serviceAccount
  const account = named !== undefined && (spec.serviceAccount !== named || spec.serviceAccountName !== named)
  const whole = account ? { ...spec, serviceAccountName: named, serviceAccount: named } : spec
  const containers: Loose[] = whole.containers ?? []
  const lacks = (port: Loose): boolean => port.hostPort === undefined && port.containerPort !== 0
  if (whole.hostNetwork !== true || !containers.some(({ ports = [] }) => ports.some(lacks))) return whole
  const withPorts = containers.map((container) =>
    container.ports === undefined ? container : { ...container, ports: container.ports.map(withHostPort) },
  )
  return { ...whole, containers: withPorts }
}

function withHostPort(port: Loose): Loose {
  if (port.hostPort !== undefined) return port
  const { name, containerPort, ...rest } = port
  return { ...(name !== undefined && { name }), hostPort: containerPort, containerPort, ...rest }
}

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
/** How long a pod stays bound to a node that is gone, unless it says otherwise. */
const tolerationSeconds = 300

/** What a pod itself is given, but no template of pods. */
export const podDefaults: Fill = (pod) => {
  const { spec } = pod
  if (spec === undefined) return pod
  const account = spec.serviceAccountName ?? spec.serviceAccount ?? 'default'
  const tolerations: Loose[] = spec.tolerations ?? []
  const added = [NOT_READY, UNREACHABLE].filter((key) => !tolerations.some((toleration) => bears(toleration, key)))
  const next = {
    ...spec,
    serviceAccountName: account,
    serviceAccount: account,
    enableServiceLinks: spec.enableServiceLinks ?? true,
    priority: spec.priority ?? 0,
    preemptionPolicy: spec.preemptionPolicy ?? 'PreemptLowerPriority',
    tolerations: [
      ...tolerations,
      ...added.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds })),
    ],
  }
  return { ...pod, spec: next }
}

function bears({ key = '', operator = 'Equal', effect = '' }: Loose, taint: string): boolean {
  return (key === taint || (key === '' && operator === 'Exists')) && (effect === 'NoExecute' || effect === '')
}

/** Guaranteed when every container's cpu and memory are limited to what they request; BestEffort when none asks for any. */
export function qosClass(spec: Loose): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers: Loose[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const amounts = containers.map(({ resources: { limits = {}, requests = {} } = {} as Loose }) => ({
    limits,
    requests: { ...limits, ...requests },
  }))
  const counted = ['cpu', 'memory']
  const positive = (list: Loose, name: string): boolean => compareQuantities(list[name] ?? '0', '0') > 0
  if (!amounts.some(({ requests }) => counted.some((name) => positive(requests, name)))) return 'BestEffort'
  const full = amounts.every(({ limits, requests }) =>
    counted.every((name) => positive(limits, name) && compareQuantities(limits[name], requests[name]) === 0),
  )
  return full ? 'Guaranteed' : 'Burstable'
}
