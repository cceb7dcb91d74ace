import { formatIPv4, inRange, parseIPv4 } from '../../lib/ipv4.ts'
import type { FieldError } from '../field.ts'
import type { Allocated, Pool } from '../kind.ts'
import { nodePorts, serviceRange } from '../ranges.ts'
import type { Loose } from '../schema.ts'
import type { KubeObject } from '../value.ts'

/**
 * The addresses and ports that services take. Nobody hands them out: each is a name of which there is one
 * (objects/reserve.ts), taken in the same transaction as the service that holds it, and free when the service is gone.
 * So a service either has its address for itself or is not there; who loses a race draws again.
 */

/** Names of what a service holds: `ip-10.96.0.10`, `port-30080`. */
export function serviceReserves(spec: Loose): readonly string[] {
  if (spec.type === 'ExternalName') return []
  const addresses: string[] = (spec.clusterIPs ?? []).filter((address: string) => address !== 'None')
  const ports: number[] = (spec.ports ?? []).flatMap(({ nodePort }: Loose) => (nodePort ? [nodePort] : []))
  return [...new Set([...addresses.map(addressName), ...[...ports, ...healthPort(spec)].map(portName)])]
}

function healthPort({ healthCheckNodePort }: Loose): number[] {
  return healthCheckNodePort ? [healthCheckNodePort] : []
}

function addressName(address: string): string {
  return `ip-${address}`
}

function portName(port: number): string {
  return `port-${port}`
}

/**
 * The service with everything that it needs and does not name, drawn from what is free. What it names itself and did
 * not hold before must be free, or it is refused.
 */
export function allocateService<S extends KubeObject & { readonly spec: Loose }>(
  service: S,
  held: readonly string[],
  pool: Pool,
): Allocated<S> {
  const own = new Set(held)
  const errors: FieldError[] = []
  const drawn = new Set<string>()
  const available = (name: string): boolean => own.has(name) || !pool.has(name)
  const draw: Draw = (count, reserved, nameOf) => {
    const found = drawFree(
      pool,
      count,
      reserved,
      (i) => drawn.has(nameOf(i)) || own.has(nameOf(i)) || pool.has(nameOf(i)),
    )
    if (found !== null) drawn.add(nameOf(found))
    return found
  }
  const spec = withPorts(withAddress(service.spec, available, draw, errors), available, draw, errors)
  return errors.length > 0 ? { errors } : { object: { ...service, spec }, drawn: [...drawn] }
}

/** An index below `count` that is free; those below `reserved` only when no other is. Null: none is. */
type Draw = (count: number, reserved: number, nameOf: (index: number) => string) => number | null

function withAddress(spec: Loose, available: (name: string) => boolean, draw: Draw, errors: FieldError[]): Loose {
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return spec
  if ((spec.clusterIP ?? '') !== '') {
    const why = addressRefused(spec.clusterIP, available)
    const detail = `failed to allocate IP ${spec.clusterIP}: ${why}`
    if (why !== null) errors.push({ type: 'Invalid value', field: 'spec.clusterIPs', value: spec.clusterIPs, detail })
    return spec
  }
  // Neither the range's own address nor its last one is given out.
  const addressOf = (index: number): string => formatIPv4(serviceRange.base + 1 + index)
  const index = draw(serviceRange.size - 2, chosenAddresses, (i) => addressName(addressOf(i)))
  if (index === null) {
    const detail = `failed to allocate a serviceIP: range is full`
    errors.push({ type: 'Internal error', field: 'spec.clusterIPs', detail })
    return spec
  }
  return { ...spec, clusterIP: addressOf(index), clusterIPs: [addressOf(index)] }
}

/** The first addresses and ports of their ranges are left to those who choose one, as long as others are free. */
const chosenAddresses = 256
const chosenPorts = 86

function addressRefused(address: string, available: (name: string) => boolean): string | null {
  const number = parseIPv4(address)
  if (number === null || !inRange(serviceRange, number)) {
    return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${serviceRange.text}`
  }
  return available(addressName(address)) ? null : 'provided IP is already allocated'
}

function withPorts(spec: Loose, available: (name: string) => boolean, draw: Draw, errors: FieldError[]): Loose {
  const { type, ports = [], externalTrafficPolicy, allocateLoadBalancerNodePorts } = spec
  if (type !== 'NodePort' && type !== 'LoadBalancer') return spec
  for (const [i, { nodePort }] of (ports as Loose[]).entries()) {
    const why = nodePort ? portRefused(nodePort, available) : null
    const field = `spec.ports[${i}].nodePort`
    if (why !== null) errors.push({ type: 'Invalid value', field, value: nodePort, detail: why })
  }
  const drawPort = (): number | null => {
    const count = nodePorts.last - nodePorts.first + 1
    const index = draw(count, chosenPorts, (i) => portName(nodePorts.first + i))
    return index === null ? null : nodePorts.first + index
  }
  const open = type === 'NodePort' || allocateLoadBalancerNodePorts !== false
  // One number for a port that is served by two protocols.
  const byPort = new Map<number, number>()
  const complete = (ports as Loose[]).map((port, i) => {
    if (port.nodePort || !open) return port
    const sibling = byPort.get(port.port)
    byPort.delete(port.port)
    const nodePort = sibling ?? drawPort()
    if (nodePort === null) {
      const detail = 'failed to allocate a nodePort: range is full'
      errors.push({ type: 'Internal error', field: `spec.ports[${i}].nodePort`, detail })
      return port
    }
    if (sibling === undefined) byPort.set(port.port, nodePort)
    return { ...port, nodePort }
  })
  const whole = { ...spec, ports: complete }
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || spec.healthCheckNodePort) return whole
  return { ...whole, healthCheckNodePort: drawPort() ?? 0 }
}

function portRefused(port: number, available: (name: string) => boolean): string | null {
  const { first, last } = nodePorts
  if (port < first || port > last) {
    return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
  }
  return available(portName(port)) ? null : 'provided port is already allocated'
}

/** From a random place on the next one that is free, first among those that nobody is likely to choose. */
function drawFree(pool: Pool, count: number, reserved: number, taken: (index: number) => boolean): number | null {
  const parts = [
    [reserved, count - reserved],
    [0, reserved],
  ] as const
  for (const [first, size] of parts) {
    const start = pool.draw(size)
    for (let step = 0; step < size; step++) {
      const index = first + ((start + step) % size)
      if (!taken(index)) return index
    }
  }
  return null
}
