import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsLabel } from '../rules.ts'
import { always, type ValueOf } from '../schema.ts'
import { allocateService, serviceReserves } from './serviceaddresses.ts'
import { serviceUpdateRules } from './servicerules.ts'
import { type ServicePort, ServiceSpec, ServiceStatus } from './servicespec.ts'
import { inheritService } from './serviceupdate.ts'

export const service = kind(
  {
    group: '',
    version: 'v1',
    name: 'Service',
    plural: 'services',
    doc: 'A name and an address for a set of pods.',
    shortNames: ['svc'],
    categories: ['all'],
    namespaced: true,
    status: true,
    rows: {
      spec: [2, ServiceSpec, 'What it shall be.', always],
      status: [3, ServiceStatus, 'What it was last seen to be.'],
    },
    nameRule: dnsLabel,
  },
  {
    columns: [
      nameColumn,
      column('Type', 'Where it can be reached.', ({ spec }) => spec.type ?? ''),
      column(
        'Cluster-IP',
        'Its address in the cluster.',
        ({ spec }) => spec.clusterIPs?.[0] ?? (spec.clusterIP || '<none>'),
      ),
      column('External-IP', 'Its addresses outside.', (object) => externalAddress(object)),
      column('Port(s)', 'Its ports, and those of the nodes.', ({ spec }) => shownPorts(spec.ports ?? [])),
      ageColumn,
      wideColumn('Selector', 'The labels of the pods behind it.', ({ spec }) => {
        const labels = Object.entries(spec.selector ?? {})
        return labels.length === 0 ? '<none>' : labels.map(([key, value]) => `${key}=${value}`).join(',')
      }),
    ],
    selectable: {
      'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
      'spec.type': ({ spec }) => spec.type ?? '',
    },
    begin: (object) => ({ ...object, status: { loadBalancer: {} } }),
    checkUpdate: serviceUpdateRules,
    inherit: inheritService,
    reserves: ({ spec }) => serviceReserves(spec),
    allocate: allocateService,
  },
)

interface Service {
  readonly spec: ValueOf<typeof ServiceSpec>
  readonly status?: ValueOf<typeof ServiceStatus>
}

function externalAddress({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? '<none>'
  if (spec.type !== 'LoadBalancer') return '<none>'
  const ingress = status?.loadBalancer.ingress ?? []
  return ingress.map(({ ip = '', hostname = '' }) => ip || hostname).join(',') || '<pending>'
}

function shownPorts(ports: readonly ValueOf<typeof ServicePort>[]): string {
  const shown = ports.map(({ port, nodePort, protocol = '' }) =>
    nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  )
  return shown.join(',') || '<none>'
}
