import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import { fixtureContainer, fixturePod } from './fixture.ts'
import { labels } from './labels.ts'
import {
  type ContainerMemory,
  emptyMemory,
  memoryOf,
  type PodAction,
  type PodMemory,
  reconcilePod,
  rememberFault,
  rememberMade,
} from './pods.ts'
import { podStatus } from './status.ts'

const make = (attempt: number): PodAction => ({ type: 'make', container: 'main', attempt })
const start = (id: string): PodAction => ({ type: 'start', id, container: 'main' })
const stop = (id: string, graceMs: number): PodAction => ({ type: 'stop', id, graceMs })
const remove = (id: string): PodAction => ({ type: 'remove', id })
const forget: PodAction = { type: 'forget' }
const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 }

const created = fixtureContainer(0, 'created')
const running = fixtureContainer(0, 'running')
const died = fixtureContainer(0, 'exited')
const succeeded = fixtureContainer(0, 'exited', { exitCode: 0 })
const refused = fixtureContainer(0, 'created', { error: 'no such program' })

function remembering(memory: Partial<ContainerMemory>): PodMemory {
  return { ...emptyMemory, containers: { main: { ...memoryOf(emptyMemory, 'main'), ...memory } } }
}

describe('what to do next for a pod', () => {
  const pod = fixturePod()
  const rows: readonly [what: string, Pod | null, Container[], PodAction[], PodMemory?][] = [
    ['nothing there: make it', pod, [], [make(0)]],
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
    ['a container that the pod does not have', pod, [running, stranger('running')], [stop('other', 2000)]],
    ['Never: once is enough', fixturePod({ spec: { restartPolicy: 'Never' } }), [died], []],
    ['Never: even if it could not start', fixturePod({ spec: { restartPolicy: 'Never' } }), [refused], []],
    ['OnFailure: success is an end', fixturePod({ spec: { restartPolicy: 'OnFailure' } }), [succeeded], []],
    ['OnFailure: failure is none', fixturePod({ spec: { restartPolicy: 'OnFailure' } }), [died], [make(1)]],
    ['Always: success is none', pod, [succeeded], [make(1)]],
    ['finished: nothing runs again', fixturePod({ status: { phase: 'Failed' } }), [], []],
    ['deleted: stop', fixturePod({ metadata: deletion }), [running], [stop('c0', 30_000)]],
    ['deleted and stopped: remove', fixturePod({ metadata: deletion }), [died, created], [remove('c0'), remove('c0')]],
    ['deleted and removed: forget', fixturePod({ metadata: deletion }), [], [forget]],
    ['deleted but held: wait', fixturePod({ metadata: { ...deletion, finalizers: ['a/b'] } }), [], []],
    ['gone: stop soon', null, [running], [stop('c0', 2000)]],
    ['gone and stopped: remove', null, [died], [remove('c0')]],
    ['gone for good', null, [], []],
  ]
  it.each(rows)('%s', (_what, desired, containers, actions, memory = emptyMemory) => {
    expect(reconcilePod(desired, { containers, memory }, 1000).actions).toEqual(actions)
  })
})

function stranger(state: Container['state']): Container {
  return { ...fixtureContainer(0, state), id: 'other', labels: { [labels.container]: 'other' } }
}

describe('waiting', () => {
  it('backs off from death to death, and says when to look again', () => {
    let memory = emptyMemory
    const delays: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      const containers = [fixtureContainer(attempt, 'exited')]
      const first = reconcilePod(fixturePod(), { containers, memory }, 1_000_000)
      const again = reconcilePod(fixturePod(), { containers, memory: first.memory }, 1_000_001)
      expect(again.memory).toEqual(first.memory)
      delays.push((first.wakeAtMs ?? 1_000_000) - 1_000_000)
      const later = reconcilePod(fixturePod(), { containers, memory: first.memory }, first.wakeAtMs ?? 1_000_000)
      expect(later.actions).toEqual([make(attempt + 1)])
      memory = later.memory
    }
    expect(delays).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  })

  it('forgets earlier deaths after ten minutes of health', () => {
    const healthy = fixtureContainer(9, 'exited', { startedAtMs: 0, finishedAtMs: 600_000 })
    const memory = remembering({ deaths: 7, counted: 'c8', attempt: 9 })
    expect(reconcilePod(fixturePod(), { containers: [healthy], memory }, 1).actions).toEqual([make(10)])
  })

  it('waits after a fault, longer from time to time, and not after a success', () => {
    const fault = { reason: 'ErrImagePull', message: 'no' }
    const once = rememberFault(emptyMemory, 'main', fault, 500)
    expect(reconcilePod(fixturePod(), { containers: [], memory: once }, 600)).toMatchObject({
      actions: [],
      wakeAtMs: 10_500,
    })
    expect(reconcilePod(fixturePod(), { containers: [], memory: once }, 10_500).actions).toEqual([make(0)])
    const twice = rememberFault(once, 'main', fault, 10_500)
    expect(reconcilePod(fixturePod(), { containers: [], memory: twice }, 10_500).wakeAtMs).toBe(30_500)
    expect(memoryOf(rememberMade(twice, 'main', 0), 'main')).toMatchObject({ attempt: 0, fault: null, faults: 0 })
  })

  it('counts the grace from when the deletion was heard of', () => {
    const first = reconcilePod(fixturePod({ metadata: deletion }), { containers: [running], memory: emptyMemory }, 1000)
    const later = { containers: [running], memory: first.memory }
    expect(reconcilePod(fixturePod({ metadata: deletion }), later, 21_000).actions).toEqual([stop('c0', 10_000)])
    const shorter = { ...deletion, deletionGracePeriodSeconds: 5 }
    expect(reconcilePod(fixturePod({ metadata: shorter }), later, 21_000).actions).toEqual([stop('c0', 5000)])
    expect(reconcilePod(null, later, 30_500).actions).toEqual([stop('c0', 500)])
    expect(reconcilePod(null, later, 99_000).actions).toEqual([stop('c0', 0)])
  })
})

