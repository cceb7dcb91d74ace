import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { Condition, Pod, PodStatus } from '../objects/types.ts'
import { fixtureContainer, fixturePod } from './fixture.ts'
import { type ContainerMemory, emptyMemory, memoryOf } from './pods.ts'
import { podStatus, type StatusInput } from './status.ts'

const input: StatusInput = { hostIP: '192.0.2.1', declaredLost: false, wallMs: Date.UTC(2026, 0, 1), nowMs: 5_000 }
const at = '2026-01-01T00:00:00Z'

function statusOf(pod: Pod, containers: readonly Container[], memory: Partial<ContainerMemory> = {}): PodStatus {
  const remembered = { ...emptyMemory, containers: { main: { ...memoryOf(emptyMemory, 'main'), ...memory } } }
  return podStatus(pod, { containers, memory: remembered }, input)
}

function condition(status: PodStatus, type: string): Condition | undefined {
  return status.conditions?.find((each) => each.type === type)
}

describe('the status of a pod', () => {
  it('that runs', () => {
    const status = statusOf(fixturePod(), [fixtureContainer(0, 'running')])
    expect(status).toEqual({
      phase: 'Running',
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }],
      podIP: '10.0.0.2',
      podIPs: [{ ip: '10.0.0.2' }],
      startTime: at,
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Initialized', status: 'True', lastTransitionTime: at },
        { type: 'ContainersReady', status: 'True', lastTransitionTime: at },
        { type: 'Ready', status: 'True', lastTransitionTime: at },
      ],
      containerStatuses: [
        {
          name: 'main',
          state: { running: { startedAt: '1970-01-01T00:16:40Z' } },
          ready: true,
          started: true,
          restartCount: 0,
          image: 'bb:1',
          imageID: 'docker://sha256:0',
          containerID: 'docker://c0',
        },
      ],
    })
  })

  it('says the same again while nothing changes, whatever the time', () => {
    const pod = fixturePod()
    const containers = [fixtureContainer(0, 'exited'), fixtureContainer(1, 'running')]
    const status = statusOf(pod, containers)
    const later = { ...input, wallMs: input.wallMs + 3_600_000, nowMs: 9_000_000 }
    expect(podStatus({ ...pod, status }, { containers, memory: emptyMemory }, later)).toEqual(status)
  })

  const died = fixtureContainer(3, 'exited')
  const refused = fixtureContainer(3, 'created', { error: 'no such program' })
  const pulling = { fault: { reason: 'ErrImagePull', message: 'no registry' }, retryAtMs: 9_000 }
  const terminated = {
    exitCode: 1,
    reason: 'Error',
    startedAt: '1970-01-01T00:16:40Z',
    finishedAt: '1970-01-01T00:16:41Z',
    containerID: 'docker://c3',
  }
  const rows: readonly [string, Container[], Partial<ContainerMemory>, string, object][] = [
    ['being made', [], {}, 'Pending', { state: { waiting: { reason: 'ContainerCreating' } }, restartCount: 0 }],
    [
      'whose image cannot be had',
      [],
      { ...pulling, faults: 1 },
      'Pending',
      { state: { waiting: { reason: 'ErrImagePull', message: 'no registry' } } },
    ],
    [
      'whose image cannot be had for some time',
      [],
      { ...pulling, faults: 2 },
      'Pending',
      { state: { waiting: { reason: 'ImagePullBackOff', message: 'no registry' } } },
    ],
    ['just dead', [died], { retryAtMs: 5_000 }, 'Running', { state: { terminated }, restartCount: 3, ready: false }],
    [
      'that dies again and again',
      [died],
      { deaths: 4, retryAtMs: 45_000 },
      'Running',
      {
        state: {
          waiting: {
            reason: 'CrashLoopBackOff',
            message:
              'back-off 40s restarting failed container=main pod=web_default(11112222-3333-4444-8555-666677778888)',
          },
        },
        lastState: { terminated },
        restartCount: 3,
      },
    ],
    [
      'that was started again',
      [died, fixtureContainer(4, 'running')],
      {},
      'Running',
      { lastState: { terminated }, restartCount: 4, ready: true },
    ],
    [
      'whose program is not there',
      [refused],
      { deaths: 1, retryAtMs: 15_000 },
      'Running',
      {
        state: { waiting: { reason: 'RunContainerError', message: 'no such program' } },
        lastState: { terminated: { exitCode: 128, reason: 'StartError' } },
      },
    ],
    [
      'that took too much memory',
      [fixtureContainer(3, 'exited', { oomKilled: true, exitCode: 137 })],
      {},
      'Running',
      { state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } },
    ],
  ]
  it.each(rows)('%s', (_what, containers, memory, phase, shown) => {
    const status = statusOf(fixturePod(), containers, memory)
    expect(status.phase).toBe(phase)
    expect(status.containerStatuses?.[0]).toMatchObject(shown)
    const ready = status.containerStatuses?.[0]?.ready === true ? 'True' : 'False'
    expect(condition(status, 'Ready')?.status).toBe(ready)
    expect(condition(status, 'ContainersReady')?.status).toBe(ready)
  })

  it.each([
    ['Never', 0, 'Succeeded', 'PodCompleted'],
    ['Never', 3, 'Failed', 'PodFailed'],
    ['OnFailure', 0, 'Succeeded', 'PodCompleted'],
    ['OnFailure', 3, 'Running', 'ContainersNotReady'],
    ['Always', 0, 'Running', 'ContainersNotReady'],
  ] as const)('with policy %s after exit code %d: %s', (restartPolicy, exitCode, phase, reason) => {
    const status = statusOf(fixturePod({ spec: { restartPolicy } }), [fixtureContainer(0, 'exited', { exitCode })])
    expect(status.phase).toBe(phase)
    expect(condition(status, 'Ready')).toMatchObject({ status: 'False', reason })
  })

  it('that has ended stays as it ended, without containers too', () => {
    const pod = fixturePod({ spec: { restartPolicy: 'Never' } })
    const ended = statusOf(pod, [fixtureContainer(0, 'exited', { exitCode: 0 })])
    expect(statusOf({ ...pod, status: ended }, []).phase).toBe('Succeeded')
  })

  it('does not go back to Pending when its container was removed by hand', () => {
    const pod = fixturePod()
    const status = statusOf({ ...pod, status: statusOf(pod, [fixtureContainer(2, 'running')]) }, [])
    expect(status.phase).toBe('Running')
    expect(status.podIP).toBeUndefined()
    expect(status.containerStatuses?.[0]).toMatchObject({ restartCount: 2, containerID: 'docker://c2', ready: false })
  })

  it('keeps its phase while it is being deleted', () => {
    const pod = fixturePod({
      metadata: { deletionTimestamp: at },
      spec: { restartPolicy: 'Never' },
      status: { phase: 'Running' },
    })
    const status = statusOf(pod, [fixtureContainer(0, 'exited', { exitCode: 143 })])
    expect(status.phase).toBe('Running')
    expect(status.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143)
    expect(condition(status, 'Ready')?.status).toBe('False')
  })

  it('leaves the word of the leader about a lost node as long as it stands', () => {
    const conditions = [{ type: 'Ready', status: 'False', reason: 'NodeLost', lastTransitionTime: 'then' }]
    const pod = fixturePod({ status: { phase: 'Running', conditions } })
    const observed = { containers: [fixtureContainer(0, 'running')], memory: emptyMemory }
    const lost = podStatus(pod, observed, { ...input, declaredLost: true })
    expect(condition(lost, 'Ready')).toEqual(conditions[0])
    expect(condition(podStatus(pod, observed, input), 'Ready')?.status).toBe('True')
  })

  it('on the host network has its address', () => {
    const pod = fixturePod({ spec: { hostNetwork: true } })
    expect(statusOf(pod, [fixtureContainer(0, 'running', { address: undefined })]).podIP).toBe('192.0.2.1')
  })
})
