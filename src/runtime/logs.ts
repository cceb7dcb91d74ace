import type { Container } from '../host/host.ts'
import type { PodLogOptions } from '../objects/podaccess.ts'
import type { ContainerStatus, Pod } from '../objects/types.ts'
import { attemptsOf } from './labels.ts'

/**
 * Decides which container of the engine a user means who asks for the log of one of a pod's, or says, in Kubernetes'
 * words, why there is none (`validateContainerLogStatus`, pkg/kubelet/kubelet_pods.go). The engine is asked what ran:
 * a status that was written a moment ago may be behind it.
 */
export type Choice =
  | { readonly type: 'found'; readonly id: string }
  | { readonly type: 'refused'; readonly message: string }

/** `containers`: all that the engine has of this pod. */
export function chooseLog(pod: Pod, container: string, previous: boolean, containers: readonly Container[]): Choice {
  const what = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name)}`
  const status = statusOf(pod, container)
  const ran = attemptsOf(container, containers).filter(({ seen }) => seen.state !== 'created')
  const last = ran.at(-1)?.seen
  if (previous) {
    // While it waits for its next start, its last life is the previous one.
    const before = last?.state === 'exited' && status?.state?.waiting !== undefined ? last : ran.at(-2)?.seen
    return before === undefined ? refused(`previous terminated ${what} not found`) : found(before)
  }
  if (last !== undefined) return found(last)
  if (status?.state?.terminated !== undefined) return refused(`${what} is terminated`)
  return refused(`${what} is waiting to start: ${waitingFor(status)}`)
}

function found({ id }: Container): Choice {
  return { type: 'found', id }
}

function refused(message: string): Choice {
  return { type: 'refused', message }
}

function statusOf({ status }: Pod, name: string): ContainerStatus | undefined {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    (one) => one.name === name,
  )
}

const reasons: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
}

function waitingFor(status: ContainerStatus | undefined): string {
  const reason = status?.state?.waiting?.reason ?? 'ContainerCreating'
  return reasons[reason] ?? reason
}

/** From when on, in this node's time; absent: from the beginning. */
export function sinceOf({ sinceMs, sinceSeconds }: PodLogOptions, nowMs: number): number | undefined {
  return sinceSeconds === undefined ? sinceMs : nowMs - sinceSeconds * 1000
}
