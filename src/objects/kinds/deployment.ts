import { ageColumn, column, countColumn, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { always } from '../schema.ts'
import { podColumns } from './workloadshown.ts'
import { DeploymentSpec, DeploymentStatus } from './workloadspec.ts'

export const deployment = kind(
  {
    group: 'apps',
    version: 'v1',
    name: 'Deployment',
    plural: 'deployments',
    doc: 'A number of like pods, and how they are replaced by new ones.',
    shortNames: ['deploy'],
    categories: ['all'],
    namespaced: true,
    status: true,
    scale: true,
    rows: {
      spec: [2, DeploymentSpec, 'What it shall be.', always],
      status: [3, DeploymentStatus, 'What it was last seen to be.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column(
        'Ready',
        'How many of the wanted pods are ready.',
        ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      ),
      countColumn(
        'Up-to-date',
        'How many pods are of the present template.',
        ({ status }) => status?.updatedReplicas ?? 0,
      ),
      countColumn(
        'Available',
        'How many pods have been ready for long enough.',
        ({ status }) => status?.availableReplicas ?? 0,
      ),
      ageColumn,
      ...podColumns,
    ],
    begin: (object) => ({ ...object, status: {} }),
  },
)
