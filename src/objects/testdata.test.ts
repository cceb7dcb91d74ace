import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeObject } from './decode.ts'
import { parseJson } from './json.ts'
import type { Kind } from './kind.ts'
import { kinds } from './kinds.ts'
import { decodeProtobuf } from './protobuf.ts'
import type { Json } from './value.ts'

// Upstream's own objects with every field set, as JSON and as protobuf. They are not part of the project: where they
// are not there, these tests are skipped, and say so.
const directory = new URL('../../../shared/reference/k8s-testdata/', import.meta.url)
const upstream = kinds.filter((kind) => kind.group !== 'skein.dev')

function read(kind: Kind, form: 'json' | 'pb'): Uint8Array {
  return readFileSync(new URL(`${kind.group || 'core'}.${kind.version}.${kind.name}.${form}`, directory))
}

function json(kind: Kind): Json {
  const parsed = parseJson(read(kind, 'json'))
  expect(parsed.error).toBeNull()
  return parsed.value
}

describe.skipIf(!existsSync(directory))("upstream's data with every field set", () => {
  for (const kind of upstream) {
    test(`${kind.apiVersion} ${kind.name}: JSON to object to JSON is the same, and no field is unknown`, () => {
      const { object, unknown, error } = decodeObject(kind, json(kind))
      expect(error).toBeNull()
      expect(unknown).toEqual([])
      expect(JSON.parse(JSON.stringify(object))).toEqual(json(kind))
    })

    test(`${kind.apiVersion} ${kind.name}: protobuf says what JSON says`, () => {
      const body = decodeProtobuf(read(kind, 'pb'))
      expect(body.error).toBeNull()
      const { object, unknown } = decodeObject(kind, body.value)
      expect(unknown).toEqual([])
      expect(object).toEqual(decodeObject(kind, json(kind)).object)
    })
  }

  test('DeleteOptions in protobuf', () => {
    const body = decodeProtobuf(readFileSync(new URL('core.v1.DeleteOptions.pb', directory)))
    const said = JSON.parse(readFileSync(new URL('core.v1.DeleteOptions.json', directory), 'utf8'))
    expect({ ...(body.value as object), apiVersion: said.apiVersion, kind: said.kind }).toEqual(said)
  })
})

test.runIf(!existsSync(directory))('round trips over upstream data were skipped: there is none here', () => {
  expect(existsSync(directory)).toBe(false)
})
