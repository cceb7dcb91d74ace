import { sameJson } from '../lib/equal.ts'
import { type FieldError, fieldErrorsMax } from './field.ts'
import type { Kind } from './kind.ts'
import { checkMeta, checkMetaUpdate } from './metarules.ts'
import type { FaultType, Field, Loose, ObjectType, Report, Type } from './schema.ts'
import { isRecord, type KubeObject } from './value.ts'

/** What is wrong with a new object, which has its defaults and is prepared. Empty: valid. */
export function validateCreate(kind: Kind, object: KubeObject): readonly FieldError[] {
  return [...checkMeta(kind, object.metadata), ...validateMembers(kind, object)].slice(0, fieldErrorsMax)
}

/** What is wrong with `next` in the place of `previous`. */
export function validateUpdate(kind: Kind, next: KubeObject, previous: KubeObject): readonly FieldError[] {
  return [
    ...checkMetaUpdate(next.metadata, previous.metadata),
    ...validateMembers(kind, next),
    ...validateImmutable(kind, next, previous),
    ...kind.checkUpdate(next, previous),
  ].slice(0, fieldErrorsMax)
}

/** As `validateUpdate`, for a write through `/status`: only what it can change. */
export function validateStatusUpdate(kind: Kind, next: KubeObject, previous: KubeObject): readonly FieldError[] {
  const errors: FieldError[] = [...checkMetaUpdate(next.metadata, previous.metadata)]
  const status = kind.type.fields.get('status')
  if (status !== undefined) validateField(status, next as unknown as Loose, '', errors)
  return errors.slice(0, fieldErrorsMax)
}

function validateMembers(kind: Kind, object: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const { metadata: _metadata, ...members } = object as unknown as Loose
  for (const field of kind.type.fields.values()) validateField(field, members, '', errors)
  runChecks(kind.type, object as unknown as Loose, '', errors)
  return errors
}

function validateObject(type: ObjectType, object: Loose, path: string, errors: FieldError[]): void {
  for (const field of type.fields.values()) validateField(field, object, path, errors)
  runChecks(type, object, path, errors)
}

function runChecks(type: ObjectType, object: Loose, path: string, errors: FieldError[]): void {
  const report: Report = (fault, below, value, detail = '') => {
    errors.push({ type: fault, field: below === '' ? path : join(path, below), value, detail })
  }
  for (const check of type.checks) check(object, report)
}

function validateField(field: Field, object: Loose, parent: string, errors: FieldError[]): void {
  if (errors.length >= fieldErrorsMax) return
  const path = join(parent, field.name)
  const value: unknown = object[field.name]
  if (field.required && isZero(value)) {
    errors.push({ type: 'Required value', field: path, detail: '' })
    return
  }
  if (value === undefined || (value === '' && !field.explicit)) return
  const add = (type: FaultType, at: string, wrong: unknown, detail: string): void => {
    errors.push({ type, field: at, value: wrong, detail })
  }
  const judge = (item: unknown, at: string): void => {
    for (const rule of field.rules) for (const detail of rule(item)) add('Invalid value', at, item, detail)
  }
  if (Array.isArray(value)) for (const [i, item] of value.entries()) judge(item, `${path}[${i}]`)
  else judge(value, path)
  validateValue(field.type, value, path, errors)
}

function validateValue(type: Type, value: unknown, path: string, errors: FieldError[]): void {
  if (errors.length >= fieldErrorsMax) return
  switch (type.form) {
    case 'object':
      if (isRecord(value)) validateObject(type, value, path, errors)
      return
    case 'list':
      if (!Array.isArray(value)) return
      for (const [i, item] of value.entries()) validateValue(type.item, item, `${path}[${i}]`, errors)
      return
    case 'map':
      if (!isRecord(value)) return
      for (const key of Object.keys(value)) validateValue(type.value, value[key], `${path}[${key}]`, errors)
      return
    case 'string': {
      const { values } = type
      if (values === undefined || values.includes(String(value))) return
      const supported = [...values]
        .sort()
        .map((one) => JSON.stringify(one))
        .join(', ')
      errors.push({ type: 'Unsupported value', field: path, value, detail: `supported values: ${supported}` })
    }
  }
}

/** Absent, or what stands for it: zero, empty. An object counts, whatever is in it. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  return Array.isArray(value) && value.length === 0
}

/** Fields that may not change, at any depth; lists with a key are compared item by item. */
function validateImmutable(kind: Kind, next: KubeObject, previous: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  compareObject(kind.type, next as unknown as Loose, previous as unknown as Loose, '', errors)
  return errors
}

function compareObject(type: ObjectType, next: Loose, previous: Loose, path: string, errors: FieldError[]): void {
  for (const field of type.fields.values()) {
    const at = join(path, field.name)
    const [now, before]: [unknown, unknown] = [next[field.name], previous[field.name]]
    if (field.immutable) {
      if (!sameJson(now, before)) {
        errors.push({ type: 'Invalid value', field: at, value: now ?? null, detail: 'field is immutable' })
      }
    } else if (field.type.form === 'object' && isRecord(now) && isRecord(before)) {
      compareObject(field.type, now, before, at, errors)
    }
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
