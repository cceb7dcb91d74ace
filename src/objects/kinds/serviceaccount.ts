import { ageColumn, countColumn, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { bool, by, explicit, list } from '../schema.ts'
import { ObjectReference } from './objectreference.ts'
import { LocalObjectReference } from './references.ts'

export const serviceAccount = kind(
  {
    group: '',
    version: 'v1',
    name: 'ServiceAccount',
    plural: 'serviceaccounts',
    doc: 'Who pods are, to the API.',
    shortNames: ['sa'],
    namespaced: true,
    status: false,
    rows: {
      secrets: [2, list(ObjectReference), 'Secrets that its pods may use.', by('name')],
      imagePullSecrets: [3, list(LocalObjectReference), 'Secrets that images of its pods are pulled with.'],
      automountServiceAccountToken: [4, bool, 'Whether its token is mounted in its pods.', explicit],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      countColumn('Secrets', 'How many secrets it names.', ({ secrets = [] }) => secrets.length),
      ageColumn,
    ],
  },
)
