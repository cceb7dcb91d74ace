import type { Kind } from './kind.ts'
import { scale } from './kinds/scale.ts'
import { kinds } from './kinds.ts'
import type { Field, ObjectType, ScalarType, Type } from './schema.ts'
import type { Json, JsonObject } from './value.ts'

/** The schemas of an OpenAPI document, from the tables of `kinds/`. */

/** Types that belong to no group of their own. */
const META = new Set([
  'ObjectMeta',
  'OwnerReference',
  'ManagedFieldsEntry',
  'LabelSelector',
  'LabelSelectorRequirement',
  'DeleteOptions',
  'Preconditions',
])

/** As upstream names them, so that tools that know the names find them: `io.k8s.api.core.v1.Pod`. */
export function schemaName(type: ObjectType, asked: string): string {
  const group = home.get(type) ?? asked
  if (META.has(type.name)) return `io.k8s.apimachinery.pkg.apis.meta.v1.${type.name}`
  return group === '' || group.endsWith('.k8s.io') || !group.includes('.')
    ? `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.v1.${type.name}`
    : `${group.split('.').reverse().join('.')}.v1.${type.name}`
}

/** What several groups use belongs to the first that declares it: a pod's spec to the core group. */
const home: ReadonlyMap<ObjectType, string> = homes()

function homes(): ReadonlyMap<ObjectType, string> {
  const found = new Map<ObjectType, string>()
  const visit = (type: Type, group: string): void => {
    if (type.form === 'list') visit(type.item, group)
    else if (type.form === 'map') visit(type.value, group)
    else if (type.form === 'object' && !found.has(type)) {
      found.set(type, group)
      for (const field of type.fields.values()) visit(field.type, group)
    }
  }
  for (const kind of [...kinds, scale]) visit(kind.type, kind.group)
  return found
}

/** The kinds, their lists, the further types, and all that they refer to. */
export function schemasOf(served: readonly Kind[], further: readonly ObjectType[]): JsonObject {
  const schemas = new Map<string, JsonObject>()
  for (const kind of served) {
    const add = (type: ObjectType): void => addType(schemas, type, kind.group)
    add(kind.type)
    for (const type of further) add(type)
    const name = schemaName(kind.type, kind.group)
    schemas.set(name, ofKind(kind, schemas.get(name) ?? {}))
    schemas.set(`${name}List`, listOf(kind, name))
  }
  return Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function gvk({ group, version, name }: Kind): JsonObject {
  return { group, kind: name, version }
}

const TYPE_META = {
  apiVersion: { type: 'string', description: "The version of the object's form." },
  kind: { type: 'string', description: 'What the object is.' },
}

function ofKind(kind: Kind, schema: JsonObject): JsonObject {
  const properties = { ...TYPE_META, ...(schema.properties as JsonObject) }
  return { ...schema, properties, 'x-kubernetes-group-version-kind': [gvk(kind)] }
}

function listOf(kind: Kind, name: string): JsonObject {
  return {
    type: 'object',
    description: `A list of ${kind.plural}.`,
    required: ['items'],
    properties: {
      ...TYPE_META,
      items: { type: 'array', description: 'The objects.', items: { $ref: `#/components/schemas/${name}` } },
      metadata: { type: 'object', description: 'Where the list stands in the history of the store.' },
    },
    'x-kubernetes-group-version-kind': [{ ...gvk(kind), kind: `${kind.name}List` }],
  }
}

function addType(schemas: Map<string, JsonObject>, type: ObjectType, group: string): void {
  const name = schemaName(type, group)
  if (schemas.has(name)) return
  schemas.set(name, {})
  const required = [...type.fields.values()].filter((field) => field.always).map((field) => field.name)
  const properties = Object.fromEntries(
    [...type.fields.values()].map((field) => [field.name, property(schemas, field, group)]),
  )
  schemas.set(name, {
    type: 'object',
    description: type.doc,
    ...(required.length > 0 && { required }),
    properties,
    ...(type.atomic && { 'x-kubernetes-map-type': 'atomic' }),
  })
}

function property(schemas: Map<string, JsonObject>, field: Field, group: string): JsonObject {
  const schema = schemaOf(schemas, field.type, group)
  // A reference takes no siblings.
  const shown = '$ref' in schema ? { allOf: [schema] } : schema
  return { description: field.doc, ...shown, ...initial(field), ...merging(field) }
}

function initial(field: Field): JsonObject {
  return field.initial !== undefined && 'value' in field.initial ? { default: field.initial.value as Json } : {}
}

function merging({ type, list, retainKeys, atomic }: Field): JsonObject {
  const strategy = [...(list === undefined ? [] : ['merge']), ...(retainKeys ? ['retainKeys'] : [])].join(',')
  return {
    ...(type.form === 'list' && {
      'x-kubernetes-list-type': list === undefined ? 'atomic' : list.merge === 'set' ? 'set' : 'map',
    }),
    ...(list?.merge === 'key' && { 'x-kubernetes-list-map-keys': list.keys, 'x-kubernetes-patch-merge-key': list.key }),
    ...(strategy !== '' && { 'x-kubernetes-patch-strategy': strategy }),
    ...(atomic && { 'x-kubernetes-map-type': 'atomic' }),
  }
}

function schemaOf(schemas: Map<string, JsonObject>, type: Type, group: string): JsonObject {
  switch (type.form) {
    case 'object':
      addType(schemas, type, group)
      return { $ref: `#/components/schemas/${schemaName(type, group)}` }
    case 'list':
      return { type: 'array', items: schemaOf(schemas, type.item, group) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(schemas, type.value, group) }
    default:
      return scalar(type)
  }
}

function scalar({ form, values }: ScalarType): JsonObject {
  switch (form) {
    case 'string':
      return { type: 'string', ...(values !== undefined && { enum: values }) }
    case 'int32':
    case 'int64':
      return { type: 'integer', format: form }
    case 'bool':
      return { type: 'boolean' }
    case 'bytes':
      return { type: 'string', format: 'byte' }
    case 'time':
      return { type: 'string', format: 'date-time' }
    case 'quantity':
      return { oneOf: [{ type: 'string' }, { type: 'number' }] }
    case 'intOrString':
      return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
    case 'any':
      return { type: 'object' }
  }
}
