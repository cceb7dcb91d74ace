import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { inRange, parseIPv4 } from '../lib/ipv4.ts'
import { newRandom } from '../lib/random.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { errorMessage } from './field.ts'
import type { Pool } from './kind.ts'
import { service } from './kinds/service.ts'
import { allocateService, serviceReserves } from './kinds/serviceaddresses.ts'
import { prepareCreate, prepareUpdate } from './prepare.ts'
import { serviceRange } from './ranges.ts'
import type { Service } from './types.ts'
import { validateCreate, validateUpdate } from './validate.ts'
import type { Json, JsonObject } from './value.ts'

const port = { port: 80 }

function decoded(spec: JsonObject): Service {
  const value = { metadata: { name: 'web', namespace: 'default' }, spec } as Json
  return must(decodeObject(service, value).object, 'it decodes') as Service
}

function born(spec: JsonObject): Service {
  const birth = { nowMs: 0, uid: 'u1', namespace: 'default', nameSuffix: 'bcdfg' }
  return applyDefaults(service, prepareCreate(service, decoded(spec), birth)) as Service
}

function faults(spec: JsonObject): string[] {
  return validateCreate(service, born(spec)).map(errorMessage)
}

/** Remembers what is held; draws evenly. */
function newPool(...held: readonly string[]): Pool & { readonly names: Set<string> } {
  const names = new Set(held)
  const random = newRandom(1)
  return { names, has: (name) => names.has(name), draw: (below) => random.below(below) }
}

function allocated(object: Service, pool: Pool, held: readonly string[] = []): Service {
  const result = allocateService(object, held, pool)
  if ('errors' in result) throw new Error(result.errors.map(errorMessage).join())
  return result.object
}

function refusals(object: Service, pool: Pool, held: readonly string[] = []): string[] {
  const result = allocateService(object, held, pool)
  return 'errors' in result ? result.errors.map(errorMessage) : []
}

test('what a service is given', () => {
  expect(born({ ports: [port], selector: { app: 'web' } }).spec).toEqual({
    ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }],
    selector: { app: 'web' },
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  })
  expect(born({ type: 'NodePort', ports: [port] }).spec.externalTrafficPolicy).toBe('Cluster')
  expect(born({ type: 'LoadBalancer', ports: [port] }).spec.allocateLoadBalancerNodePorts).toBe(true)
  expect(born({ clusterIP: 'None', ports: [port] }).spec.clusterIPs).toEqual(['None'])
  expect(born({ sessionAffinity: 'ClientIP', ports: [port] }).spec.sessionAffinityConfig).toEqual({
    clientIP: { timeoutSeconds: 10_800 },
  })
  expect(born({ type: 'ExternalName', externalName: 'a.b' }).spec).toEqual({
    type: 'ExternalName',
    sessionAffinity: 'None',
    externalName: 'a.b',
  })
  expect(born({ ports: [port] }).status).toEqual({ loadBalancer: {} })
})

