import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { Condition, Pod, PodStatus } from '../objects/types.ts'
import { fixtureContainer, fixtureOther, fixturePod, fixtureSandbox, noVerdicts, settledMemory } from './fixture.ts'
import { type ContainerMemory, emptyMemory, memoryOf, rememberVolumes } from './memory.ts'
import { podStatus, type StatusInput } from './status.ts'

const input: StatusInput = { hostIP: '192.0.2.1', declaredLost: false, wallMs: Date.UTC(2026, 0, 1), nowMs: 5_000 }
const at = '2026-01-01T00:00:00Z'

function statusOf(pod: Pod, containers: readonly Container[], memory: Partial<ContainerMemory> = {}): PodStatus {
  const remembered = { ...settledMemory, containers: { main: { ...memoryOf(emptyMemory, 'main'), ...memory } } }
  const observed = { containers: [fixtureSandbox(0, 'running'), ...containers], memory: remembered }
  return podStatus(pod, { ...observed, verdicts: noVerdicts }, input)
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
    // Also to a daemon that has just begun, and remembers nothing.
    const observed = { containers: [fixtureSandbox(0, 'running'), ...containers], memory: emptyMemory }
    expect(podStatus({ ...pod, status }, { ...observed, verdicts: noVerdicts }, later)).toEqual(status)
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
        lastState: { terminated: { exitCode: 128, reason: 'ContainerCannotRun' } },
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
    const containers = [fixtureSandbox(0, 'running'), fixtureContainer(0, 'running')]
    const observed = { containers, memory: settledMemory, verdicts: noVerdicts }
    const lost = podStatus(pod, observed, { ...input, declaredLost: true })
    expect(condition(lost, 'Ready')).toEqual(conditions[0])
    expect(condition(podStatus(pod, observed, input), 'Ready')?.status).toBe('True')
  })

  it('has no address before its first container, nor when its sandbox is gone', () => {
    expect(statusOf(fixturePod(), []).podIP).toBeUndefined()
    const observed = { containers: [fixtureContainer(0, 'running')], memory: settledMemory, verdicts: noVerdicts }
    expect(podStatus(fixturePod({ status: { podIP: '10.0.0.2' } }), observed, input).podIP).toBeUndefined()
  })

  it('keeps its last words, also when the file is gone', () => {
    const observed = {
      containers: [died],
      memory: { ...emptyMemory, messages: { c3: 'disk full' } },
      verdicts: noVerdicts,
    }
    const pod = fixturePod({ spec: { restartPolicy: 'Never' } })
    const status = podStatus(pod, observed, input)
    expect(status.containerStatuses?.[0]?.state?.terminated).toMatchObject({ message: 'disk full', exitCode: 1 })
    const later = podStatus({ ...pod, status }, { ...observed, memory: emptyMemory }, input)
    expect(later.containerStatuses?.[0]?.state?.terminated?.message).toBe('disk full')
  })

  it('is ready when its probes say so, each container for itself', () => {
    const spec = {
      containers: [
        { name: 'main', image: 'bb:1' },
        { name: 'other', image: 'bb:1' },
      ],
    }
    const containers = [
      fixtureSandbox(0, 'running'),
      fixtureContainer(0, 'running'),
      fixtureOther('other', 0, 'running'),
    ]
    const slow = new Map([['other0', { started: true, ready: false, unhealthy: null }]])
    const status = podStatus(fixturePod({ spec }), { containers, memory: settledMemory, verdicts: slow }, input)
    expect(status.containerStatuses?.map(({ ready }) => ready)).toEqual([true, false])
    const message = 'containers with unready status: [other]'
    expect(condition(status, 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message })
  })

  it('a probe that has said nothing yet is no good word', () => {
    const readinessProbe = { exec: { command: ['true'] } }
    const status = statusOf(fixturePod({ container: { readinessProbe } }), [fixtureContainer(0, 'running')])
    expect(status.containerStatuses?.[0]).toMatchObject({ ready: false, started: true })
  })

  it('stays as ready as it was told to be until the probes of a new daemon have spoken', () => {
    const pod = fixturePod({ container: { readinessProbe: { exec: { command: ['true'] } } } })
    const containers = [fixtureSandbox(0, 'running'), fixtureContainer(0, 'running')]
    const up = new Map([['c0', { started: true, ready: true, unhealthy: null }]])
    const status = podStatus(pod, { containers, memory: settledMemory, verdicts: up }, input)
    expect(podStatus({ ...pod, status }, { containers, memory: emptyMemory, verdicts: noVerdicts }, input)).toEqual(
      status,
    )
    const another = [fixtureSandbox(0, 'running'), fixtureContainer(1, 'running')]
    const next = podStatus(
      { ...pod, status },
      { containers: another, memory: emptyMemory, verdicts: noVerdicts },
      input,
    )
    expect(next.containerStatuses?.[0]?.ready).toBe(false)
  })

  describe('with init containers', () => {
    const initContainers = [
      { name: 'first', image: 'bb:1' },
      { name: 'side', image: 'bb:1', restartPolicy: 'Always' },
    ]
    const pod = fixturePod({ spec: { initContainers } })
    const done = fixtureOther('first', 0, 'exited', { exitCode: 0 })

    it('waits for them, and says for which', () => {
      const status = statusOf(pod, [fixtureOther('first', 0, 'running')])
      expect(status.phase).toBe('Pending')
      const message = 'containers with incomplete status: [first side]'
      expect(condition(status, 'Initialized')).toMatchObject({ status: 'False', message })
      expect(status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } })
      expect(status.initContainerStatuses?.map(({ ready }) => ready)).toEqual([false, false])
    })

    it('runs when they have done their part, and its sidecar counts with the others', () => {
      const containers = [done, fixtureOther('side', 0, 'running'), fixtureContainer(0, 'running')]
      const status = statusOf(pod, containers)
      expect(status).toMatchObject({
        phase: 'Running',
        initContainerStatuses: [{ ready: true }, { ready: true, started: true }],
      })
      expect(condition(status, 'Ready')?.status).toBe('True')
      const without = statusOf({ ...pod, status }, [done, fixtureContainer(0, 'running')])
      expect(condition(without, 'Ready')?.message).toBe('containers with unready status: [side]')
      expect(condition(without, 'Initialized')?.status).toBe('True')
    })

    it('has ended when the sidecar has, too', () => {
      const job = fixturePod({ spec: { initContainers, restartPolicy: 'Never' }, status: { phase: 'Running' } })
      const main = fixtureContainer(0, 'exited', { exitCode: 0 })
      expect(statusOf(job, [done, fixtureOther('side', 0, 'running'), main]).phase).toBe('Running')
      expect(statusOf(job, [done, fixtureOther('side', 0, 'exited'), main]).phase).toBe('Succeeded')
    })

    it('has failed when one of them failed and nothing is tried twice', () => {
      const once = fixturePod({ spec: { initContainers, restartPolicy: 'Never' } })
      expect(statusOf(once, [fixtureOther('first', 0, 'exited')]).phase).toBe('Failed')
    })
  })

  it('says what keeps its containers from being made', () => {
    const memory = rememberVolumes(emptyMemory, { reason: 'FailedMount', message: 'configmap "c" not found' }, 0)
    const status = podStatus(fixturePod(), { containers: [], memory, verdicts: noVerdicts }, input)
    const waiting = { reason: 'ContainerCreating', message: 'configmap "c" not found' }
    expect(status.containerStatuses?.[0]?.state).toEqual({ waiting })
  })
})
