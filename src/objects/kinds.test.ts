import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { findKind, findKindByName, kinds } from './kinds.ts'
import { openApiDocument, openApiV2 } from './openapi.ts'
import type { ObjectType, Type } from './schema.ts'
import type { JsonObject } from './value.ts'

/** Every object type that a kind reaches. */
function typesOf(type: Type, found: Map<string, ObjectType> = new Map()): Map<string, ObjectType> {
  if (type.form === 'list') return typesOf(type.item, found)
  if (type.form === 'map') return typesOf(type.value, found)
  if (type.form !== 'object' || found.get(type.name) === type) return found
  expect(found.get(type.name), `two types are called ${type.name}`).toBeUndefined()
  found.set(type.name, type)
  for (const field of type.rows) typesOf(field.type, found)
  return found
}

test('kinds are found by path and by name', () => {
  expect(kinds.map((kind) => kind.resource)).toEqual([
    'configmaps',
    'endpoints',
    'events',
    'namespaces',
    'nodes',
    'pods',
    'secrets',
    'serviceaccounts',
    'services',
    'controllerrevisions.apps',
    'deployments.apps',
    'replicasets.apps',
    'events.events.k8s.io',
    'leases.coordination.k8s.io',
    'endpointslices.discovery.k8s.io',
    'jointokens.skein.dev',
  ])
  for (const kind of kinds) {
    expect(findKind(kind.group, kind.version, kind.plural)).toBe(kind)
    expect(findKindByName(kind.apiVersion, kind.name)).toBe(kind)
  }
  expect(findKind('', 'v1', 'widgets')).toBeUndefined()
})

describe.each(kinds.map((kind) => [kind.name, kind] as const))('the tables of %s', (_, kind) => {
  const types = [...typesOf(kind.type).values()]

  test.each(types.map((type) => [type.name, type] as const))('%s', (__, type) => {
    const numbers = type.rows.map((field) => field.number)
    expect(new Set(numbers).size, 'each number is used once').toBe(numbers.length)
    const names = type.rows.flatMap((field) =>
      field.inline && field.type.form === 'object' ? [...field.type.fields.keys()] : [field.name],
    )
    expect(type.fields.size, 'each name is used once').toBe(names.length)
    for (const { doc, name, list, type: fieldType } of type.rows) {
      expect(doc, name).toMatch(/^[A-Z$].*\.$/)
      if (list === undefined) continue
      expect(fieldType.form, `${name} is merged as a list`).toBe('list')
      if (list.merge !== 'key' || fieldType.form !== 'list') continue
      const item = fieldType.item.form === 'object' ? fieldType.item : undefined
      for (const key of list.keys) expect(item?.fields.has(key), `${name} is merged by ${key}`).toBe(true)
    }
  })
})

test('columns have names and sentences', () => {
  for (const { name: kindName, columns } of kinds) {
    for (const { doc, name } of columns)
      expect([name, doc]).toEqual([expect.stringMatching(/^[A-Z]/), expect.stringMatching(/\.$/)])
    // An event's name says nothing; when it happened is what people look for.
    expect(columns[0]?.name).toBe(kindName === 'Event' ? 'Last Seen' : 'Name')
  }
})

describe('OpenAPI', () => {
  const core = must(openApiDocument('', 'v1'), 'core is served')
  const at = (document: unknown, ...path: readonly string[]): unknown =>
    path.reduce<unknown>((value, name) => (value as JsonObject | undefined)?.[name], document)
  const schema = (name: string): JsonObject =>
    at(core, 'components', 'schemas', `io.k8s.api.core.v1.${name}`) as JsonObject

  test('every reference leads somewhere', () => {
    for (const [group, version] of [
      ['', 'v1'],
      ['apps', 'v1'],
      ['events.k8s.io', 'v1'],
      ['coordination.k8s.io', 'v1'],
      ['discovery.k8s.io', 'v1'],
      ['skein.dev', 'v1'],
    ] as const) {
      const document = openApiDocument(group, version)
      const names = new Set(Object.keys(at(document, 'components', 'schemas') as object))
      const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        (match) => match[1],
      )
      expect(references.length).toBeGreaterThan(10)
      for (const reference of references) expect(names.has(reference ?? ''), reference).toBe(true)
    }
    expect(openApiDocument('batch', 'v1')).toBeUndefined()
  })

  test('types that groups share have one name', () => {
    const schemas = at(openApiDocument('apps', 'v1'), 'components', 'schemas') as JsonObject
    const names = Object.keys(schemas)
    expect(names).toContain('io.k8s.api.apps.v1.DeploymentSpec')
    expect(names).toContain('io.k8s.api.core.v1.PodSpec')
    expect(names).not.toContain('io.k8s.api.apps.v1.PodSpec')
    expect(names).toContain('io.k8s.api.autoscaling.v1.Scale')
    const discovery = at(openApiDocument('discovery.k8s.io', 'v1'), 'components', 'schemas') as JsonObject
    expect(Object.keys(discovery)).toContain('io.k8s.api.discovery.v1.EndpointPort')
    expect(Object.keys(discovery)).toContain('io.k8s.api.core.v1.ObjectReference')
  })

  test('what apply looks for: the kind, and fieldValidation among the parameters of its PATCH', () => {
    const patch = at(core, 'paths', '/api/v1/namespaces/{namespace}/pods/{name}', 'patch') as JsonObject
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: '', kind: 'Pod', version: 'v1' })
    const names = (patch.parameters as readonly JsonObject[]).map(({ name }) => name)
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
    expect(schema('Pod')['x-kubernetes-group-version-kind']).toEqual([{ group: '', kind: 'Pod', version: 'v1' }])
    expect(Object.keys(at(core, 'paths') as object)).toContain('/api/v1/nodes/{name}/status')
    expect(Object.keys(at(core, 'paths') as object)).toContain('/api/v1/pods')
  })

  test('what patching looks for: merge keys and strategies', () => {
    expect(at(schema('PodSpec'), 'properties', 'containers')).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    })
    expect(at(schema('PodSpec'), 'properties', 'volumes')).toMatchObject({
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    })
    expect(at(schema('PodSpec'), 'properties', 'tolerations')).toMatchObject({ 'x-kubernetes-list-type': 'atomic' })
    expect(at(schema('PodSpec'), 'required')).toEqual(['containers'])
    expect(at(schema('Probe'), 'properties', 'httpGet')).toBeDefined()
    expect(at(schema('ContainerPort'), 'properties', 'protocol')).toMatchObject({
      default: 'TCP',
      enum: ['TCP', 'UDP', 'SCTP'],
    })
  })

  test('the minimal v2 document, byte by byte', () => {
    expect([...openApiV2]).toEqual([
      ...[0x0a, 3, 0x32, 0x2e, 0x30], // swagger: "2.0"
      ...[0x12, 15, 0x0a, 5, ...new TextEncoder().encode('Skein'), 0x12, 6, ...new TextEncoder().encode('v1.0.0')], // info
      ...[0x42, 0], // paths
    ])
  })
})
