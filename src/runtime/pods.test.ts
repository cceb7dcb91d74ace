import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import { fixtureContainer, fixtureOther, fixturePod, fixtureSandbox, noVerdicts, settledMemory } from './fixture.ts'
import { labels } from './labels.ts'
import {
  type ContainerMemory,
  emptyMemory,
  forgetConfiguration,
  memoryOf,
  type PodMemory,
  rememberAttached,
  rememberFault,
  rememberMade,
  rememberVolumes,
} from './memory.ts'
import { reconcilePod } from './pods.ts'
import type { PodAction, Verdicts } from './step.ts'

const make = (attempt: number, container = 'main'): PodAction => ({ type: 'make', container, attempt, sandbox: 'p0' })
const start = (id: string): PodAction => ({ type: 'start', id, container: 'main' })
const stop = (id: string, graceMs: number, container = 'main'): PodAction => ({ type: 'stop', id, container, graceMs })
const remove = (id: string): PodAction => ({ type: 'remove', id })
const shelter = (attempt: number): PodAction => ({ type: 'shelter', attempt })
const attach = (sandbox: string): PodAction => ({ type: 'attach', sandbox })
const withdraw: PodAction = { type: 'withdraw', address: '10.0.0.2' }
const [fill, clean, forget]: readonly PodAction[] = [{ type: 'fill' }, { type: 'clean' }, { type: 'forget' }]
const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 }

const sandbox = fixtureSandbox(0, 'running')
const created = fixtureContainer(0, 'created')
const running = fixtureContainer(0, 'running')
const died = fixtureContainer(0, 'exited')
const succeeded = fixtureContainer(0, 'exited', { exitCode: 0 })
const refused = fixtureContainer(0, 'created', { error: 'no such program' })

function remembering(memory: Partial<ContainerMemory>): PodMemory {
  return { ...settledMemory, containers: { main: { ...memoryOf(emptyMemory, 'main'), ...memory } } }
}

function actionsOf(pod: Pod | null, containers: readonly Container[], memory: PodMemory, verdicts = noVerdicts) {
  return reconcilePod(pod, { containers, memory, verdicts }, 1000).actions
}