describe('what is refused', () => {
  test.each<[JsonObject, readonly string[]]>([
    [{ ports: [port] }, []],
    [{ clusterIP: 'None' }, []],
    [{ type: 'ExternalName', externalName: 'example.com.' }, []],
    [
      {
        ports: [
          { ...port, name: 'a' },
          { ...port, name: 'b', protocol: 'UDP' },
        ],
      },
      [],
    ],
    [{}, ['spec.ports: Required value']],
    [
      { ports: [{ port: 0 }] },
      [
        'spec.ports[0].port: Required value',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      { ports: [{ port: 70_000, targetPort: 1 }] },
      ['spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [{ ports: [port, { port: 81, name: 'b' }] }, ['spec.ports[0].name: Required value']],
    [
      {
        ports: [
          { ...port, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      {
        ports: [
          { ...port, name: 'a' },
          { ...port, name: 'b' },
        ],
      },
      ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}'],
    ],
    [
      { ports: [{ ...port, targetPort: '-' }] },
      [
        'spec.ports[0].targetPort: Invalid value: "-": must contain at least one letter (a-z)',
        'spec.ports[0].targetPort: Invalid value: "-": must not begin or end with a hyphen',
      ],
    ],
    [
      { ports: [{ ...port, nodePort: 30_000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      { type: 'Other', ports: [port] },
      [
        'spec.type: Unsupported value: "Other": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [{ type: 'ExternalName' }, ['spec.externalName: Required value']],
    [
      { type: 'ExternalName', externalName: 'a.b', clusterIP: '10.96.0.9' },
      ['spec.clusterIP: Forbidden: may not be set for ExternalName services'],
    ],
    [
      { type: 'NodePort', clusterIP: 'None', ports: [port] },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
    ],
    [
      { clusterIP: '10.96.0.300', ports: [port] },
      [
        'spec.clusterIPs[0]: Invalid value: "10.96.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      { clusterIP: '10.96.0.3', clusterIPs: ['10.96.0.4'], ports: [port] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.4"]: first value must match `clusterIP`'],
    ],
    [
      { ports: [port], externalTrafficPolicy: 'Local' },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      { ports: [port], ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    ],
    [
      { ports: [port], sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 90_000 } } },
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400',
      ],
    ],
    [
      { ports: [port], externalIPs: ['192.0.2.1'] },
      [
        'spec.externalIPs: Forbidden: external IPs are not supported: whoever may create services could take any address with them',
      ],
    ],
  ])('%#', (spec, expected) => expect(faults(spec)).toEqual(expected))
})

describe('addresses and ports', () => {
  test('are drawn from their ranges, and never what is held', () => {
    const pool = newPool()
    for (let i = 0; i < 500; i++) {
      const { spec } = allocated(born({ type: 'NodePort', ports: [port] }), pool)
      const address = must(parseIPv4(spec.clusterIP ?? ''), 'it has an address')
      expect(inRange(serviceRange, address)).toBe(true)
      expect(address - serviceRange.base, 'the first are left to who chooses').toBeGreaterThan(256)
      expect(spec.clusterIPs).toEqual([spec.clusterIP])
      const names = serviceReserves(spec)
      expect(names).toHaveLength(2)
      for (const name of names) {
        expect(pool.has(name), name).toBe(false)
        pool.names.add(name)
      }
    }
  })

  test('of a range that is nearly full the last is found; then it is full', () => {
    const all = Array.from({ length: 2768 }, (_, i) => `port-${30_000 + i}`)
    const pool = newPool(...all.filter((name) => name !== 'port-30007'))
    const wanting = born({ type: 'NodePort', ports: [port] })
    expect(allocated(wanting, pool).spec.ports?.[0]?.nodePort).toBe(30_007)
    pool.names.add('port-30007')
    expect(refusals(wanting, pool)).toEqual([
      'spec.ports[0].nodePort: Internal error: failed to allocate a nodePort: range is full',
    ])
  })

  test('that are given are taken, or refused', () => {
    const pool = newPool('ip-10.96.0.10', 'port-30080')
    const asking = (clusterIP: string, nodePort: number): Service =>
      born({ type: 'NodePort', clusterIP, ports: [{ ...port, nodePort }] })
    expect(allocated(asking('10.96.0.11', 30_081), pool).spec).toMatchObject({ clusterIP: '10.96.0.11' })
    expect(refusals(asking('10.96.0.10', 30_080), pool)).toEqual([
      'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    ])
    expect(refusals(asking('192.0.2.1', 80), pool)).toEqual([
      'spec.clusterIPs: Invalid value: ["192.0.2.1"]: failed to allocate IP 192.0.2.1: the provided IP (192.0.2.1) ' +
        'is not in the valid range. The range of valid IPs is 10.96.0.0/16',
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ])
    expect(refusals(asking('10.96.0.10', 30_080), pool, ['ip-10.96.0.10', 'port-30080'])).toEqual([])
  })

  test('a port by two protocols has one number at the nodes', () => {
    const ports = [
      { port: 53, name: 'udp', protocol: 'UDP' },
      { port: 53, name: 'tcp' },
      { port: 54, name: 'other' },
    ]
    const drawn = allocated(born({ type: 'NodePort', ports }), newPool()).spec.ports ?? []
    expect(drawn[0]?.nodePort).toBe(drawn[1]?.nodePort)
    expect(drawn[2]?.nodePort).not.toBe(drawn[0]?.nodePort)
  })

  test('headless and external services need none', () => {
    for (const spec of [{ clusterIP: 'None' }, { type: 'ExternalName', externalName: 'a.b' }]) {
      const one = born(spec)
      expect(allocated(one, newPool())).toEqual(one)
      expect(serviceReserves(one.spec)).toEqual([])
    }
  })
})

describe('updates', () => {
  const types: Readonly<Record<string, JsonObject>> = {
    ClusterIP: { type: 'ClusterIP', ports: [port] },
    NodePort: { type: 'NodePort', ports: [port] },
    LoadBalancer: { type: 'LoadBalancer', ports: [port], externalTrafficPolicy: 'Local' },
    ExternalName: { type: 'ExternalName', externalName: 'a.b', ports: [port] },
    headless: { clusterIP: 'None', ports: [port] },
  }
  const kinds = Object.keys(types).filter((name) => name !== 'headless')

  test('a replacement that is silent keeps address and ports', () => {
    const before = allocated(born(types.NodePort ?? {}), newPool())
    const next = prepareUpdate(service, decoded({ type: 'NodePort', ports: [port, { port: 81, name: 'b' }] }), before)
    const { spec } = next as Service
    expect([spec.clusterIP, spec.clusterIPs]).toEqual([before.spec.clusterIP, before.spec.clusterIPs])
    expect(spec.ports?.[0]?.nodePort).toBe(before.spec.ports?.[0]?.nodePort)
    expect(spec.ports?.[1]?.nodePort).toBeUndefined()
  })

  test('the address may not change', () => {
    const before = allocated(born(types.ClusterIP ?? {}), newPool())
    const next = prepareUpdate(
      service,
      { ...before, spec: { ...before.spec, clusterIP: '10.96.9.9' } } as Service,
      before,
    )
    expect(validateUpdate(service, next, before).map(errorMessage)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set',
    ])
  })

  /** As `kubectl patch` does it: only the type is said, all else stands as it was. */
  test('from every type to every other: valid, and holding what the new type needs and no more', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.constantFrom(...kinds), (from, to) => {
        const before = allocated(born(types[from] ?? {}), newPool())
        const spec = { ...before.spec, type: to, ...(to === 'ExternalName' && { externalName: 'a.b' }) }
        const next = prepareUpdate(service, { ...before, spec } as Service, before)
        expect(validateUpdate(service, next, before).map(errorMessage)).toEqual([])
        const after = allocated(next as Service, newPool(), serviceReserves(before.spec))
        const names = serviceReserves(after.spec)
        const addresses = to === 'ExternalName' ? 0 : 1
        const local = after.spec.externalTrafficPolicy === 'Local' && to === 'LoadBalancer'
        const ports = (to === 'NodePort' || to === 'LoadBalancer' ? 1 : 0) + (local ? 1 : 0)
        expect(names.filter((name) => name.startsWith('ip-'))).toHaveLength(addresses)
        expect(names.filter((name) => name.startsWith('port-'))).toHaveLength(ports)
        if (from !== 'ExternalName' && to !== 'ExternalName') expect(after.spec.clusterIP).toBe(before.spec.clusterIP)
      }),
    )
  })
})
