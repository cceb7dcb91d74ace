import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Container } from '../host/host.ts'
import type { Pod, Container as PodContainer } from '../objects/types.ts'
import { fixtureOther, fixturePod, noVerdicts } from './fixture.ts'
import { attemptsOf, containerOf, isSandbox, labels, sandboxName, sandboxOf } from './labels.ts'
import {
  emptyMemory,
  rememberAttached,
  rememberCleaned,
  rememberFault,
  rememberMade,
  rememberVolumes,
} from './memory.ts'
import { reconcilePod } from './pods.ts'
import { podStatus } from './status.ts'
import type { PodAction } from './step.ts'

/** The decisions against the smallest engine and daemon there can be, which carry actions out, or not, or without saying so. */

type Trouble = (typeof troubles)[number]
const troubles = [
  'none',
  'lost', // nothing is carried out
  'unanswered', // only the first is, and the daemon does not hear of it
  'refused', // the engine will not start it
  'dies',
  'succeeds',
  'sandbox dies',
  'by hand', // somebody removes a container
  'all by hand',
  'new daemon', // it remembers nothing
] as const

const names = fc.constantFrom('Always', undefined)
const init = fc.record({ name: fc.constantFrom('i1', 'i2', 'i3'), restartPolicy: names })
const shapes = fc.record({
  restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
  initContainers: fc.uniqueArray(init, { maxLength: 3, selector: ({ name }) => name }),
  mains: fc.constantFrom(['main'], ['main', 'other']),
})

describe('against an engine that fails', () => {
  it('never has two tries alive, keeps the order, and comes to what is wanted once the faults end', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(fc.constantFrom(...troubles), { maxLength: 40 }),
        fc.constantFrom('stays', 'deleted', 'gone'),
        ({ restartPolicy, initContainers, mains }, faults, end) => {
          const image = 'bb:1'
          const spec = {
            restartPolicy,
            initContainers: initContainers.map((each) => ({ ...each, image })),
            containers: mains.map((name) => ({ name, image })),
          }
          const model = newModel(fixturePod({ spec }))
          for (const trouble of faults) model.step(trouble)
          if (end === 'deleted') model.delete()
          if (end === 'gone') model.vanish()
          for (let i = 0; i < 150 && !model.settled(); i++) model.step('none')
          expect(model.settled()).toBe(true)
          model.judge(end !== 'stays')
        },
      ),
      { numRuns: 500 },
    )
  })
})

const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 }

