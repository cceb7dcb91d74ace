import { ageColumn, column, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsLabel } from '../rules.ts'
import { NamespaceSpec, NamespaceStatus } from './namespacespec.ts'

/** By this label selectors choose namespaces by name. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespace = kind(
  {
    group: '',
    version: 'v1',
    name: 'Namespace',
    plural: 'namespaces',
    doc: 'A room of names, apart from all others.',
    shortNames: ['ns'],
    namespaced: false,
    status: true,
    rows: {
      spec: [2, NamespaceSpec, 'What it shall be.'],
      status: [3, NamespaceStatus, 'What it was last seen to be.'],
    },
    nameRule: dnsLabel,
  },
  {
    columns: [nameColumn, column('Status', 'Active or Terminating.', ({ status }) => status?.phase ?? ''), ageColumn],
    selectable: {
      'status.phase': ({ status }) => status?.phase ?? '',
    },
    begin: (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, [NAME_LABEL]: object.metadata.name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }),
  },
)
