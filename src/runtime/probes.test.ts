import { describe, expect, it } from 'vitest'
import type { Container } from '../objects/types.ts'
import {
  answeredProbe,
  askedProbe,
  beginProbing,
  dueProbes,
  nextProbeMs,
  type ProbeKind,
  type Probing,
  unaskedProbe,
  verdictOfProbes,
} from './probes.ts'

const exec = { command: ['true'] }
const unknown = { started: false, ready: false }

function probing(probes: Partial<Container>, before = unknown): Probing {
  return beginProbing({ name: 'main', image: 'bb:1', ...probes }, 1000, before)
}

/** Asked and answered at this moment. */
function told(state: Probing, kind: ProbeKind, good: boolean, nowMs: number): Probing {
  return answeredProbe(askedProbe(state, kind, nowMs), kind, good ? { good } : { good, why: 'no' }, nowMs)
}

const kindsDue = (state: Probing, nowMs: number): readonly ProbeKind[] =>
  dueProbes(state, nowMs).map(({ kind }) => kind)

describe('when probes are asked', () => {
  it('at once, and then every period, but not in a burst after a pause', () => {
    const first = probing({ readinessProbe: { exec, periodSeconds: 2 } })
    expect(kindsDue(first, 1000)).toEqual(['readiness'])
    const second = told(first, 'readiness', true, 1000)
    expect(nextProbeMs(second)).toBe(3000)
    expect(nextProbeMs(told(second, 'readiness', true, 3500))).toBe(5000)
    expect(nextProbeMs(told(second, 'readiness', true, 60_000))).toBe(62_000)
  })

  it('after the initial delay, which counts from the start of the container', () => {
    const state = probing({ livenessProbe: { exec, initialDelaySeconds: 5 } })
    expect(kindsDue(state, 5999)).toEqual([])
    expect(kindsDue(state, 6000)).toEqual(['liveness'])
  })

  it('one question of a kind at a time', () => {
    const asked = askedProbe(probing({ readinessProbe: { exec, periodSeconds: 1 } }), 'readiness', 1000)
    expect(kindsDue(asked, 9000)).toEqual([])
    expect(nextProbeMs(asked)).toBeNull()
    expect(kindsDue(unaskedProbe(asked, 'readiness'), 9000)).toEqual(['readiness'])
  })

  it('startup first, alone, and the others at once when it has succeeded', () => {
    const state = probing({ startupProbe: { exec }, livenessProbe: { exec }, readinessProbe: { exec } })
    expect(kindsDue(state, 1000)).toEqual(['startup'])
    const failed = told(state, 'startup', false, 1000)
    expect(kindsDue(failed, 50_000)).toEqual(['startup'])
    const up = told(failed, 'startup', true, 50_000)
    expect(kindsDue(up, 50_000)).toEqual(['liveness', 'readiness'])
    expect(
      kindsDue(probing({ startupProbe: { exec }, livenessProbe: { exec } }, { started: true, ready: true }), 1000),
    ).toEqual(['liveness'])
  })

  it('not any more of what is to be ended', () => {
    const sick = told(
      probing({ livenessProbe: { exec, failureThreshold: 1 }, readinessProbe: { exec } }),
      'liveness',
      false,
      1000,
    )
    expect(kindsDue(sick, 99_000)).toEqual([])
    expect(nextProbeMs(sick)).toBeNull()
  })
})

describe('what they come to', () => {
  const rows: readonly [what: string, probes: Partial<Container>, answers: [ProbeKind, boolean][], object][] = [
    [
      'without an answer: alive, not ready',
      { livenessProbe: { exec }, readinessProbe: { exec } },
      [],
      { started: true, ready: false, unhealthy: null },
    ],
    ['one good answer', { readinessProbe: { exec } }, [['readiness', true]], { ready: true }],
    [
      'not yet enough good ones',
      { readinessProbe: { exec, successThreshold: 2 } },
      [['readiness', true]],
      { ready: false },
    ],
    [
      'good ones that are not in a row',
      { readinessProbe: { exec, successThreshold: 2 } },
      [
        ['readiness', true],
        ['readiness', false],
        ['readiness', true],
      ],
      { ready: false },
    ],
    [
      'bad ones, but not enough',
      { readinessProbe: { exec } },
      [
        ['readiness', true],
        ['readiness', false],
        ['readiness', false],
      ],
      { ready: true },
    ],
    [
      'three bad ones',
      { readinessProbe: { exec } },
      [
        ['readiness', true],
        ['readiness', false],
        ['readiness', false],
        ['readiness', false],
      ],
      { ready: false, unhealthy: null },
    ],
    [
      'sick, with a grace of its own',
      { livenessProbe: { exec, failureThreshold: 1, terminationGracePeriodSeconds: 7 } },
      [['liveness', false]],
      { ready: false, unhealthy: { why: 'no', graceMs: 7000 } },
    ],
    [
      'never started',
      { startupProbe: { exec, failureThreshold: 1 } },
      [['startup', false]],
      { started: false, ready: false, unhealthy: { why: 'no', graceMs: null } },
    ],
  ]
  it.each(rows)('%s', (_what, probes, answers, verdict) => {
    const state = answers.reduce((each, [kind, good], i) => told(each, kind, good, 1000 + i), probing(probes))
    expect(verdictOfProbes(state)).toMatchObject(verdict)
  })

  it('what was ready before this daemon began stays so until it says otherwise', () => {
    const state = probing({ readinessProbe: { exec, failureThreshold: 1 } }, { started: true, ready: true })
    expect(verdictOfProbes(state).ready).toBe(true)
    expect(verdictOfProbes(told(state, 'readiness', false, 1000)).ready).toBe(false)
  })
})
