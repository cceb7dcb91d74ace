import type { Container } from '../host/host.ts'
import type { Pod, Container as PodContainer, PodSpec, PodStatus } from '../objects/types.ts'
import { labels, sandboxName } from './labels.ts'
import { emptyMemory, type PodMemory, rememberAttached, rememberVolumes } from './memory.ts'
import type { Verdicts } from './step.ts'

/** For tests: a pod named web, bound to n1, and containers as the engine would show them. */

export interface FixturePod {
  readonly metadata?: Partial<Pod['metadata']>
  readonly spec?: Partial<PodSpec>
  readonly container?: Partial<PodContainer>
  readonly status?: PodStatus
}

export function fixturePod({ metadata, spec, container, status }: FixturePod = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: '11112222-3333-4444-8555-666677778888', ...metadata },
    spec: {
      nodeName: 'n1',
      restartPolicy: 'Always',
      containers: [{ name: 'main', image: 'bb:1', imagePullPolicy: 'IfNotPresent', ...container }],
      ...spec,
    },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }], ...status },
  }
}

/** `attempt` 0 is `c0`, and so on. */
export function fixtureContainer(attempt: number, state: Container['state'], more: Partial<Container> = {}): Container {
  return {
    id: `c${attempt}`,
    name: `skein_web_default_main_${attempt}_11112222`,
    labels: {
      [labels.container]: 'main',
      [labels.attempt]: String(attempt),
      [labels.image]: 'bb:1',
      [labels.sandbox]: 'p0',
    },
    image: 'bb:1',
    imageId: 'sha256:0',
    state,
    ...(state !== 'created' && { startedAtMs: 1_000_000 }),
    ...(state === 'exited' && { finishedAtMs: 1_001_000, exitCode: 1, oomKilled: false }),
    ...(state === 'running' && { pid: 100 + attempt }),
    ...more,
  }
}

/** Another container of the pod than `main`, with ids of its own: `init0`, `init1` … */
export function fixtureOther(
  name: string,
  attempt: number,
  state: Container['state'],
  more: Partial<Container> = {},
): Container {
  const { labels: base, ...rest } = fixtureContainer(attempt, state, { id: `${name}${attempt}`, ...more })
  return { ...rest, labels: { ...base, [labels.container]: name } }
}

/** The sandbox that `attempt` made: `p0`, and so on. */
export function fixtureSandbox(attempt: number, state: Container['state'], more: Partial<Container> = {}): Container {
  return fixtureOther(sandboxName, attempt, state, { id: `p${attempt}`, address: '10.0.0.2', ...more })
}

/** Volumes are there, and the sandbox `p0` has its network. */
export const settledMemory: PodMemory = rememberAttached(rememberVolumes(emptyMemory, null, 0), 'p0', '10.0.0.2')

export const noVerdicts: Verdicts = new Map()