describe('the sandbox of a pod', () => {
  const pod = fixturePod()
  const rows: readonly [what: string, Container[], PodAction[], PodMemory][] = [
    ['nothing there: sandbox and volumes at once', [], [shelter(0), fill as PodAction], emptyMemory],
    [
      'it was made, by a daemon that died then: start it',
      [fixtureSandbox(0, 'created')],
      startSandbox(),
      settledMemory,
    ],
    ['it runs: give it its network', [sandbox], [fill as PodAction, attach('p0')], emptyMemory],
    [
      'without volumes no container',
      [sandbox],
      [fill as PodAction],
      { ...settledMemory, volumes: emptyMemory.volumes },
    ],
    ['without network no container', [sandbox], [attach('p0')], { ...settledMemory, network: emptyMemory.network }],
    ['with both, the container', [sandbox], [make(0)], settledMemory],
    [
      'it is gone: what lives in it ends, and another is made',
      [running],
      [stop('c0', 30_000), shelter(0)],
      settledMemory,
    ],
    ['it ended', [fixtureSandbox(0, 'exited')], [shelter(1), remove('p0')], settledMemory],
    [
      'another runs: first all leave the old one',
      [fixtureSandbox(1, 'running'), running],
      [stop('c0', 30_000), attach('p1')],
      settledMemory,
    ],
    [
      'what was never started in the old one goes',
      [created, fixtureSandbox(1, 'running')],
      [remove('c0'), attach('p1')],
      settledMemory,
    ],
    [
      'nor is it started there when the new one has its network',
      [created, fixtureSandbox(1, 'running')],
      [remove('c0')],
      rememberAttached(settledMemory, 'p1', '10.0.0.2'),
    ],
    [
      'of two that run the newest counts',
      [fixtureSandbox(1, 'running'), sandbox],
      [attach('p1'), remove('p0')],
      settledMemory,
    ],
  ]
  it.each(rows)('%s', (_what, containers, actions, memory) => {
    expect(actionsOf(pod, containers, memory)).toEqual(actions)
  })

  function startSandbox(): PodAction[] {
    return [{ type: 'start', id: 'p0', container: 'POD' }]
  }

  it('that dies again and again is waited for', () => {
    const first = reconcilePod(
      pod,
      { containers: [fixtureSandbox(0, 'exited')], memory: settledMemory, verdicts: noVerdicts },
      0,
    )
    const second = { containers: [fixtureSandbox(1, 'exited')], memory: first.memory, verdicts: noVerdicts }
    expect(reconcilePod(pod, second, 1000)).toMatchObject({ actions: [remove('p1')], wakeAtMs: 11_000 })
  })

  it('that was lost: what ended for that is made anew, though it ended well', () => {
    const job = fixturePod({ spec: { restartPolicy: 'OnFailure' } })
    const lost = reconcilePod(job, { containers: [running], memory: settledMemory, verdicts: noVerdicts }, 0)
    const memory = {
      ...lost.memory,
      network: { ...lost.memory.network, attached: { sandbox: 'p1', address: '10.0.0.2' } },
    }
    const again = { type: 'make', container: 'main', attempt: 1, sandbox: 'p1' }
    expect(actionsOf(job, [fixtureSandbox(1, 'running'), succeeded], memory)).toEqual([again])
    expect(actionsOf(job, [fixtureSandbox(1, 'running'), succeeded], settledMemory)).toEqual([remove('p1')])
  })

  it('goes when all has ended, and so does what the pod had on the disk', () => {
    const job = fixturePod({ spec: { restartPolicy: 'Never' } })
    expect(actionsOf(job, [sandbox, died], settledMemory)).toEqual([remove('p0')])
    expect(actionsOf(job, [died], settledMemory)).toEqual([])
    const finished = fixturePod({ spec: { restartPolicy: 'Never' }, status: { phase: 'Failed' } })
    expect(actionsOf(finished, [died], settledMemory)).toEqual([clean])
    expect(actionsOf(finished, [died], { ...settledMemory, cleaned: true })).toEqual([])
  })
})

describe('what to do next for a container', () => {
  const pod = fixturePod()
  const rows: readonly [what: string, Pod, Container[], PodAction[], PodMemory?][] = [
    ['made by a daemon that died then: start it', pod, [created], [start('c0')]],
    ['it runs: leave it', pod, [running], []],
    ['it died the first time: at once the next', pod, [died], [make(1)]],
    ['the dead before that goes', pod, [died, fixtureContainer(1, 'exited')], [make(2), remove('c0')]],
    ['one ended try is kept beside what runs', pod, [died, fixtureContainer(1, 'running')], []],
    [
      'only the newest ended try is kept',
      pod,
      [died, fixtureContainer(1, 'exited'), fixtureContainer(2, 'running')],
      [remove('c0')],
    ],
    ['it could not be started: not at once again', pod, [refused], []],
    ['removed by hand: made anew', pod, [], [make(5)], remembering({ attempt: 4 })],
    [
      'removed by hand, and the daemon is new: the status remembers',
      fixturePod({
        status: {
          phase: 'Running',
          conditions: [{ type: 'PodScheduled', status: 'True' }],
          containerStatuses: [
            { name: 'main', ready: true, restartCount: 6, image: 'bb:1', imageID: '', containerID: 'docker://x' },
          ],
        },
      }),
      [],
      [make(7)],
    ],
    [
      'two run, whatever happened: the older goes first',
      pod,
      [running, fixtureContainer(1, 'running')],
      [stop('c0', 2000)],
    ],
    ['a try that never ran goes before the next', pod, [created, fixtureContainer(1, 'exited')], [remove('c0')]],
    [
      'an image that was changed: made anew',
      fixturePod({ container: { image: 'bb:2' } }),
      [running],
      [stop('c0', 30_000)],
    ],
    ['and again after it has stopped', fixturePod({ container: { image: 'bb:2' } }), [succeeded], [make(1)]],
    [
      'a container that the pod does not have',
      pod,
      [running, fixtureOther('other', 0, 'running')],
      [stop('other0', 2000, 'other')],
    ],
    ['OnFailure: failure is no end', fixturePod({ spec: { restartPolicy: 'OnFailure' } }), [died], [make(1)]],
    ['Always: success is none', pod, [succeeded], [make(1)]],
  ]
  it.each(rows)('%s', (_what, desired, containers, actions, memory = settledMemory) => {
    expect(actionsOf(desired, [sandbox, ...containers], memory)).toEqual(actions)
  })

  it('whose probe finds it sick is ended, with the grace of the probe, and made anew', () => {
    const probed = fixturePod({ spec: { restartPolicy: 'OnFailure' } })
    const sick: Verdicts = new Map([['c0', { started: true, ready: false, unhealthy: { why: 'no', graceMs: 5000 } }]])
    const observed = { containers: [sandbox, running], memory: settledMemory, verdicts: sick }
    const step = reconcilePod(probed, observed, 1000)
    expect(step.actions).toEqual([stop('c0', 5000)])
    expect(actionsOf(probed, [sandbox, succeeded], step.memory)).toEqual([make(1)])
    const once = fixturePod({ spec: { restartPolicy: 'Never' } })
    expect(actionsOf(once, [sandbox, succeeded], step.memory)).toEqual([remove('p0')])
  })
})

