// biome-ignore-all format: the columns are aligned by hand
import { ageColumn, column, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsLabel, dnsSubdomain, endpointAddress, portNumber } from '../rules.ts'
import {
  atomic, type Check, check, explicit, int32, is, list, object, oneOf, or, required, string, type ValueOf,
} from '../schema.ts'
import { ObjectReference } from './objectreference.ts'

export const Protocol = oneOf('TCP', 'UDP', 'SCTP')

export const EndpointAddress = object('EndpointAddress', 'An address, and what is behind it.', {
  ip:        [1, string,          'The address.',          required, is(endpointAddress)],
  hostname:  [3, string,          'Its host name.',        is(dnsLabel)],
  nodeName:  [4, string,          'The node that it is on.', explicit],
  targetRef: [2, ObjectReference, 'What is behind it.'],
}, atomic)

const EndpointPort = object('EndpointPort', 'A port at all addresses of a subset.', {
  name:        [1, string,   "The service port's name."],
  port:        [2, int32,    'Its number.', required, is(portNumber)],
  protocol:    [3, Protocol, 'Its transport.', or('TCP')],
  appProtocol: [4, string,   'What is spoken there.', explicit],
}, atomic)

const someAddress: Check = ({ addresses = [], notReadyAddresses = [], ports = [] }, report) => {
  if (addresses.length + notReadyAddresses.length === 0) {
    report('Required value', '', undefined, 'must specify `addresses` or `notReadyAddresses`')
  }
  for (const [i, port] of ports.entries()) {
    if (ports.length > 1 && (port.name ?? '') === '') report('Required value', `ports[${i}].name`)
  }
}

export const EndpointSubset = object('EndpointSubset', 'Addresses that have the same ports.', {
  addresses:         [1, list(EndpointAddress), 'Those that take connections.'],
  notReadyAddresses: [2, list(EndpointAddress), 'Those that do not, yet or any more.'],
  ports:             [3, list(EndpointPort),    'The ports.'],
}, check(someAddress))

export const endpoints = kind(
  {
    group: '',
    version: 'v1',
    name: 'Endpoints',
    plural: 'endpoints',
    doc: 'The addresses behind a service.',
    shortNames: ['ep'],
    namespaced: true,
    status: false,
    rows: {
      subsets: [2, list(EndpointSubset), 'The addresses, grouped by their ports.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Endpoints', 'Addresses with ports.', ({ subsets = [] }) => shownEndpoints(subsets)),
      ageColumn,
    ],
  },
)

const shownMax = 3

function shownEndpoints(subsets: readonly ValueOf<typeof EndpointSubset>[]): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`))),
  )
  if (all.length === 0) return '<none>'
  const rest = all.length - shownMax
  return `${all.slice(0, shownMax).join(',')}${rest > 0 ? ` + ${rest} more...` : ''}`
}
