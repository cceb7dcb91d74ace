import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts'
import type { FieldError } from '../field.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import type { ValueOf } from '../schema.ts'
import { NodeSpec, NodeStatus } from './nodespec.ts'

export const node = kind(
  {
    group: '',
    version: 'v1',
    name: 'Node',
    plural: 'nodes',
    doc: 'A machine of the cluster.',
    shortNames: ['no'],
    namespaced: false,
    status: true,
    rows: {
      spec: [2, NodeSpec, 'What it shall be.'],
      status: [3, NodeStatus, 'What it was last seen to be.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Status', 'Whether it is ready, and takes new pods.', (object) => readiness(object)),
      column('Roles', 'The roles its labels name.', ({ metadata }) => roles(metadata.labels ?? {})),
      ageColumn,
      column('Version', "Its daemon's version.", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
      wideColumn('Internal-IP', 'Its address in the cluster.', (object) => addressOf(object, 'InternalIP')),
      wideColumn('External-IP', 'Its address outside.', (object) => addressOf(object, 'ExternalIP')),
      wideColumn('OS-Image', 'Its distribution.', ({ status }) => status?.nodeInfo?.osImage || '<unknown>'),
      wideColumn('Kernel-Version', 'Its kernel.', ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>'),
      wideColumn(
        'Container-Runtime',
        'Its container engine.',
        ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
      ),
    ],
    // A subnet of pods is one node's alone.
    reserves: ({ spec }) => (spec?.podCIDR ? [`subnet-${spec.podCIDR.split('/')[0]}`] : []),
    checkUpdate: (next, previous): FieldError[] => {
      const before = previous.spec?.podCIDR
      if (before === undefined || next.spec?.podCIDR === before) return []
      return [
        { type: 'Forbidden', field: 'spec.podCIDR', detail: 'may not change once set: pods have addresses in it' },
      ]
    },
    selectable: {
      'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false),
    },
  },
)

interface Node {
  readonly spec?: ValueOf<typeof NodeSpec>
  readonly status?: ValueOf<typeof NodeStatus>
}

function readiness({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const said = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable === true ? `${said},SchedulingDisabled` : said
}

function roles(labels: Readonly<Record<string, string>>): string {
  const prefix = 'node-role.kubernetes.io/'
  const named = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(prefix)) return key.length > prefix.length ? [key.slice(prefix.length)] : []
    return key === 'kubernetes.io/role' && value !== '' ? [value] : []
  })
  return named.length === 0 ? '<none>' : [...new Set(named)].sort().join(',')
}

function addressOf({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>'
}