describe('init containers and sidecars', () => {
  const spec = {
    initContainers: [
      { name: 'first', image: 'bb:1' },
      { name: 'side', image: 'bb:1', restartPolicy: 'Always' },
      { name: 'second', image: 'bb:1' },
    ],
  }
  const pod = fixturePod({ spec })
  const done = (name: string) => fixtureOther(name, 0, 'exited', { exitCode: 0 })
  const side = fixtureOther('side', 0, 'running')
  const rows: readonly [what: string, Container[], PodAction[]][] = [
    ['the first is alone', [], [make(0, 'first')]],
    ['while it runs nothing else does', [fixtureOther('first', 0, 'running')], []],
    ['it failed: again', [fixtureOther('first', 0, 'exited')], [make(1, 'first')]],
    ['it has done its part: the next', [done('first')], [make(0, 'side')]],
    ['a sidecar that runs lets the next go', [done('first'), side], [make(0, 'second')]],
    ['all are done: the others', [done('first'), side, done('second')], [make(0)]],
    [
      'a sidecar that dies is back, the others go on',
      [done('first'), fixtureOther('side', 0, 'exited'), done('second'), running],
      [make(1, 'side')],
    ],
    ['once the others have begun, none is done again', [side, running], []],
    ['not even when they die', [side, died], [make(1)]],
  ]
  it.each(rows)('%s', (_what, containers, actions) => {
    expect(actionsOf(pod, [sandbox, ...containers], settledMemory)).toEqual(actions)
  })

  it('are done again in another sandbox', () => {
    const memory = {
      ...settledMemory,
      network: { ...settledMemory.network, attached: { sandbox: 'p1', address: '10.0.0.2' } },
    }
    const containers = [fixtureSandbox(1, 'running'), done('first'), done('second'), died]
    const again = { type: 'make', container: 'first', attempt: 1, sandbox: 'p1' }
    expect(actionsOf(pod, containers, memory)).toEqual([again])
  })

  it('a sidecar is waited for until its startup probe has succeeded', () => {
    const startupProbe = { exec: { command: ['true'] } }
    const slow = fixturePod({
      spec: { initContainers: [{ name: 'side', image: 'bb:1', restartPolicy: 'Always', startupProbe }] },
    })
    expect(actionsOf(slow, [sandbox, side], settledMemory)).toEqual([])
    const up: Verdicts = new Map([['side0', { started: true, ready: true, unhealthy: null }]])
    expect(actionsOf(slow, [sandbox, side], settledMemory, up)).toEqual([make(0)])
  })

  it('one that fails ends a pod in which nothing is tried twice', () => {
    const once = fixturePod({ spec: { ...spec, restartPolicy: 'Never' } })
    expect(actionsOf(once, [sandbox, fixtureOther('first', 0, 'exited')], settledMemory)).toEqual([remove('p0')])
  })

  it('sidecars end when the others have, the last first, before the sandbox goes', () => {
    const initContainers = ['a', 'b'].map((name) => ({ name, image: 'bb:1', restartPolicy: 'Always' }))
    const job = fixturePod({ spec: { initContainers, restartPolicy: 'Never' } })
    const [a, b] = [fixtureOther('a', 0, 'running'), fixtureOther('b', 0, 'running')]
    expect(actionsOf(job, [sandbox, a, b, succeeded], settledMemory)).toEqual([stop('b0', 30_000, 'b')])
    expect(actionsOf(job, [sandbox, a, done('b'), succeeded], settledMemory)).toEqual([stop('a0', 30_000, 'a')])
    expect(actionsOf(job, [sandbox, done('a'), done('b'), succeeded], settledMemory)).toEqual([remove('p0')])
  })
})

