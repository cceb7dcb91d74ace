import { qualifiedName } from '../rules.ts'
import type { Check, Report } from '../schema.ts'

/** Where a container's variables and files come from, in upstream's words. */

/** A variable has a value or a source of it. */
export const valueOrSource: Check = ({ value = '', valueFrom }, report) => {
  if (value !== '' && valueFrom !== undefined) {
    report('Invalid value', 'valueFrom', '', 'may not be specified when `value` is not empty')
  }
}

/** Exactly one of the members is there. */
export function exactlyOne(...names: readonly string[]): Check {
  const ticked = names.map((name) => `\`${name}\``)
  const choice = `${ticked.slice(0, -1).join(', ')} or ${ticked.at(-1)}`
  return (object, report) => {
    const given = names.filter((name) => object[name] !== undefined)
    if (given.length === 0) report('Invalid value', '', '', `must specify one of: ${choice}`)
    if (given.length > 1) report('Invalid value', '', '', 'may not have more than one field specified at a time')
  }
}

export const exactlyOneSource: Check = (volume, report) => {
  const [, ...more] = Object.keys(volume).filter((name) => name !== 'name')
  for (const name of more) report('Forbidden', name, undefined, 'may not specify more than 1 volume type')
}

/** A path that stays below where it starts. */
export function innerPath(path: string, at: string, report: Report): void {
  if (path.startsWith('/')) report('Invalid value', at, path, 'must be a relative path')
  if (path.split('/').includes('..')) report('Invalid value', at, path, "must not contain '..'")
}

/** Files of a volume are below it, each once. */
export const filesAreInside: Check = ({ items, path }, report) => {
  if (typeof path === 'string' && path !== '') innerPath(path, 'path', report)
  for (const [i, item] of (items ?? []).entries()) innerPath(item.path ?? '', `items[${i}].path`, report)
}

export const hostPathRules: Check = ({ path = '' }, report) => {
  if (path.split('/').includes('..')) report('Invalid value', 'path', path, "must not contain '..'")
}

/** What of a pod its containers can be told. */
const TOLD = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'metadata.labels',
  'metadata.annotations',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** `files`: in a file a whole map can be told, in a variable only what fits one; and addresses change. */
export function fieldPathRules(files: boolean): Check {
  const supported = TOLD.filter((path) => {
    if (path === 'metadata.labels' || path === 'metadata.annotations') return files
    return !files || path.startsWith('metadata.')
  })
  const words = `supported values: ${supported
    .map((path) => JSON.stringify(path))
    .sort()
    .join(', ')}`
  return ({ fieldRef }, report) => {
    const path = fieldRef?.fieldPath
    if (path === undefined || path === '') return
    const subscript = /^metadata\.(?:labels|annotations)\['([^']+)'\]$/.exec(path)
    if (subscript === null) {
      if (!supported.includes(path)) report('Unsupported value', 'fieldRef.fieldPath', path, words)
      return
    }
    for (const fault of qualifiedName((subscript[1] ?? '').toLowerCase())) {
      report('Invalid value', 'fieldRef.fieldPath', subscript[1], fault)
    }
  }
}

const TOLD_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

/** In a file of the whole pod it must be said whose resource. */
export function resourceFieldRules(files: boolean): Check {
  return ({ resourceFieldRef }, report) => {
    if (resourceFieldRef === undefined) return
    const { resource = '', containerName = '' } = resourceFieldRef
    if (files && containerName === '') report('Required value', 'resourceFieldRef.containerName')
    if (resource === '' || TOLD_RESOURCES.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return
    const words = TOLD_RESOURCES.map((name) => JSON.stringify(name)).join(', ')
    report('Unsupported value', 'resourceFieldRef.resource', resource, `supported values: ${words}`)
  }
}