describe('against an engine that fails', () => {
  const policies = fc.constantFrom('Always', 'OnFailure', 'Never')
  /** What goes wrong in each step, by lot. */
  const faults = fc.array(
    fc.constantFrom('none', 'lost', 'unanswered', 'refused', 'dies', 'succeeds', 'by hand', 'new daemon'),
    { maxLength: 40 },
  )
  const ends = fc.constantFrom('stays', 'deleted', 'gone')

  it('never has two tries alive, and comes to what is wanted once the faults end', () => {
    fc.assert(
      fc.property(policies, faults, ends, (restartPolicy, troubles, end) => {
        const world = newModel(fixturePod({ spec: { restartPolicy } }))
        for (const trouble of troubles) world.step(trouble)
        if (end === 'deleted') world.delete()
        if (end === 'gone') world.vanish()
        for (let i = 0; i < 40 && !world.settled(); i++) world.step('none')
        expect(world.settled()).toBe(true)
        if (end !== 'stays') expect(world.containers()).toEqual([])
        else if (world.phase() === 'Running') expect(world.containers().filter(isAlive)).toHaveLength(1)
        else expect(world.containers().filter(isAlive)).toEqual([])
        if (restartPolicy === 'Always' && end === 'stays') expect(world.phase()).toBe('Running')
        expect(world.containers().length).toBeLessThanOrEqual(2)
      }),
      { numRuns: 300 },
    )
  })
})

function isAlive({ state }: Container): boolean {
  return state === 'running'
}

/** The smallest engine and daemon: carries actions out, or not, or without saying so. */
function newModel(first: Pod) {
  let pod: Pod | null = first
  let memory = emptyMemory
  let containers: Container[] = []
  let nowMs = 0
  let made = 0
  let quiet = false

  function carryOut(action: PodAction, refuses: boolean): void {
    const begun: Partial<Container> = refuses ? { error: 'cannot' } : { state: 'running', startedAtMs: nowMs }
    if (action.type === 'make') makeContainer(action.attempt, begun)
    else if (action.type === 'start') change(action.id, begun)
    else if (action.type === 'stop') change(action.id, { state: 'exited', finishedAtMs: nowMs, exitCode: 143 })
    else if (action.type === 'remove') containers = containers.filter(({ id }) => id !== action.id)
    else {
      expect(containers).toEqual([])
      pod = null
    }
  }
  function makeContainer(attempt: number, begun: Partial<Container>): void {
    expect(containers.filter(isAlive)).toEqual([])
    // The name is taken.
    if (containers.some((each) => each.labels[labels.attempt] === String(attempt))) fail('CreateContainerError')
    else containers = [...containers, fixtureContainer(attempt, 'created', { id: `m${++made}`, ...begun })]
  }
  function change(id: string, news: Partial<Container>): void {
    containers = containers.map((each) => (each.id === id ? { ...each, ...news } : each))
    expect(containers.filter(isAlive).length).toBeLessThanOrEqual(1)
  }
  function fail(reason: string): void {
    memory = rememberFault(memory, 'main', { reason, message: 'cannot' }, nowMs)
  }
  function endOne(exitCode: number): void {
    const alive = containers.find(isAlive)
    if (alive !== undefined) change(alive.id, { state: 'exited', finishedAtMs: nowMs, exitCode })
  }

  return {
    containers: () => containers,
    phase: () => pod?.status?.phase,
    settled: () => quiet,
    delete: () => {
      quiet = false
      if (pod !== null) pod = { ...pod, metadata: { ...pod.metadata, ...deletion } }
    },
    vanish: () => {
      quiet = false
      pod = null
    },
    step(trouble: string) {
      nowMs += 1000
      if (trouble === 'dies') endOne(1)
      if (trouble === 'succeeds') endOne(0)
      if (trouble === 'by hand') containers = containers.slice(1)
      if (trouble === 'new daemon') memory = emptyMemory
      const next = reconcilePod(pod, { containers, memory }, nowMs)
      memory = next.memory
      quiet = next.actions.length === 0 && next.wakeAtMs === null
      // Time passes until there is something to do.
      if (next.actions.length === 0 && next.wakeAtMs !== null) nowMs = Math.max(nowMs, next.wakeAtMs)
      for (const action of next.actions) {
        if (trouble === 'lost') break
        carryOut(action, trouble === 'refused')
        if (trouble === 'unanswered') break
        if (action.type === 'make') memory = rememberMade(memory, 'main', action.attempt)
      }
      if (pod === null) return
      const input = { hostIP: '192.0.2.1', declaredLost: false, wallMs: nowMs, nowMs }
      const before = pod.status?.phase
      pod = { ...pod, status: podStatus(pod, { containers, memory }, input) }
      if (before === 'Succeeded' || before === 'Failed') expect(pod.status?.phase).toBe(before)
    },
  }
}
