import { sameJson } from '../lib/equal.ts'
import type { FieldError } from './field.ts'
import type { Kind } from './kind.ts'
import { dnsLabel, labelValue, qualifiedName } from './rules.ts'
import type { FaultType, Rule } from './schema.ts'
import type { KubeObject } from './value.ts'

/** What must be true of the metadata of every object. */

type Meta = KubeObject['metadata']

const annotationsBytesMax = 256 * 1024

/** Finalizers that upstream knows without a domain of their own. */
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

export function checkMeta(kind: Kind, meta: Meta): FieldError[] {
  return [
    ...checkName(kind, meta),
    ...checkNamespace(kind, meta),
    ...checkMaps(meta),
    ...checkOwners(meta),
    ...checkFinalizers(meta),
  ]
}

export function checkMetaUpdate(next: Meta, previous: Meta): FieldError[] {
  const fixed = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const
  const changed = fixed.flatMap((name) =>
    sameJson(next[name], previous[name]) ? [] : [fault('Invalid value', name, next[name] ?? '', 'field is immutable')],
  )
  const added = (next.finalizers ?? []).filter((finalizer) => !(previous.finalizers ?? []).includes(finalizer))
  const late =
    previous.deletionTimestamp !== undefined && added.length > 0
      ? [
          fault(
            'Forbidden',
            'finalizers',
            undefined,
            'no new finalizers can be added if the object is being deleted, found new finalizers ' +
              `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`,
          ),
        ]
      : []
  return [...changed, ...late, ...checkMaps(next), ...checkOwners(next), ...checkFinalizers(next)]
}

function checkName(kind: Kind, { name, generateName }: Meta): FieldError[] {
  // A prefix may end with a hyphen, for a suffix follows it.
  const prefix = generateName === undefined ? [] : judge(kind.nameRule, generateName.replace(/-$/, 'a'))
  return [
    ...prefix.map((detail) => fault('Invalid value', 'generateName', generateName, detail)),
    ...(name === undefined || name === ''
      ? [fault('Required value', 'name', undefined, 'name or generateName is required')]
      : judge(kind.nameRule, name).map((detail) => fault('Invalid value', 'name', name, detail))),
  ]
}

function checkNamespace(kind: Kind, { namespace }: Meta): FieldError[] {
  if (!kind.namespaced) {
    return namespace === undefined ? [] : [fault('Forbidden', 'namespace', undefined, 'not allowed on this type')]
  }
  if (namespace === undefined || namespace === '') return [fault('Required value', 'namespace')]
  return judge(dnsLabel, namespace).map((detail) => fault('Invalid value', 'namespace', namespace, detail))
}

/** Of templates too, which have labels and annotations and nothing else. */
export function checkMaps({ labels = {}, annotations = {} }: Pick<Meta, 'labels' | 'annotations'>): FieldError[] {
  const errors = Object.entries(labels).flatMap(([key, value]) => [
    ...judge(qualifiedName, key).map((detail) => fault('Invalid value', 'labels', key, detail)),
    ...judge(labelValue, value).map((detail) => fault('Invalid value', 'labels', value, detail)),
  ])
  const encoder = new TextEncoder()
  let bytes = 0
  for (const [key, value] of Object.entries(annotations)) {
    bytes += encoder.encode(key).length + encoder.encode(value).length
    const faults = judge(qualifiedName, key.toLowerCase())
    errors.push(...faults.map((detail) => fault('Invalid value', 'annotations', key, detail)))
  }
  if (bytes > annotationsBytesMax) {
    errors.push(fault('Too long', 'annotations', undefined, `may not be more than ${annotationsBytesMax} bytes`))
  }
  return errors
}

function checkOwners({ ownerReferences = [] }: Meta): FieldError[] {
  const errors = ownerReferences.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const).flatMap((name) =>
      owner[name] === '' ? [fault('Required value', `ownerReferences.${name}`, undefined, 'must not be empty')] : [],
    ),
  )
  const [first, second] = ownerReferences.filter((owner) => owner.controller === true)
  if (first === undefined || second === undefined) return errors
  const detail =
    'Only one reference can have Controller set to true. Found "true" in references for ' +
    `${first.kind}/${first.name} and ${second.kind}/${second.name}`
  return [...errors, fault('Invalid value', 'ownerReferences', ownerReferences, detail)]
}

function checkFinalizers({ finalizers = [] }: Meta): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => {
    const faults = judge(qualifiedName, finalizer)
    const unknown = !finalizer.includes('/') && !STANDARD_FINALIZERS.includes(finalizer)
    return [
      ...faults.map((detail) => fault('Invalid value', 'finalizers', finalizer, detail)),
      ...(unknown && faults.length === 0
        ? [
            fault(
              'Invalid value',
              'finalizers',
              finalizer,
              'name is neither a standard finalizer name nor is it fully qualified',
            ),
          ]
        : []),
    ]
  })
  return finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
    ? [
        ...errors,
        fault('Invalid value', 'finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
      ]
    : errors
}

function judge(rule: Rule, value: string): readonly string[] {
  return rule(value)
}

function fault(type: FaultType, name: string, value?: unknown, detail = ''): FieldError {
  return { type, field: `metadata.${name}`, value, detail }
}