describe('a pod that ends', () => {
  const pod = fixturePod({ metadata: deletion })
  const side = { name: 'side', image: 'bb:1', restartPolicy: 'Always' }
  const withSide = fixturePod({ metadata: deletion, spec: { initContainers: [side] } })
  const withdrawn = { ...settledMemory, withdrawn: true }
  const cleaned = { ...settledMemory, cleaned: true }
  const rows: readonly [what: string, Pod | null, Container[], PodAction[], PodMemory][] = [
    ['first no proxy leads to it', pod, [sandbox, running], [withdraw], settledMemory],
    ['then it stops', pod, [sandbox, running], [stop('c0', 30_000)], withdrawn],
    ['without an address nobody need be asked', pod, [sandbox, running], [stop('c0', 30_000)], emptyMemory],
    [
      'without grace there is no time for that',
      fixturePod({ metadata: { ...deletion, deletionGracePeriodSeconds: 0 } }),
      [sandbox, running],
      [stop('c0', 0)],
      settledMemory,
    ],
    [
      'all containers at once, sidecars after them',
      withSide,
      [sandbox, running, fixtureOther('side', 0, 'running')],
      [stop('c0', 30_000)],
      withdrawn,
    ],
    [
      'then the sidecars',
      withSide,
      [sandbox, died, fixtureOther('side', 0, 'running')],
      [stop('side0', 30_000, 'side')],
      withdrawn,
    ],
    ['stopped: everything is removed', pod, [sandbox, died], [remove('p0'), remove('c0')], withdrawn],
    ['removed: link and volumes go', pod, [], [clean as PodAction], withdrawn],
    ['all gone: forget', pod, [], [forget as PodAction], cleaned],
    ['held: wait', fixturePod({ metadata: { ...deletion, finalizers: ['a/b'] } }), [], [], cleaned],
    ['its record is gone: stop soon', null, [sandbox, running], [stop('c0', 2000)], settledMemory],
    ['and remove', null, [sandbox, died], [remove('p0'), remove('c0')], settledMemory],
    ['and clean', null, [], [clean as PodAction], settledMemory],
    ['gone for good', null, [], [], cleaned],
  ]
  it.each(rows)('%s', (_what, desired, containers, actions, memory) => {
    expect(actionsOf(desired, containers, memory)).toEqual(actions)
  })

  it('has its grace from the first stop; asking again shortens it', () => {
    const containers = [sandbox, running]
    const first = reconcilePod(pod, { containers, memory: withdrawn, verdicts: noVerdicts }, 1000)
    const later = { containers, memory: first.memory, verdicts: noVerdicts }
    expect(reconcilePod(pod, later, 21_000).actions).toEqual([stop('c0', 10_000)])
    const shorter = fixturePod({ metadata: { ...deletion, deletionGracePeriodSeconds: 5 } })
    expect(reconcilePod(shorter, later, 21_000).actions).toEqual([stop('c0', 5000)])
    expect(reconcilePod(null, later, 30_500).actions).toEqual([stop('c0', 500)])
    expect(reconcilePod(null, later, 99_000).actions).toEqual([stop('c0', 0)])
  })
})

