import { sameJson } from '../../lib/equal.ts'
import { ageColumn, column, countColumn, nameColumn } from '../columns.ts'
import type { FieldError } from '../field.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain } from '../rules.ts'
import { bool, bytes, check, explicit, fill, immutable, map, or, string } from '../schema.ts'
import { foldStringData, secretRules } from './secretrules.ts'

/**
 * Its values lie in the store as they were sent, as base64. They will be sealed on their way there (`writeStored`) and
 * opened where they are read (`readStored`): log, snapshots and history will then see only ciphertext.
 */
export const secret = kind(
  {
    group: '',
    version: 'v1',
    name: 'Secret',
    plural: 'secrets',
    doc: 'Data for pods to read that not everybody shall see.',
    namespaced: true,
    status: false,
    rows: {
      immutable: [5, bool, 'Whether it can no longer be changed, only deleted.', explicit],
      data: [2, map(bytes), 'Bytes by key, as base64.'],
      stringData: [4, map(string), 'Texts by key, to write with; they are kept in data.'],
      type: [3, string, 'What it is for, and so which keys it must have.', or('Opaque'), immutable],
    },
    notes: [fill(foldStringData), check(secretRules)],
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Type', 'What it is for.', ({ type }) => type ?? ''),
      countColumn('Data', 'How many keys it has.', ({ data = {} }) => Object.keys(data).length),
      ageColumn,
    ],
    selectable: { type: ({ type }) => type ?? '' },
    checkUpdate: (next, previous): FieldError[] => {
      if (previous.immutable !== true) return []
      const detail = 'field is immutable when `immutable` is set'
      const changed = sameJson(next.data ?? {}, previous.data ?? {}) ? [] : ['data']
      const names = next.immutable === true ? changed : ['immutable', ...changed]
      return names.map((field) => ({ type: 'Forbidden', field, detail }))
    },
  },
)
