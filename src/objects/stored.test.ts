import { expect, test } from 'vitest'
import { configMap } from './kinds/configmap.ts'
import { joinToken } from './kinds/jointoken.ts'
import { node } from './kinds/node.ts'
import { pod } from './kinds/pod.ts'
import { keyOf, prefixOf, readStored, serve, serveItem, writeStored } from './stored.ts'
import type { KubeObject } from './value.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const object = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  data: { a: 'ü' },
  metadata: { resourceVersion: '3', name: 'm', namespace: 'default' },
} as KubeObject

test('keys', () => {
  expect(keyOf(pod, 'default', 'web')).toBe('core/pods/default/web')
  expect(keyOf(node, '', 'n1')).toBe('core/nodes//n1')
  expect(keyOf(joinToken, '', 't')).toBe('skein.dev/jointokens//t')
  expect(prefixOf(pod, 'default')).toBe('core/pods/default/')
  expect(prefixOf(pod)).toBe('core/pods/')
})

test('stored without kind, version and revision; served with them', () => {
  const value = writeStored(object)
  expect(text(value)).toBe('{"metadata":{"name":"m","namespace":"default"},"data":{"a":"ü"}}')
  const version = { value, revision: 12 }
  expect(text(serve(configMap, version))).toBe(
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"12","name":"m","namespace":"default"},"data":{"a":"ü"}}',
  )
  expect(JSON.parse(text(serveItem(configMap, version)))).toEqual({
    metadata: { resourceVersion: '12', name: 'm', namespace: 'default' },
    data: { a: 'ü' },
  })
  expect(readStored(configMap, version)).toEqual(JSON.parse(text(serve(configMap, version))))
})

test('what is read and written again is the same', () => {
  const value = writeStored(object)
  expect(writeStored(readStored(configMap, { value, revision: 5 }))).toEqual(value)
})

test('even metadata without a member is served', () => {
  const value = writeStored({ metadata: {} } as unknown as KubeObject)
  expect(JSON.parse(text(serve(configMap, { value, revision: 1 })))).toEqual({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: '1' },
  })
})

test('other bytes are a bug', () => {
  expect(() => serve(configMap, { value: new TextEncoder().encode('{"kind":"ConfigMap"}'), revision: 1 })).toThrow()
})
