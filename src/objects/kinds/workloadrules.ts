import { selects } from '../labelselector.ts'
import { labelValue, qualifiedName } from '../rules.ts'
import type { Check, Loose, Report } from '../schema.ts'

/** What must be true of what makes pods from a template, in upstream's words. */

/** `owner`: as a refusal names it. */
export function workloadRules(owner: string): Check {
  return (spec, report) => {
    const { selector = {}, template = {} } = spec
    const labels: Record<string, string> = template.metadata?.labels ?? {}
    labelSelectorRules(selector, 'selector', report)
    if (isEmpty(selector)) {
      report('Invalid value', 'selector', selector, `empty selector is invalid for ${owner}`)
    } else if (isWellFormed(selector) && !selects(selector, labels)) {
      report('Invalid value', 'template.metadata.labels', labels, '`selector` does not match template `labels`')
    }
    templateRules(template.spec ?? {}, report)
  }
}

/** Pods that are replaced when they end are always restarted, and have no end of their own. */
function templateRules({ restartPolicy = 'Always', activeDeadlineSeconds }: Loose, report: Report): void {
  if (restartPolicy !== 'Always') {
    report('Unsupported value', 'template.spec.restartPolicy', restartPolicy, 'supported values: "Always"')
  }
  if (activeDeadlineSeconds !== undefined) {
    report(
      'Forbidden',
      'template.spec.activeDeadlineSeconds',
      undefined,
      'activeDeadlineSeconds in ReplicaSet is not Supported',
    )
  }
}

export const deploymentRules: Check = ({ progressDeadlineSeconds, minReadySeconds = 0 }, report) => {
  if (progressDeadlineSeconds === undefined || progressDeadlineSeconds > minReadySeconds) return
  report('Invalid value', 'progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds')
}

export const strategyRules: Check = ({ type, rollingUpdate }, report) => {
  if (type === 'Recreate' && rollingUpdate !== undefined) {
    const words = "may not be specified when strategy `type` is 'Recreate'"
    report('Forbidden', 'rollingUpdate', undefined, words)
  }
  if (type !== 'RollingUpdate' || rollingUpdate === undefined) return
  const { maxUnavailable, maxSurge } = rollingUpdate
  const both = [
    countOrShare(maxUnavailable, 'rollingUpdate.maxUnavailable', report),
    countOrShare(maxSurge, 'rollingUpdate.maxSurge', report),
  ]
  if (both.every((number) => number === 0)) {
    const words = 'may not be 0 when `maxSurge` is 0'
    report('Invalid value', 'rollingUpdate.maxUnavailable', maxUnavailable, words)
  }
  if (typeof maxUnavailable === 'string' && (both[0] ?? 0) > 100) {
    report('Invalid value', 'rollingUpdate.maxUnavailable', maxUnavailable, 'must not be greater than 100%')
  }
}

/** The number in it; null when there is none. */
function countOrShare(value: unknown, path: string, report: Report): number | null {
  if (typeof value === 'number') {
    if (value < 0) report('Invalid value', path, value, 'must be greater than or equal to 0')
    return value
  }
  const share = /^(\d{1,9})%$/.exec(String(value))
  if (share === null) {
    const words =
      "a valid percent string must be a numeric string followed by an ending '%' " +
      "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
    report('Invalid value', path, value, words)
    return null
  }
  return Number(share[1])
}

/** Keys and values of labels, and as many values as the operator takes. */
export function labelSelectorRules(selector: Loose, path: string, report: Report): void {
  const { matchLabels = {}, matchExpressions = [] } = selector
  for (const key of Object.keys(matchLabels)) {
    for (const fault of qualifiedName(key)) report('Invalid value', `${path}.matchLabels`, key, fault)
    for (const fault of labelValue(matchLabels[key])) {
      report('Invalid value', `${path}.matchLabels`, matchLabels[key], fault)
    }
  }
  for (const [i, { key, operator, values = [] }] of (matchExpressions as Loose[]).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    const wantsValues = operator === 'In' || operator === 'NotIn'
    if (wantsValues && values.length === 0) {
      const words = "must be specified when `operator` is 'In' or 'NotIn'"
      report('Required value', `${at}.values`, undefined, words)
    }
    if (!wantsValues && values.length > 0) {
      const words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      report('Forbidden', `${at}.values`, undefined, words)
    }
    for (const fault of qualifiedName(key)) report('Invalid value', `${at}.key`, key, fault)
    for (const [j, value] of (values as unknown[]).entries()) {
      for (const fault of labelValue(value)) report('Invalid value', `${at}.values[${j}]`, value, fault)
    }
  }
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: Loose): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

/** Whether every operator is one; where not, that is refused by itself. */
function isWellFormed({ matchExpressions = [] }: Loose): boolean {
  const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist']
  return (matchExpressions as Loose[]).every(({ operator }) => operators.includes(operator))
}
