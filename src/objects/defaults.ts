import type { Kind } from './kind.ts'
import { inOrder } from './order.ts'
import type { Field, Loose, ObjectType, Type } from './schema.ts'
import { isRecord, type KubeObject } from './value.ts'

/** The object with every default filled in. What misses nothing is returned as it is; nothing is written into. */
export function applyDefaults(kind: Kind, object: KubeObject): KubeObject {
  return completeObject(kind.type, object as unknown as Loose) as unknown as KubeObject
}

/**
 * Outside in: first what depends on other fields, then single fields, then their members, so that a default may itself
 * have defaults.
 */
function completeObject(type: ObjectType, object: Loose): Loose {
  let complete = type.fills.reduce((filled, fill) => fill(filled), object)
  for (const field of type.fields.values()) {
    const value = complete[field.name] ?? initialOf(field, complete)
    if (value === undefined || value === null) continue
    const completed = completeValue(field.type, value)
    // A declared name, never a key of the user's choice.
    if (completed !== complete[field.name]) complete = { ...complete, [field.name]: completed }
  }
  return complete === object ? object : inOrder(type, complete)
}

function initialOf(field: Field, object: Loose): unknown {
  if (field.initial === undefined) return undefined
  return 'value' in field.initial ? field.initial.value : field.initial.from(object)
}

function completeValue(type: Type, value: unknown): unknown {
  if (type.form === 'object' && isRecord(value)) return completeObject(type, value)
  if (type.form === 'list' && type.item.form === 'object' && Array.isArray(value)) {
    const items = value.map((item) => completeValue(type.item, item))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  return value
}
