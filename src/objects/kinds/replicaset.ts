import { ageColumn, countColumn, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { always } from '../schema.ts'
import { podColumns } from './workloadshown.ts'
import { ReplicaSetSpec, ReplicaSetStatus } from './workloadspec.ts'

export const replicaSet = kind(
  {
    group: 'apps',
    version: 'v1',
    name: 'ReplicaSet',
    plural: 'replicasets',
    doc: 'A number of like pods.',
    shortNames: ['rs'],
    categories: ['all'],
    namespaced: true,
    status: true,
    scale: true,
    rows: {
      spec: [2, ReplicaSetSpec, 'What it shall be.', always],
      status: [3, ReplicaSetStatus, 'What it was last seen to be.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      countColumn('Desired', 'How many pods there shall be.', ({ spec }) => spec.replicas ?? 0),
      countColumn('Current', 'How many pods there are.', ({ status }) => status?.replicas ?? 0),
      countColumn('Ready', 'How many of them are ready.', ({ status }) => status?.readyReplicas ?? 0),
      ageColumn,
      ...podColumns,
    ],
    selectable: {
      'status.replicas': ({ status }) => String(status?.replicas ?? 0),
    },
    begin: (object) => ({ ...object, status: { replicas: 0 } }),
  },
)
