import { unreachable } from '../lib/assert.ts'
import { type LabelSelector, matchesLabels, type Requirement } from './selector.ts'

/** A selector as objects hold it. */
export interface SelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    readonly values?: readonly string[]
  }[]
}

/** The same as requirements; null for a selector that is not there, which selects nothing. An empty one selects all. */
export function requirementsOf(selector: SelectorObject | undefined): LabelSelector | null {
  if (selector === undefined) return null
  const equal = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'in', values: [value] }),
  )
  const others = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => {
    switch (operator) {
      case 'In':
        return { key, operator: 'in', values }
      case 'NotIn':
        return { key, operator: 'notin', values }
      case 'Exists':
        return { key, operator: 'exists', values: [] }
      case 'DoesNotExist':
        return { key, operator: '!', values: [] }
      default:
        return unreachable(operator)
    }
  })
  return [...equal, ...others]
}

export function selects(
  selector: SelectorObject | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const requirements = requirementsOf(selector)
  return requirements !== null && matchesLabels(requirements, labels)
}

/** As text that `parseLabelSelector` reads: `app=web,tier in (a,b),!old`. Empty where nothing or all is selected. */
export function formatSelector(selector: SelectorObject | undefined): string {
  return (requirementsOf(selector) ?? []).map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const [value = ''] = values
  switch (operator) {
    case 'in':
      return values.length === 1 ? `${key}=${value}` : `${key} in (${[...values].sort().join(',')})`
    case 'notin':
      return `${key} notin (${[...values].sort().join(',')})`
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case '>':
    case '<':
      return `${key}${operator}${value}`
    default:
      return unreachable(operator)
  }
}
