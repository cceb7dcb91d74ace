import { compareQuantities } from '../quantity.ts'
import { labelValue, qualifiedName } from '../rules.ts'
import type { Check, Loose, Report } from '../schema.ts'

/** What must be true between the fields of a pod, in upstream's words. */

export const podSpecRules: Check = (spec, report) => {
  const { containers, initContainers } = spec
  duplicates(containers, 'containers', 'name', report)
  initContainerRules(spec, report)
  duplicates(spec.volumes, 'volumes', 'name', report)
  labels(spec.nodeSelector ?? {}, 'nodeSelector', report)
  mountsHaveVolumes(containers, 'containers', spec, report)
  mountsHaveVolumes(initContainers, 'initContainers', spec, report)
  for (const [i, container] of each(containers)) {
    for (const [j, port] of each(container.ports)) {
      if (spec.hostNetwork !== true || !port.hostPort || port.hostPort === port.containerPort) continue
      const path = `containers[${i}].ports[${j}].containerPort`
      report('Invalid value', path, port.containerPort, 'must match `hostPort` when `hostNetwork` is true')
    }
  }
}

/** One that ends before the others start has nothing that could be asked or told while it runs. */
const ONLY_LASTING = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']

function initContainerRules({ containers, initContainers }: Loose, report: Report): void {
  const names = new Set([...each(containers)].map(([, { name }]) => name))
  for (const [i, container] of each(initContainers)) {
    const at = `initContainers[${i}]`
    if (names.has(container.name)) report('Duplicate value', `${at}.name`, container.name)
    names.add(container.name)
    const { restartPolicy } = container
    if (restartPolicy === 'Always') continue
    if (restartPolicy !== undefined) {
      report('Unsupported value', `${at}.restartPolicy`, restartPolicy, 'supported values: "Always"')
    }
    for (const name of ONLY_LASTING.filter((one) => container[one] !== undefined)) {
      report('Forbidden', `${at}.${name}`, undefined, 'may not be set for init containers without restartPolicy=Always')
    }
  }
}

function mountsHaveVolumes(list: readonly Loose[] | undefined, path: string, spec: Loose, report: Report): void {
  const volumes = new Set([...each(spec.volumes)].map(([, { name }]) => name))
  for (const [i, container] of each(list)) {
    for (const [j, { name }] of each(container.volumeMounts)) {
      if (!volumes.has(name)) report('Not found', `${path}[${i}].volumeMounts[${j}].name`, name)
    }
  }
}

export const containerRules: Check = (container, report) => {
  const { image = '' } = container
  if (image === '') report('Required value', 'image')
  else if (image !== image.trim()) {
    report('Invalid value', 'image', image, 'must not have leading or trailing whitespace')
  }
  duplicates(container.ports, 'ports', 'name', report)
  const paths = new Set<string>()
  for (const [i, { mountPath = '', subPath = '', subPathExpr = '' }] of each(container.volumeMounts)) {
    const at = `volumeMounts[${i}]`
    if (paths.has(mountPath)) report('Invalid value', `${at}.mountPath`, mountPath, 'must be unique')
    paths.add(mountPath)
    if (subPath !== '') innerPath(subPath, `${at}.subPath`, report)
    if (subPath !== '' && subPathExpr !== '') {
      report('Invalid value', `${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')
    }
  }
  for (const name of ['livenessProbe', 'startupProbe']) {
    const threshold = container[name]?.successThreshold ?? 1
    if (threshold !== 1) report('Invalid value', `${name}.successThreshold`, threshold, 'must be 1')
  }
}

/** A path that stays below where it starts. */
function innerPath(path: string, at: string, report: Report): void {
  if (path.startsWith('/')) report('Invalid value', at, path, 'must be a relative path')
  if (path.split('/').includes('..')) report('Invalid value', at, path, "must not contain '..'")
}

/** Files of a volume are below it, each once. */
export const filesAreInside: Check = ({ items, path }, report) => {
  if (typeof path === 'string' && path !== '') innerPath(path, 'path', report)
  for (const [i, item] of each(items)) innerPath(item.path ?? '', `items[${i}].path`, report)
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

const STANDARD_RESOURCES = ['cpu', 'memory', 'ephemeral-storage']

/** Amounts are of known resources, not negative, and no request exceeds its limit. */
export const requestsWithinLimits: Check = ({ limits = {}, requests = {} }, report) => {
  for (const name of Object.keys(limits)) resource(name, limits[name], `limits[${name}]`, report)
  for (const name of Object.keys(requests)) {
    resource(name, requests[name], `requests[${name}]`, report)
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    const exact = name.includes('/')
    if (limit === undefined) {
      if (exact) report('Required value', 'limits', undefined, 'Limit must be set for non overcommitable resources')
      continue
    }
    const compared = compareQuantities(requests[name], limit)
    if (exact && compared !== 0) {
      report('Invalid value', 'requests', requests[name], `must be equal to ${name} limit of ${limit}`)
    } else if (compared > 0) {
      report('Invalid value', 'requests', requests[name], `must be less than or equal to ${name} limit of ${limit}`)
    }
  }
}

function resource(name: string, amount: string, path: string, report: Report): void {
  const faults = qualifiedName(name)
  for (const fault of faults) report('Invalid value', path, name, fault)
  const standard = STANDARD_RESOURCES.includes(name) || name.startsWith('hugepages-')
  if (faults.length === 0 && !name.includes('/') && !standard) {
    report('Invalid value', path, name, 'must be a standard resource for containers')
  }
  if (compareQuantities(amount, '0') < 0) {
    report('Invalid value', path, amount, 'must be greater than or equal to 0')
  }
}

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

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep']

export const exactlyOneHandler: Check = (probe, report) => {
  const [first, ...more] = HANDLERS.filter((name) => probe[name] !== undefined)
  if (first === undefined) report('Required value', '', undefined, 'must specify a handler type')
  for (const name of more) report('Forbidden', name, undefined, 'may not specify more than 1 handler type')
}

export const exactlyOneSource: Check = (volume, report) => {
  const [, ...more] = Object.keys(volume).filter((name) => name !== 'name')
  for (const name of more) report('Forbidden', name, undefined, 'may not specify more than 1 volume type')
}

export const tolerationRules: Check = (
  { key = '', operator = 'Equal', value = '', effect, tolerationSeconds },
  report,
) => {
  if (key === '' && operator !== 'Exists') {
    const words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    report('Invalid value', 'operator', operator, words)
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    report('Invalid value', 'effect', effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set")
  }
  if (operator === 'Exists' && value !== '') {
    report('Invalid value', 'operator', value, "value must be empty when `operator` is 'Exists'")
  }
}

function duplicates(list: readonly Loose[] | undefined, path: string, member: string, report: Report): void {
  const seen = new Set<unknown>()
  for (const [i, item] of each(list)) {
    const value = item[member]
    if (value === undefined || value === '') continue
    if (seen.has(value)) report('Duplicate value', `${path}[${i}].${member}`, value)
    seen.add(value)
  }
}

function labels(map: Loose, path: string, report: Report): void {
  for (const key of Object.keys(map)) {
    for (const fault of qualifiedName(key)) report('Invalid value', path, key, fault)
    for (const fault of labelValue(map[key])) report('Invalid value', path, map[key], fault)
  }
}

function each(list: readonly Loose[] | undefined): Iterable<[number, Loose]> {
  return (list ?? []).entries()
}
