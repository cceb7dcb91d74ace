import { ageColumn, column, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsLabel } from '../rules.ts'
import { type Fill, fill } from '../schema.ts'
import { NamespaceSpec, NamespaceStatus } from './namespacespec.ts'

/** By this label selectors choose namespaces by name; it cannot be taken away. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

const nameLabel: Fill = (namespace) => {
  const { name, labels = {} } = namespace.metadata ?? {}
  if (!name || labels[NAME_LABEL] === name) return namespace
  return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } } }
}

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
    notes: [fill(nameLabel)],
    nameRule: dnsLabel,
  },
  {
    columns: [nameColumn, column('Status', 'Active or Terminating.', ({ status }) => status?.phase ?? ''), ageColumn],
    selectable: {
      'status.phase': ({ status }) => status?.phase ?? '',
    },
    begin: (object) => ({
      ...(nameLabel(object) as typeof object),
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }),
  },
)
