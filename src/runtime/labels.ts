import type { Container } from '../host/host.ts'

/** By these labels a node's containers are found again, by this daemon or the next, among those of others on the same engine. */
export const labels = {
  cluster: 'skein.dev/cluster',
  node: 'skein.dev/node',
  namespace: 'skein.dev/namespace',
  pod: 'skein.dev/pod',
  uid: 'skein.dev/pod-uid',
  container: 'skein.dev/container',
  /** Counts the containers made for one container of a pod, from 0. */
  attempt: 'skein.dev/attempt',
  /** The image as the pod named it. */
  image: 'skein.dev/image',
  /** The id of the sandbox that it was made to join. */
  sandbox: 'skein.dev/sandbox',
} as const

/** What the pause container, which holds a pod's namespaces, calls itself. No container of a pod can: those are in lower case. */
export const sandboxName = 'POD'

export function isSandbox(seen: Container): boolean {
  return seen.labels[labels.container] === sandboxName
}

export function containerOf(seen: Container): string {
  return seen.labels[labels.container] ?? ''
}

/** A container of the engine as one try to run a container of a pod. */
export interface Attempt {
  readonly attempt: number
  readonly seen: Container
}

/** The tries of one container of a pod, oldest first. */
export function attemptsOf(name: string, containers: readonly Container[]): readonly Attempt[] {
  return containers
    .filter((seen) => seen.labels[labels.container] === name)
    .map((seen) => ({ attempt: attemptOf(seen), seen }))
    .sort((a, b) => a.attempt - b.attempt)
}

function attemptOf(seen: Container): number {
  const attempt = Number(seen.labels[labels.attempt])
  return Number.isSafeInteger(attempt) && attempt >= 0 ? attempt : 0
}

export function sandboxOf(seen: Container): string {
  return seen.labels[labels.sandbox] ?? ''
}

/** It was made but the engine could not start it. */
export function failedToStart({ seen }: Attempt): boolean {
  return seen.state === 'created' && seen.error !== undefined
}

export function hasEnded(attempt: Attempt): boolean {
  return attempt.seen.state === 'exited' || failedToStart(attempt)
}

/** A name that says in `docker ps` what runs, and that no two tries share. */
export function containerName(of: {
  readonly pod: string
  readonly namespace: string
  readonly container: string
  readonly attempt: number
  readonly uid: string
}): string {
  const parts = [of.pod.slice(0, namePartMax), of.namespace, of.container, String(of.attempt), of.uid.slice(0, 8)]
  return ['skein', ...parts].join('_').replace(/[^a-zA-Z0-9_.-]/g, '-')
}

const namePartMax = 63
