import { ageColumn, column, countColumn, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain, nonNegative } from '../rules.ts'
import { always, any, immutable, int64, is } from '../schema.ts'

export const controllerRevision = kind(
  {
    group: 'apps',
    version: 'v1',
    name: 'ControllerRevision',
    plural: 'controllerrevisions',
    doc: 'What an object was at some moment, to go back to.',
    namespaced: true,
    status: false,
    rows: {
      data: [2, any, 'What it was.', immutable],
      revision: [3, int64, 'Its place in the order of revisions.', always, is(nonNegative)],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Controller', 'Whose revision it is.', ({ metadata }) => {
        const owner = metadata.ownerReferences?.find((reference) => reference.controller === true)
        if (owner === undefined) return '<none>'
        const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : ['']
        return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`
      }),
      countColumn('Revision', 'Its place in the order of revisions.', ({ revision }) => revision),
      ageColumn,
    ],
  },
)