function newModel(first: Pod) {
  let pod: Pod | null = first
  let memory = emptyMemory
  let containers: Container[] = []
  let nowMs = 0
  let made = 0
  let quiet = false
  let volumes = false

  const alive = (): Container[] => containers.filter(({ state }) => state === 'running')
  const isInit = (name: string): boolean =>
    (first.spec.initContainers ?? []).some((each) => each.name === name && each.restartPolicy !== 'Always')

  function carryOut(action: PodAction, refuses: boolean): void {
    const begun: Partial<Container> = refuses ? { error: 'cannot' } : { state: 'running', startedAtMs: nowMs }
    switch (action.type) {
      case 'shelter':
        makeOne(sandboxName, action.attempt, '', begun)
        return
      case 'make':
        mayBegin(action.container, action.sandbox)
        makeOne(action.container, action.attempt, action.sandbox, begun)
        return
      case 'start':
        change(action.id, begun)
        return
      case 'stop':
        change(action.id, { state: 'exited', finishedAtMs: nowMs, exitCode: 143 })
        return
      case 'remove':
        containers = containers.filter(({ id }) => id !== action.id)
        return
      case 'fill':
        volumes = true
        return
      case 'clean':
        expect(alive()).toEqual([])
        volumes = false
        return
      case 'forget':
        expect(containers).toEqual([])
        expect(volumes).toBe(false)
        pod = null
    }
  }

  /** In a sandbox that runs, with volumes, after the init containers before it. */
  function mayBegin(name: string, sandbox: string): void {
    expect(alive().map(({ id }) => id)).toContain(sandbox)
    expect(volumes).toBe(true)
    const begun = first.spec.containers.some((each) => inSandbox(each, sandbox))
    for (const each of first.spec.initContainers ?? []) {
      if (each.name === name || begun) return
      const latest = attemptsOf(each.name, containers).at(-1)?.seen
      if (each.restartPolicy === 'Always') expect(latest?.state).toBe('running')
      else expect(latest).toMatchObject({ state: 'exited', exitCode: 0 })
    }
  }

  function inSandbox({ name }: PodContainer, sandbox: string): boolean {
    return (
      memory.initialized === sandbox || attemptsOf(name, containers).some(({ seen }) => sandboxOf(seen) === sandbox)
    )
  }

  function makeOne(name: string, attempt: number, sandbox: string, begun: Partial<Container>): void {
    expect(alive().filter((seen) => containerOf(seen) === name)).toEqual([])
    // The name is taken.
    if (attemptsOf(name, containers).some((each) => each.attempt === attempt)) {
      fail(name)
      return
    }
    const seen = fixtureOther(name, attempt, 'created', { id: `m${++made}`, ...begun })
    containers = [...containers, { ...seen, labels: { ...seen.labels, [labels.sandbox]: sandbox } }]
    if (begun.state === 'running') endInit(seen)
  }

  /** An init container mostly does its part. */
  function endInit(seen: Container): void {
    if (isInit(containerOf(seen)))
      change(seen.id, { state: 'exited', finishedAtMs: nowMs, exitCode: made % 5 === 0 ? 1 : 0 })
  }

  function change(id: string, news: Partial<Container>): void {
    containers = containers.map((each) => (each.id === id ? { ...each, ...news } : each))
    for (const seen of alive())
      expect(alive().filter((each) => containerOf(each) === containerOf(seen))).toHaveLength(1)
    const changed = containers.find((each) => each.id === id)
    if (news.state === 'running' && changed !== undefined) endInit(changed)
  }

  function fail(name: string): void {
    memory = rememberFault(memory, name, { reason: 'CreateContainerError', message: 'cannot' }, nowMs)
  }

  function endOne(exitCode: number, which: (seen: Container) => boolean): void {
    const victim = alive().find(which)
    if (victim !== undefined) change(victim.id, { state: 'exited', finishedAtMs: nowMs, exitCode })
  }

  function learn(action: PodAction): void {
    if (action.type === 'fill') memory = rememberVolumes(memory, null, nowMs)
    if (action.type === 'attach') memory = rememberAttached(memory, action.sandbox, '10.0.0.2')
    if (action.type === 'withdraw') memory = { ...memory, withdrawn: true }
    if (action.type === 'clean') memory = rememberCleaned(memory)
    if (action.type === 'shelter') memory = rememberMade(memory, sandboxName, action.attempt)
    if (action.type === 'make') memory = rememberMade(memory, action.container, action.attempt)
  }

  function suffer(trouble: Trouble): void {
    if (trouble === 'dies') endOne(1, (seen) => !isSandbox(seen))
    if (trouble === 'succeeds') endOne(0, (seen) => !isSandbox(seen))
    if (trouble === 'sandbox dies') endOne(137, isSandbox)
    if (trouble === 'by hand') containers = containers.slice(1)
    if (trouble === 'all by hand') containers = []
    if (trouble === 'new daemon') memory = emptyMemory
  }

  return {
    settled: () => quiet,
    delete() {
      quiet = false
      if (pod !== null) pod = { ...pod, metadata: { ...pod.metadata, ...deletion } }
    },
    vanish() {
      quiet = false
      pod = null
    },
    step(trouble: Trouble) {
      nowMs += 1000
      suffer(trouble)
      const next = reconcilePod(pod, { containers, memory, verdicts: noVerdicts }, nowMs)
      memory = next.memory
      const before = pod?.status
      quiet = next.actions.length === 0 && next.wakeAtMs === null
      // Time passes until there is something to do.
      if (next.actions.length === 0 && next.wakeAtMs !== null) nowMs = Math.max(nowMs, next.wakeAtMs)
      for (const action of next.actions) {
        if (trouble === 'lost') break
        carryOut(action, trouble === 'refused')
        if (trouble === 'unanswered') break
        learn(action)
      }
      if (pod === null) return
      const input = { hostIP: '192.0.2.1', declaredLost: false, wallMs: nowMs, nowMs }
      pod = { ...pod, status: podStatus(pod, { containers, memory, verdicts: noVerdicts }, input) }
      if (before?.phase === 'Succeeded' || before?.phase === 'Failed') expect(pod.status?.phase).toBe(before.phase)
      // A phase that was just reached may want something more.
      if (before?.phase !== pod.status?.phase) quiet = false
    },
    judge(ended: boolean) {
      const runs = (name: string): number => alive().filter((seen) => containerOf(seen) === name).length
      const phase = pod?.status?.phase
      const finished = phase === 'Succeeded' || phase === 'Failed'
      const counts = first.spec.containers.map(({ name }) => runs(name))
      if (ended || finished) {
        expect(alive()).toEqual([])
        expect(volumes).toBe(false)
        expect(containers.filter(isSandbox)).toEqual([])
      } else {
        expect(runs(sandboxName)).toBe(1)
        expect(phase).toBe('Running')
        if (first.spec.restartPolicy === 'Always') expect(counts.every((count) => count === 1)).toBe(true)
        for (const { name, restartPolicy } of first.spec.initContainers ?? []) {
          expect(runs(name)).toBe(restartPolicy === 'Always' ? 1 : 0)
        }
      }
      if (ended) expect(containers).toEqual([])
      for (const { name } of [...first.spec.containers, ...(first.spec.initContainers ?? [])]) {
        expect(attemptsOf(name, containers).length).toBeLessThanOrEqual(2)
      }
    },
  }
}
