import { compareQuantities } from '../quantity.ts'
import { labelValue, qualifiedName } from '../rules.ts'
import type { Check, Loose, Report } from '../schema.ts'

/** What must be true between the fields of a pod, in upstream's words. */

export const podSpecRules: Check = (spec, report) => {
  duplicates(spec.containers, 'containers', 'name', report)
  duplicates(spec.volumes, 'volumes', 'name', report)
  labels(spec.nodeSelector ?? {}, 'nodeSelector', report)
  for (const [i, container] of each(spec.containers)) {
    for (const [j, port] of each(container.ports)) {
      if (spec.hostNetwork !== true || !port.hostPort || port.hostPort === port.containerPort) continue
      const path = `containers[${i}].ports[${j}].containerPort`
      report('Invalid value', path, port.containerPort, 'must match `hostPort` when `hostNetwork` is true')
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
  for (const [i, { mountPath }] of each(container.volumeMounts)) {
    if (paths.has(mountPath)) report('Invalid value', `volumeMounts[${i}].mountPath`, mountPath, 'must be unique')
    paths.add(mountPath)
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
