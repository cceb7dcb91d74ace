import type { Log } from '../host/host.ts'
import { type HandlerParts, tryHandler } from './handlers.driver.ts'
import {
  answeredProbe,
  askedProbe,
  beginProbing,
  dueProbes,
  nextProbeMs,
  type Probe,
  type Probing,
  timeoutMsOf,
  unaskedProbe,
  verdictOfProbes,
} from './probes.ts'
import type { ProbeTarget } from './probetargets.ts'
import type { Verdict, Verdicts } from './step.ts'

/** Asks the probes of this node's containers: one timer a container, a limited number of questions at once. */
export interface Prober {
  /** The containers of a pod that run and have probes; those that are not among them any more are forgotten. */
  watch(uid: string, targets: readonly ProbeTarget[]): void
  verdicts(uid: string): Verdicts
}

interface ProberParts extends HandlerParts {
  readonly log: Log
  /** Told when a verdict on a container of this pod has changed, and whether only its readiness has. */
  readonly changed: (uid: string, readinessAlone: boolean) => void
  readonly broke: (cause: Error) => void
}

interface Watched {
  readonly uid: string
  readonly target: ProbeTarget
  probing: Probing
  verdict: Verdict
  cancel: () => void
  gone: boolean
}

/** Questions at once: enough for hundreds of probes a second, few enough that the engine and this loop stay free for others. */
const asksMax = 32

export function newProber(parts: ProberParts, signal: AbortSignal): Prober {
  const { clock, log, changed, broke } = parts
  const watched = new Map<string, Map<string, Watched>>()
  /** Those whose time has come while too many were being asked, in order. */
  const waiting = new Set<Watched>()
  let asking = 0

  function turn(each: Watched): void {
    each.cancel()
    if (each.gone || signal.aborted) return
    const nowMs = clock.monotonicMs()
    for (const probe of dueProbes(each.probing, nowMs)) {
      if (asking >= asksMax) return void waiting.add(each)
      asking++
      each.probing = askedProbe(each.probing, probe.kind, nowMs)
      void ask(each, probe)
    }
    const nextMs = nextProbeMs(each.probing)
    if (nextMs !== null) each.cancel = clock.after(Math.max(1, nextMs - nowMs), () => turn(each))
  }

  /** Never rejects: a bug ends the runtime. */
  async function ask(each: Watched, { kind, spec }: Probe): Promise<void> {
    try {
      const answer = await tryHandler(spec, each.target, parts, timeoutMsOf(spec), signal)
      each.probing =
        answer === null
          ? unaskedProbe(each.probing, kind)
          : answeredProbe(each.probing, kind, answer, clock.monotonicMs())
    } catch (cause) {
      if (!signal.aborted) broke(cause as Error)
    }
    asking--
    if (!each.gone) heed(each)
    turn(each)
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    turn(next)
  }

  function heed(each: Watched): void {
    const verdict = verdictOfProbes(each.probing)
    const { started, ready, unhealthy } = each.verdict
    each.verdict = verdict
    const sick = verdict.unhealthy !== null && unhealthy === null
    if (verdict.started === started && verdict.ready === ready && !sick) return
    const { container, id } = each.target
    if (sick) log.info('a container is unhealthy', { container: container.name, id, why: verdict.unhealthy?.why })
    changed(each.uid, verdict.started === started && !sick)
  }

  function begin(uid: string, target: ProbeTarget): Watched {
    const probing = beginProbing(target.container, clock.monotonicMs() - target.ranMs, target.before)
    const verdict = verdictOfProbes(probing)
    return { uid, target, probing, verdict, cancel: () => undefined, gone: false }
  }

  function forget(each: Watched): void {
    each.gone = true
    each.cancel()
    waiting.delete(each)
  }

  return {
    watch(uid, targets) {
      const before = watched.get(uid) ?? new Map<string, Watched>()
      const now = new Map(targets.map((target) => [target.id, before.get(target.id) ?? begin(uid, target)]))
      for (const [id, each] of before) if (!now.has(id)) forget(each)
      if (now.size === 0) watched.delete(uid)
      else watched.set(uid, now)
      for (const [id, each] of now) if (!before.has(id)) turn(each)
    },
    verdicts(uid) {
      const all = watched.get(uid) ?? new Map<string, Watched>()
      return new Map([...all].map(([id, { verdict }]) => [id, verdict]))
    },
  }
}
