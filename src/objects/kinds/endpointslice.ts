// biome-ignore-all format: the columns are aligned by hand
import { ageColumn, column, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsLabel, dnsSubdomain, isIPv4, isIPv6, portNumber, qualifiedName } from '../rules.ts'
import {
  always, atomic, bool, type Check, check, explicit, immutable, int32, is, list, map, object, oneOf, or, required, set,
  string, type ValueOf,
} from '../schema.ts'
import { Protocol } from './endpoints.ts'
import { ObjectReference } from './objectreference.ts'

const EndpointConditions = object('EndpointConditions', 'What holds for an endpoint; absent is unknown.', {
  ready:       [1, bool, 'Whether it takes new connections.',                   explicit],
  serving:     [2, bool, 'Whether it answers, even while it goes.',             explicit],
  terminating: [3, bool, 'Whether it is going.',                                explicit],
})

const ForZone = object('ForZone', 'A zone that an endpoint is meant for.', {
  name: [1, string, "The zone's name.", required],
})

const ForNode = object('ForNode', 'A node that an endpoint is meant for.', {
  name: [1, string, "The node's name.", required],
})

const EndpointHints = object('EndpointHints', 'Who should use an endpoint.', {
  forZones: [1, list(ForZone), 'Zones.'],
  forNodes: [2, list(ForNode), 'Nodes.'],
})

export const Endpoint = object('Endpoint', 'One backend of a service.', {
  addresses:          [1, list(string),       'Its addresses; one is used.', required, set],
  conditions:         [2, EndpointConditions, 'What holds for it.', always],
  hostname:           [3, string,             'Its host name.', explicit, is(dnsLabel)],
  targetRef:          [4, ObjectReference,    'What it is.'],
  deprecatedTopology: [5, map(string),        'Where it is; unused.'],
  nodeName:           [6, string,             'The node that it is on.', explicit],
  zone:               [7, string,             'The zone that it is in.', explicit],
  hints:              [8, EndpointHints,      'Who should use it.'],
})

const SlicePort = object('EndpointPort', 'A port at all endpoints of a slice.', {
  name:        [1, string,   "The service port's name.",  explicit, or('')],
  protocol:    [2, Protocol, 'Its transport.',            explicit, or('TCP')],
  port:        [3, int32,    'Its number.',               explicit, is(portNumber)],
  appProtocol: [4, string,   'What is spoken there.',     explicit, is(qualifiedName)],
}, atomic)

const limits = { endpointsMax: 1000, portsMax: 100, addressesMax: 100 }

const sliceRules: Check = ({ addressType, endpoints: items = [], ports = [] }, report) => {
  if (items.length > limits.endpointsMax) {
    report('Too many', 'endpoints', undefined, `must have at most ${limits.endpointsMax} items`)
  }
  if (ports.length > limits.portsMax) {
    report('Too many', 'ports', undefined, `must have at most ${limits.portsMax} items`)
  }
  const names = new Set<unknown>()
  for (const [i, { name = '' }] of ports.entries()) {
    if (names.has(name)) report('Duplicate value', `ports[${i}].name`, name)
    names.add(name)
  }
  for (const [i, { addresses = [] }] of items.entries()) {
    for (const [j, address] of addresses.entries()) {
      for (const fault of faultsOf(addressType, address)) {
        report('Invalid value', `endpoints[${i}].addresses[${j}]`, address, fault)
      }
    }
  }
}

function faultsOf(addressType: unknown, address: string): readonly string[] {
  switch (addressType) {
    case 'IPv4':
      return isIPv4(address) ? [] : ['must be a valid IPv4 address']
    case 'IPv6':
      return isIPv6(address) ? [] : ['must be a valid IPv6 address']
    case 'FQDN':
      return dnsSubdomain(address)
    default:
      return []
  }
}

export const endpointSlice = kind(
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    name: 'EndpointSlice',
    plural: 'endpointslices',
    doc: 'Some of the backends of a service.',
    namespaced: true,
    status: false,
    rows: {
      addressType: [4, oneOf('IPv4', 'IPv6', 'FQDN'), 'What its addresses are.', required, immutable],
      endpoints: [2, list(Endpoint), 'The backends.', always],
      ports: [3, list(SlicePort), 'Their ports.'],
    },
    notes: [check(sliceRules)],
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('AddressType', 'What its addresses are.', ({ addressType }) => addressType),
      column('Ports', 'The ports of its backends.', ({ ports = [] }) => shownPorts(ports)),
      column('Endpoints', 'The addresses of its backends.', ({ endpoints: items }) =>
        shown(items.flatMap(({ addresses }) => addresses.slice(0, 1)), ' + ', ' more...', '<unset>'),
      ),
      ageColumn,
    ],
  },
)

const shownMax = 3

function shownPorts(ports: readonly ValueOf<typeof SlicePort>[]): string {
  return shown(ports.map(({ port, name = '' }) => (port === undefined ? name : String(port))), ' + ', ' more...', '<unset>')
}

function shown(items: readonly string[], before: string, after: string, none: string): string {
  if (items.length === 0) return none
  const rest = items.length - shownMax
  return `${items.slice(0, shownMax).join(',')}${rest > 0 ? `${before}${rest}${after}` : ''}`
}
