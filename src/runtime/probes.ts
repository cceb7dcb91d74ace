import type { Container } from '../objects/types.ts'
import type { Verdict } from './step.ts'

/**
 * The probes of one running container: when each is asked next, and what its answers come to. Time is an argument; what
 * asks is elsewhere. A verdict changes only after as many like answers in a row as its threshold says; the startup probe
 * holds back the others until it has succeeded; the first question comes at once when its initial delay is over.
 */
export interface Probing {
  readonly container: Container
  /** On the clock of `nowMs`. */
  readonly startedAtMs: number
  readonly probes: readonly Probe[]
}

export type ProbeKind = 'startup' | 'liveness' | 'readiness'
export type ProbeSpec = NonNullable<Container['livenessProbe']>

export interface Probe {
  readonly kind: ProbeKind
  readonly spec: ProbeSpec
  /** Null: not known yet. */
  readonly verdict: boolean | null
  readonly successes: number
  readonly failures: number
  /** Why the last answer was bad. */
  readonly why: string
  readonly nextAtMs: number
  /** A question is out. */
  readonly asking: boolean
}

/** What was known of the same container before this daemon began to ask: it stays until the probes say otherwise. */
export interface Before {
  readonly started: boolean
  readonly ready: boolean
}

export function beginProbing(container: Container, startedAtMs: number, before: Before): Probing {
  const { startupProbe, livenessProbe, readinessProbe } = container
  const all: readonly (readonly [ProbeKind, ProbeSpec | undefined, boolean | null])[] = [
    ['startup', startupProbe, before.started ? true : null],
    ['liveness', livenessProbe, null],
    ['readiness', readinessProbe, before.ready ? true : null],
  ]
  const probes = all.flatMap(([kind, spec, verdict]) =>
    spec === undefined
      ? []
      : [{ ...fresh, kind, spec, verdict, nextAtMs: startedAtMs + secondsMs(spec, 'initialDelaySeconds', 0) }],
  )
  return { container, startedAtMs, probes }
}

const fresh = { successes: 0, failures: 0, why: '', asking: false }

/** Those to be asked now. */
export function dueProbes(probing: Probing, nowMs: number): readonly Probe[] {
  return open(probing).filter(({ asking, nextAtMs }) => !asking && nextAtMs <= nowMs)
}

/** When the next is due; null while every answer is awaited, or none will be. */
export function nextProbeMs(probing: Probing): number | null {
  const times = open(probing).flatMap(({ asking, nextAtMs }) => (asking ? [] : [nextAtMs]))
  return times.length === 0 ? null : Math.min(...times)
}

/** Those whose turn it is: startup until it has succeeded, then the others; none any more once one has found it sick. */
function open(probing: Probing): readonly Probe[] {
  if (sick(probing) !== undefined) return []
  const waiting = probing.probes.find(({ kind, verdict }) => kind === 'startup' && verdict !== true)
  return waiting === undefined ? probing.probes.filter(({ kind }) => kind !== 'startup') : [waiting]
}

/** A question goes out. The next follows a period after it was due, but never in a burst. */
export function askedProbe(probing: Probing, kind: ProbeKind, nowMs: number): Probing {
  return withProbe(probing, kind, (probe) => {
    const periodMs = Math.max(1, secondsMs(probe.spec, 'periodSeconds', 10))
    const due = probe.nextAtMs + periodMs
    return { ...probe, asking: true, nextAtMs: due > nowMs ? due : nowMs + periodMs }
  })
}

export type ProbeAnswer = { readonly good: true } | { readonly good: false; readonly why: string }

/** Nobody could ask: that says nothing of the container. */
export function unaskedProbe(probing: Probing, kind: ProbeKind): Probing {
  return withProbe(probing, kind, (probe) => ({ ...probe, asking: false }))
}

export function answeredProbe(probing: Probing, kind: ProbeKind, answer: ProbeAnswer, nowMs: number): Probing {
  const next = withProbe(probing, kind, (probe) => counted(probe, answer))
  const started = next.probes.find((probe) => probe.kind === 'startup')
  const before = probing.probes.find((probe) => probe.kind === 'startup')
  if (started?.verdict !== true || before?.verdict === true) return next
  // From now on the others count; what they would have been asked before is not made up for.
  return { ...next, probes: next.probes.map((probe) => ({ ...probe, nextAtMs: Math.max(probe.nextAtMs, nowMs) })) }
}

function counted(probe: Probe, answer: ProbeAnswer): Probe {
  const { spec } = probe
  const successes = answer.good ? probe.successes + 1 : 0
  const failures = answer.good ? 0 : probe.failures + 1
  const enough = answer.good
    ? successes >= Math.max(1, spec.successThreshold ?? 1)
    : failures >= Math.max(1, spec.failureThreshold ?? 3)
  return {
    ...probe,
    asking: false,
    successes,
    failures,
    why: answer.good ? '' : answer.why,
    verdict: enough ? answer.good : probe.verdict,
  }
}

/** What the probes have found so far. */
export function verdictOfProbes(probing: Probing): Verdict {
  const said = (kind: ProbeKind, without: boolean): boolean => {
    const probe = probing.probes.find((each) => each.kind === kind)
    return probe === undefined ? without : probe.verdict === true
  }
  const started = said('startup', true)
  const bad = sick(probing)
  const { terminationGracePeriodSeconds: grace } = bad?.spec ?? {}
  return {
    started,
    ready: started && bad === undefined && said('readiness', true),
    unhealthy: bad === undefined ? null : { why: bad.why, graceMs: grace === undefined ? null : grace * 1000 },
  }
}

/** The probe for which the container must be ended. */
function sick({ probes }: Probing): Probe | undefined {
  return probes.find(({ kind, verdict }) => kind !== 'readiness' && verdict === false)
}

export function timeoutMsOf(spec: ProbeSpec): number {
  return Math.max(1, secondsMs(spec, 'timeoutSeconds', 1))
}

function secondsMs(
  spec: ProbeSpec,
  field: 'initialDelaySeconds' | 'timeoutSeconds' | 'periodSeconds',
  otherwise: number,
): number {
  return (spec[field] ?? otherwise) * 1000
}

function withProbe(probing: Probing, kind: ProbeKind, change: (probe: Probe) => Probe): Probing {
  return { ...probing, probes: probing.probes.map((probe) => (probe.kind === kind ? change(probe) : probe)) }
}