describe('waiting', () => {
  const pod = fixturePod()
  const at = (containers: readonly Container[], memory: PodMemory) => ({
    containers: [sandbox, ...containers],
    memory,
    verdicts: noVerdicts,
  })

  it('backs off from death to death, and says when to look again', () => {
    let memory = settledMemory
    const delays: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      const containers = [fixtureContainer(attempt, 'exited')]
      const first = reconcilePod(pod, at(containers, memory), 1_000_000)
      const again = reconcilePod(pod, at(containers, first.memory), 1_000_001)
      expect(again.memory).toEqual(first.memory)
      delays.push((first.wakeAtMs ?? 1_000_000) - 1_000_000)
      const later = reconcilePod(pod, at(containers, first.memory), first.wakeAtMs ?? 1_000_000)
      expect(later.actions).toEqual([make(attempt + 1)])
      memory = later.memory
    }
    expect(delays).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  })

  it('each container on its own', () => {
    const two = fixturePod({ spec: { containers: ['main', 'other'].map((name) => ({ name, image: 'bb:1' })) } })
    const other = fixtureOther('other', 3, 'exited')
    const memory = remembering({ deaths: 3, counted: 'c0', retryAtMs: 50_000 })
    const step = reconcilePod(two, at([died, other], memory), 1000)
    expect(step.actions).toEqual([make(4, 'other')])
    expect(step.wakeAtMs).toBe(50_000)
  })

  it('forgets earlier deaths after ten minutes of health', () => {
    const healthy = fixtureContainer(9, 'exited', { startedAtMs: 0, finishedAtMs: 600_000 })
    const memory = remembering({ deaths: 7, counted: 'c8', attempt: 9 })
    expect(reconcilePod(pod, at([healthy], memory), 1).actions).toEqual([make(10)])
  })

  it('waits after a fault, longer from time to time, and not after a success', () => {
    const fault = { reason: 'ErrImagePull', message: 'no' }
    const once = rememberFault(settledMemory, 'main', fault, 500)
    expect(reconcilePod(pod, at([], once), 600)).toMatchObject({ actions: [], wakeAtMs: 10_500 })
    expect(reconcilePod(pod, at([], once), 10_500).actions).toEqual([make(0)])
    const twice = rememberFault(once, 'main', fault, 10_500)
    expect(reconcilePod(pod, at([], twice), 10_500).wakeAtMs).toBe(30_500)
    expect(memoryOf(rememberMade(twice, 'main', 0), 'main')).toMatchObject({ attempt: 0, fault: null, faults: 0 })
  })

  it('what lacks its configuration is tried again when that is changed, anything else is not', () => {
    const missing = { reason: 'CreateContainerConfigError', message: 'configmap "c" not found' }
    const unmade = rememberVolumes(rememberFault(emptyMemory, 'main', missing, 0), missing, 0)
    expect(forgetConfiguration(unmade).volumes).toMatchObject({ retryAtMs: 0, ready: false })
    expect(memoryOf(forgetConfiguration(unmade), 'main').retryAtMs).toBe(0)
    const unpulled = rememberFault(settledMemory, 'main', { reason: 'ErrImagePull', message: '' }, 0)
    expect(memoryOf(forgetConfiguration(unpulled), 'main').retryAtMs).toBe(10_000)
  })

  it("a container whose image label is not the pod's is another", () => {
    const other = { ...running, labels: { ...running.labels, [labels.image]: 'bb:0' } }
    expect(reconcilePod(pod, at([other], settledMemory), 0).actions).toEqual([stop('c0', 30_000)])
  })
})
