import { sameJson } from '../lib/equal.ts'
import type { Deployment, ReplicaSet } from '../objects/types.ts'
import { nameFrom } from './names.ts'

/** Templates of a Deployment through time: each has a ReplicaSet, a hash and a number, all as kubectl reads them. */

export const hashLabel = 'pod-template-hash'
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const historyAnnotation = 'deployment.kubernetes.io/revision-history'
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

type Template = ReplicaSet['spec']['template']
type Annotations = Readonly<Record<string, string>>

/** Follows from the template; `collisions` makes another one where somebody else has the name. */
export function templateHash(template: Template, collisions: number): string {
  return nameFrom(10, canonical(template), String(collisions))
}

/** The same text for the same value, however its members are ordered. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`
}

export function withHash(template: Template, hash: string): Template {
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [hashLabel]: hash } },
  } as Template
}

/** Whether the ReplicaSet makes pods of the Deployment's present template. */
export function isOfTemplate(set: ReplicaSet, deployment: Deployment): boolean {
  const { [hashLabel]: _hash, ...labels } = set.spec.template.metadata?.labels ?? {}
  const { labels: wanted = {}, ...metadata } = deployment.spec.template.metadata ?? {}
  const own = { ...set.spec.template.metadata, labels: undefined }
  return (
    sameJson(labels, { ...wanted, [hashLabel]: undefined }) &&
    sameJson(own, { ...metadata, labels: undefined }) &&
    sameJson(set.spec.template.spec, deployment.spec.template.spec)
  )
}

/** Zero: it has none yet. */
export function revisionOf({ metadata }: { readonly metadata: { readonly annotations?: Annotations } }): number {
  const text = metadata.annotations?.[revisionAnnotation] ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : 0
}

const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
])

const historyCharsMax = 2_000

/**
 * The annotations of the ReplicaSet of the present template: the Deployment's own, such as the cause of the change, and
 * its number. An older one that is taken up again gets a new number and remembers those it had.
 */
export function freshAnnotations(deployment: Deployment, set: ReplicaSet | null, revision: number): Annotations {
  const before = set?.metadata.annotations ?? {}
  const copied = Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.has(name)),
  )
  const old = set === null ? 0 : revisionOf(set)
  if (old >= revision) return { ...before, ...copied }
  const next = { ...before, ...copied, [revisionAnnotation]: String(revision) }
  if (old === 0) return next
  const history = [...(before[historyAnnotation] ?? '').split(',').filter((each) => each !== ''), String(old)]
  while (history.join().length > historyCharsMax) history.shift()
  return { ...next, [historyAnnotation]: history.join() }
}
