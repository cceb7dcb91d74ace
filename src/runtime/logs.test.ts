import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { ContainerState, Pod } from '../objects/types.ts'
import { labels } from './labels.ts'
import { chooseLog, sinceOf } from './logs.ts'

function pod(state?: ContainerState): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u1' },
    spec: { containers: [{ name: 'main', image: 'app:1' }] },
    status: state === undefined ? {} : { containerStatuses: [{ name: 'main', state }] },
  } as unknown as Pod
}

function seen(attempt: number, state: Container['state'], container = 'main'): Container {
  const own = { [labels.container]: container, [labels.attempt]: String(attempt) }
  return { id: `${container}-${attempt}`, name: '', labels: own, image: '', imageId: '', state }
}

const running = { running: { startedAt: '2026-01-02T03:04:05Z' } }
const crashing = { waiting: { reason: 'CrashLoopBackOff' } }
const ended = { terminated: { exitCode: 0 } } as ContainerState
const what = 'container "main" in pod "web"'

describe('which container is meant', () => {
  it.each<[string, boolean, ContainerState | undefined, Container[], string]>([
    ['the one that runs', false, running, [seen(0, 'running')], 'main-0'],
    ['the last try', false, running, [seen(1, 'running'), seen(0, 'exited')], 'main-1'],
    [
      'the last that ran, while the next is being made',
      false,
      crashing,
      [seen(0, 'exited'), seen(1, 'created')],
      'main-0',
    ],
    ['what runs though its status is not written yet', false, undefined, [seen(0, 'running')], 'main-0'],
    ['the one before', true, running, [seen(0, 'exited'), seen(1, 'exited'), seen(2, 'running')], 'main-1'],
    ['the last, while it waits for its next start', true, crashing, [seen(0, 'exited'), seen(1, 'exited')], 'main-1'],
    ['the one before, after its end', true, ended, [seen(0, 'exited'), seen(1, 'exited')], 'main-0'],
  ])('%s', (_, previous, state, containers, id) => {
    expect(chooseLog(pod(state), 'main', previous, containers)).toEqual({ type: 'found', id })
  })

  it.each<[string, boolean, ContainerState | undefined, Container[], string]>([
    ['nothing is known', false, undefined, [], `${what} is waiting to start: ContainerCreating`],
    [
      'it is being made',
      false,
      { waiting: { reason: 'PodInitializing' } },
      [],
      `${what} is waiting to start: PodInitializing`,
    ],
    [
      'it was made, not started',
      false,
      undefined,
      [seen(0, 'created')],
      `${what} is waiting to start: ContainerCreating`,
    ],
    [
      'its image cannot be had',
      false,
      { waiting: { reason: 'ErrImagePull' } },
      [],
      `${what} is waiting to start: image can't be pulled`,
    ],
    [
      'its image is tried again',
      false,
      { waiting: { reason: 'ImagePullBackOff' } },
      [],
      `${what} is waiting to start: trying and failing to pull image`,
    ],
    ['it is removed', false, ended, [], `${what} is terminated`],
    [
      'another one ran',
      false,
      undefined,
      [seen(0, 'running', 'side')],
      `${what} is waiting to start: ContainerCreating`,
    ],
    ['it never ran before', true, running, [seen(0, 'running')], `previous terminated ${what} not found`],
    ['it ended for good', true, ended, [seen(0, 'exited')], `previous terminated ${what} not found`],
  ])('none when %s', (_, previous, state, containers, message) => {
    expect(chooseLog(pod(state), 'main', previous, containers)).toEqual({ type: 'refused', message })
  })
})

describe('from when on', () => {
  it.each([
    [{}, undefined],
    [{ sinceMs: 5 }, 5],
    [{ sinceSeconds: 10 }, 90_000],
  ])('%j', (options, sinceMs) => {
    expect(sinceOf({ follow: false, previous: false, timestamps: false, ...options }, 100_000)).toBe(sinceMs)
  })
})
