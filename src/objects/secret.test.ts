import { expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { errorMessage } from './field.ts'
import { secret } from './kinds/secret.ts'
import { prepareCreate, prepareUpdate } from './prepare.ts'
import { tableFor } from './table.ts'
import type { Secret } from './types.ts'
import { validateCreate, validateUpdate } from './validate.ts'
import type { Json, JsonObject } from './value.ts'

function decoded(members: JsonObject): Secret {
  const metadata = { name: 's', namespace: 'default' }
  return must(decodeObject(secret, { metadata, ...members } as Json).object, 'it decodes') as Secret
}

function born(members: JsonObject): Secret {
  const birth = { nowMs: 0, uid: 'u1', namespace: 'default', nameSuffix: 'bcdfg' }
  return applyDefaults(secret, prepareCreate(secret, decoded(members), birth)) as Secret
}

test('texts are kept as bytes, and win over what lies under their key', () => {
  const made = born({ data: { a: 'AA==', b: 'AQ==' }, stringData: { c: 'grün', a: 'x' } })
  expect(made.data).toEqual({ a: 'eA==', b: 'AQ==', c: 'Z3LDvG4=' })
  expect(Object.keys(made.data ?? {})).toEqual(['a', 'b', 'c'])
  expect(made).not.toHaveProperty('stringData')
  expect(made.type).toBe('Opaque')
  const changed = prepareUpdate(secret, { ...made, stringData: { b: 'y' } } as Secret, made) as Secret
  expect(changed.data).toEqual({ ...made.data, b: 'eQ==' })
})

test('what is no base64 is no secret', () => {
  const { error } = decodeObject(secret, { metadata: { name: 's' }, data: { a: 'not base64!' } })
  expect(error).toBe('illegal base64 data at input byte 3')
})

const wrapped = (text: string): string => btoa(text)

test.each<[JsonObject, readonly string[]]>([
  [{}, []],
  [{ type: 'own.example.com/type', stringData: { a: 'b' } }, []],
  [{ data: { 'a b': '' } }, [expect.stringMatching(/^data\[a b\]: Invalid value: "a b": a valid config key/)]],
  [{ type: 'kubernetes.io/tls' }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
  [{ type: 'kubernetes.io/ssh-auth' }, ['data[ssh-privatekey]: Required value']],
  [{ type: 'kubernetes.io/basic-auth', stringData: { username: 'u' } }, []],
  [{ type: 'kubernetes.io/basic-auth' }, ['data[username]: Required value', 'data[password]: Required value']],
  [{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': wrapped('{"auths":{}}') } }, []],
  [
    { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': wrapped('[1]') } },
    ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object'],
  ],
  [
    { type: 'kubernetes.io/service-account-token' },
    ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  ],
  [{ data: { a: 'A'.repeat(1_400_000) } }, ['data: Too long: may not be more than 1048576 bytes']],
])('%#', (members, expected) => expect(validateCreate(secret, born(members)).map(errorMessage)).toEqual(expected))

test('a mistake is told without telling the secret', () => {
  const data = { '.dockerconfigjson': wrapped('hunter2') }
  const messages = validateCreate(secret, born({ type: 'kubernetes.io/dockerconfigjson', data })).map(errorMessage)
  expect(messages).toHaveLength(1)
  expect(messages[0]).not.toContain('hunter2')
})

test('the type never changes; of an immutable one nothing does', () => {
  const updated = (before: JsonObject, next: JsonObject): string[] => {
    const previous = born(before)
    return validateUpdate(secret, prepareUpdate(secret, decoded(next), previous), previous).map(errorMessage)
  }
  expect(updated({}, { type: 'x' })).toEqual(['type: Invalid value: "x": field is immutable'])
  expect(updated({ stringData: { a: '1' } }, { stringData: { a: '2' }, immutable: true })).toEqual([])
  const fixed = 'Forbidden: field is immutable when `immutable` is set'
  expect(updated({ immutable: true, stringData: { a: '1' } }, { immutable: true, stringData: { a: '2' } })).toEqual([
    `data: ${fixed}`,
  ])
  expect(updated({ immutable: true }, {})).toEqual([`immutable: ${fixed}`])
})

test('how it is shown', () => {
  expect(tableFor(secret, [born({ stringData: { a: '', b: '' } })], 60_000).rows[0]?.cells).toEqual([
    's',
    'Opaque',
    2,
    '60s',
  ])
})
