import { expect, test } from 'vitest'
import { configMap } from './kinds/configmap.ts'
import { node } from './kinds/node.ts'
import { service } from './kinds/service.ts'
import { reservationKey, reservationName, reservationWrites } from './reserve.ts'
import type { Node, Service } from './types.ts'

const held = (...names: readonly string[]) => ({
  get: (key: string) => (names.includes(reservationName(key) ?? '') ? { revision: 7 } : undefined),
})

function serviceWith(clusterIP: string, nodePort?: number): Service {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'NodePort',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ port: 80, ...(nodePort && { nodePort }) }],
    },
  }
}

const shown = (writes: ReturnType<typeof reservationWrites>): readonly string[] =>
  writes.map(({ type, key, expect: expected }) => `${type} ${reservationName(key)} ${expected.type}`)

test('what comes takes, what goes gives back, what changes does both', () => {
  const one = serviceWith('10.96.1.1', 30_001)
  const other = serviceWith('10.96.1.1', 30_002)
  expect(shown(reservationWrites(service, held(), one, null))).toEqual([
    'put ip-10.96.1.1 absent',
    'put port-30001 absent',
  ])
  const both = held('ip-10.96.1.1', 'port-30001')
  expect(shown(reservationWrites(service, both, null, one))).toEqual([
    'delete ip-10.96.1.1 revision',
    'delete port-30001 revision',
  ])
  expect(shown(reservationWrites(service, both, other, one))).toEqual([
    'put port-30002 absent',
    'delete port-30001 revision',
  ])
  expect(reservationWrites(service, both, one, one)).toEqual([])
})

test('a headless service holds no address, a node its subnet, a configmap nothing', () => {
  expect(reservationWrites(service, held(), serviceWith('None'), null)).toEqual([])
  const member: Node = { metadata: { name: 'n1' }, spec: { podCIDR: '10.244.3.0/24' } }
  expect(shown(reservationWrites(node, held(), member, null))).toEqual(['put subnet-10.244.3.0 absent'])
  expect(reservationWrites(node, held(), { metadata: { name: 'n1' } } as Node, null)).toEqual([])
  expect(reservationWrites(configMap, held(), { metadata: { name: 'm' } }, null)).toEqual([])
})

test('a record that is not there need not go', () => {
  expect(reservationWrites(service, held(), null, serviceWith('10.96.1.1'))).toEqual([])
})

test('the record says who holds the name', () => {
  const [write] = reservationWrites(service, held(), serviceWith('10.96.1.1'), null)
  expect(write?.key).toBe('skein/reserved//ip-10.96.1.1')
  const value = write?.type === 'put' ? JSON.parse(new TextDecoder().decode(write.value)) : null
  expect(value).toEqual({
    metadata: { name: 'ip-10.96.1.1' },
    holder: { resource: 'services', namespace: 'default', name: 'web' },
  })
  expect(reservationName(reservationKey('x'))).toBe('x')
  expect(reservationName('core/pods/default/x')).toBeNull()
})
