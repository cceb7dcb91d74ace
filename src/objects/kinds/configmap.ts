import { sameJson } from '../../lib/equal.ts'
import { ageColumn, countColumn, nameColumn } from '../columns.ts'
import type { FieldError } from '../field.ts'
import { kind } from '../kind.ts'
import { configKey, dnsSubdomain } from '../rules.ts'
import { bool, bytes, type Check, check, explicit, type Loose, map, string } from '../schema.ts'

const dataBytesMax = 1024 * 1024

const keysAreValid: Check = ({ data = {}, binaryData = {} }: Loose, report) => {
  for (const key of Object.keys(data)) {
    for (const detail of configKey(key)) report('Invalid value', `data[${key}]`, key, detail)
    if (Object.hasOwn(binaryData, key))
      report('Invalid value', `data[${key}]`, key, 'duplicate of key present in binaryData')
  }
  for (const key of Object.keys(binaryData)) {
    for (const detail of configKey(key)) report('Invalid value', `binaryData[${key}]`, key, detail)
  }
  const encoder = new TextEncoder()
  const texts = Object.values(data).map((text) => encoder.encode(String(text)).length)
  const blobs = Object.values(binaryData).map((base64) => Math.floor((String(base64).length * 3) / 4))
  const total = [...texts, ...blobs].reduce((sum, size) => sum + size, 0)
  if (total > dataBytesMax) report('Too long', '', undefined, `may not be more than ${dataBytesMax} bytes`)
}

export const configMap = kind(
  {
    group: '',
    version: 'v1',
    name: 'ConfigMap',
    plural: 'configmaps',
    doc: 'Configuration for pods to read.',
    shortNames: ['cm'],
    namespaced: true,
    status: false,
    rows: {
      data: [2, map(string), 'Texts by key.'],
      binaryData: [3, map(bytes), 'Bytes by key, as base64; no key stands in both.'],
      immutable: [4, bool, 'Whether it can no longer be changed, only deleted.', explicit],
    },
    notes: [check(keysAreValid)],
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      countColumn(
        'Data',
        'How many keys it has.',
        ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
      ),
      ageColumn,
    ],
    checkUpdate: (next, previous): FieldError[] => {
      if (previous.immutable !== true) return []
      const fixed = (['data', 'binaryData'] as const).filter(
        (name) => !sameJson(next[name] ?? {}, previous[name] ?? {}),
      )
      const names = next.immutable === true ? fixed : ['immutable', ...fixed]
      return names.map((field) => ({ type: 'Forbidden', field, detail: 'field is immutable when `immutable` is set' }))
    },
  },
)
