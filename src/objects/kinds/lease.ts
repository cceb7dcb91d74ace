// biome-ignore-all format: the columns are aligned by hand
import { ageColumn, column, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain, nonNegative, positive } from '../rules.ts'
import { explicit, int32, is, microTime, object, string } from '../schema.ts'

export const LeaseSpec = object('LeaseSpec', 'Who holds something, and how long.', {
  holderIdentity:       [1, string,    'Who holds it.',                                    explicit],
  leaseDurationSeconds: [2, int32,     'How long others wait since its last renewal.',     explicit, is(positive)],
  acquireTime:          [3, microTime, 'Since when it is held.'],
  renewTime:            [4, microTime, 'When its holder last renewed it.'],
  leaseTransitions:     [5, int32,     'How often its holder has changed.',                explicit, is(nonNegative)],
  strategy:             [6, string,    'How its holder is chosen by others.',              explicit],
  preferredHolder:      [7, string,    'Who should hold it next.',                         explicit],
})

export const lease = kind(
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    name: 'Lease',
    plural: 'leases',
    doc: 'Something that one at a time may hold.',
    namespaced: true,
    status: false,
    rows: {
      spec: [2, LeaseSpec, 'Who holds it, and how long.'],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [nameColumn, column('Holder', 'Who holds it.', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
  },
)
