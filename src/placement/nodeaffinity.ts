import type { Node, PodSpec } from '../objects/types.ts'

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>
type NodeSelector = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>
type Term = NodeSelector['nodeSelectorTerms'][number]
type Requirement = NonNullable<Term['matchExpressions']>[number]

/** Whether the node has the labels that the pod must have of it: each of its selector, and all of one of its terms. */
export function suitsLabels(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false
  return suitsAffinity(spec, node)
}

export function suitsAffinity(spec: PodSpec, node: Node): boolean {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some((term) => holds(term, node))
}

/** The sum of the weights of what the pod would like and the node has. */
export function likingOf(spec: PodSpec, node: Node): number {
  const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return preferred.reduce((sum, { weight, preference }) => sum + (holds(preference, node) ? weight : 0), 0)
}

/** An empty term holds for no node. */
function holds({ matchExpressions = [], matchFields = [] }: Term, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    matchExpressions.every((requirement) => fulfils(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => {
      return fulfils(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined)
    })
  )
}

function fulfils({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0])
    case 'Lt':
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0])
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d{1,15}$/.test(text)
}
