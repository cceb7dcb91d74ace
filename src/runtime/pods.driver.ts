import { type Container, DeviceError, type EngineInfo } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { childSignal } from '../lib/wait.ts'
import type { Key } from '../store/types.ts'
import { newHands, type PodAtHand } from './hands.driver.ts'
import { forgetConfiguration } from './memory.ts'
import { keysReferred, ownNode, sourcesOf, type Wanted, wantedOf } from './own.ts'
import type { RuntimeParts } from './parts.driver.ts'
import type { Place } from './place.ts'
import { reconcilePod } from './pods.ts'
import { newProber } from './probes.driver.ts'
import { probeTargets } from './probetargets.ts'
import { podLabels } from './spec.ts'
import { newStatusWriter } from './status.driver.ts'
import type { PodAction } from './step.ts'
import { isFault, type Troubles, troubleDelayMs } from './troubles.ts'
import { withLastWords } from './words.driver.ts'
import { newWorker, type Worker, wishOf } from './worker.ts'

/**
 * All pods that this node has to do with, those bound to it and those of which containers are left. They are looked
 * after side by side, each one step at a time, so that a pod in trouble holds up no other.
 */
export interface PodWorkers {
  /** This pod is one of the node's; it is looked at with the next look. */
  adopt(uid: string, key: Key): void
  /** Looks at every pod with this key, which was written; what shows of it in its volumes is brought up to date. */
  lookByKey(key: Key): void
  /** Looks at the pods that refer to these keys, which were written. */
  lookByReferences(keys: ReadonlySet<Key>): void
  /** Only the status of the pods with this key was written: it is compared with what is known. */
  compareByKey(key: Key): void
  lookAtAll(): void
  /** As `compareByKey`, all of them: the node itself was written. */
  compareAll(): void
  /** Looks at the pod of this container; false when it belongs to none that is known. */
  lookByContainer(id: string): boolean
  /** A container was seen on the engine; its pod is looked at when it is new. */
  found(id: string, uid: string, key: Key): void
  /** The folder of a pod was seen on the disk; it goes when nobody knows the pod. */
  foundFolder(uid: string): void
  stop(): void
}

interface PodWorkersParts extends RuntimeParts {
  /** What the engine is, once it has said so. */
  readonly engineInfo: () => EngineInfo | null
  readonly troubles: Troubles
  /** Told of a bug, which ends the runtime. */
  readonly broke: (cause: Error) => void
}

/** Rounds of actions before a pod is given a rest: more mean that the engine does not do as it is told. */
const roundsMax = 30
/** Actions after which the engine's containers are as they were. */
const quiet: readonly PodAction['type'][] = ['attach', 'fill', 'withdraw', 'clean', 'forget']

export function newPodWorkers(parts: PodWorkersParts, signal: AbortSignal): PodWorkers {
  const { view, writer, engine, clock, log, node: self, troubles, broke } = parts
  const workers = new Map<string, Worker>()
  const owners = new Map<string, Worker>()
  const hands = newHands({
    ...parts,
    place,
    sources: (namespace) => sourcesOf(view, namespace),
    made: (uid, id) => void owners.set(id, must(workers.get(uid), 'a pod with actions has a worker')),
  })
  const prober = newProber({ ...parts, changed: heedProbes }, signal)
  const writeStatus = newStatusWriter(
    { ...parts, self, hostIP: self.internalIp, wanted, isCurrent, verdicts: prober.verdicts },
    signal,
  )

  function place(): Place {
    const { cpuMillis = 0, memoryBytes = 0 } = parts.engineInfo() ?? {}
    return { clusterId: self.clusterId, node: self.name, hostIP: self.internalIp, cpuMillis, memoryBytes }
  }

  function adopt(uid: string, key: Key): Worker {
    const worker = workers.get(uid) ?? newWorker(uid, key)
    if (worker.key === '') worker.key = key
    workers.set(uid, worker)
    return worker
  }

  /** Null when it is gone, another of its name, or not of this node. */
  function wanted(worker: Worker): Wanted | null {
    const found = worker.key === '' ? null : wantedOf(view.get(worker.key), self.name)
    return found?.pod.metadata.uid === worker.uid ? found : null
  }

  /** Not released: another may have been adopted for the same pod since. */
  function isCurrent(worker: Worker): boolean {
    return !signal.aborted && workers.get(worker.uid) === worker
  }

  function heedProbes(uid: string, readinessAlone: boolean): void {
    const worker = workers.get(uid)
    if (worker === undefined) return
    writeStatus(worker)
    if (!readinessAlone) poke(worker)
  }

  // ---- Steps -----------------------------------------------------------------------------------------------------

  function poke(worker: Worker): void {
    worker.stepAgain = true
    if (worker.interrupt !== null && wishOf(wanted(worker)) !== worker.wish) worker.interrupt()
    if (!worker.stepping) void stepWhileAsked(worker)
  }

  /** Never rejects: a fault is tried again later, a bug ends the runtime. */
  async function stepWhileAsked(worker: Worker): Promise<void> {
    worker.stepping = true
    try {
      // A node that was removed from the cluster leaves everything as it is.
      while (worker.stepAgain && isCurrent(worker) && ownNode(view, self) !== null) {
        worker.stepAgain = false
        worker.cancelStep()
        await step(worker)
        worker.faults = 0
        troubles.worked(`pod ${worker.uid}`, 'the fault of a pod has passed', { pod: worker.key })
      }
    } catch (cause) {
      if (signal.aborted) return
      if (!isFault(cause)) return broke(cause as Error)
      troubles.failed(`pod ${worker.uid}`, 'a pod waits until a fault has passed', cause, { pod: worker.key })
      stepAfter(worker, troubleDelayMs(++worker.faults))
    } finally {
      worker.stepping = false
    }
  }

  function stepAfter(worker: Worker, ms: number): void {
    worker.cancelStep()
    worker.cancelStep = clock.after(Math.max(1, ms), () => poke(worker))
  }

  /** Looks, decides and acts until there is nothing left to do. */
  async function step(worker: Worker): Promise<void> {
    let containers: readonly Container[] | null = null
    for (let round = 0; round < roundsMax; round++) {
      containers ??= await look(worker)
      const now = wanted(worker)
      if (now === null && containers.length === 0 && worker.memory.cleaned) return release(worker)
      if (worker.stale) worker.memory = forgetConfiguration(worker.memory)
      worker.stale = false
      prober.watch(worker.uid, now === null ? [] : probeTargets(now.pod, containers, worker.memory, clock.nowMs()))
      const nowMs = clock.monotonicMs()
      const observed = { containers, memory: worker.memory, verdicts: prober.verdicts(worker.uid) }
      const next = reconcilePod(now?.pod ?? null, observed, nowMs)
      worker.seen = containers
      worker.memory = next.memory
      writeStatus(worker)
      if (next.actions.length === 0) {
        if (next.wakeAtMs !== null) stepAfter(worker, next.wakeAtMs - nowMs)
        return
      }
      await perform(worker, now, next.actions)
      if (next.actions.some(({ type }) => !quiet.includes(type))) containers = null
    }
    throw new DeviceError('failed', 'the engine does not come to what it was told')
  }

  async function look(worker: Worker): Promise<readonly Container[]> {
    const containers = await engine.containers(podLabels(worker.uid, place()), signal)
    for (const { id } of containers) owners.set(id, worker)
    const now = wanted(worker)
    if (now !== null) worker.memory = await withLastWords(now.pod, containers, worker.memory, parts, signal)
    return containers
  }

  /** Does what was decided, all at once. Breaks off, for a new decision, when the pod's deletion begins or changes meanwhile. */
  async function perform(worker: Worker, now: Wanted | null, actions: readonly PodAction[]): Promise<void> {
    const acting = childSignal(signal)
    const overtaken = new Error('the pod is wanted otherwise by now')
    worker.wish = wishOf(now)
    worker.interrupt = () => acting.abort(overtaken)
    const { uid, seen, memory } = worker
    const of: PodAtHand = { uid, pod: now?.pod ?? null, containers: seen ?? [], memory }
    const acts = await Promise.allSettled(actions.map((action) => act(worker, of, now, action, acting.signal)))
    worker.interrupt = null
    acting.release()
    const causes = acts.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
    const cause =
      causes.find((each) => !isFault(each) && each !== overtaken) ?? causes.find((each) => each !== overtaken)
    if (cause !== undefined) throw cause
  }

  async function act(
    worker: Worker,
    of: PodAtHand,
    now: Wanted | null,
    action: PodAction,
    acting: AbortSignal,
  ): Promise<void> {
    log.debug('pod action', { pod: worker.key, uid: worker.uid, ...action })
    if (action.type === 'forget') return await forget(worker, now, acting)
    const learnt = await hands.act(of, action, acting)
    worker.memory = learnt(worker.memory)
  }

  async function forget(worker: Worker, now: Wanted | null, acting: AbortSignal): Promise<void> {
    const { version } = must(now, 'a record is forgotten that is there')
    const expect = { type: 'revision', revision: version.revision } as const
    await writer.commit({ writes: [{ type: 'delete', key: worker.key, expect }] }, acting)
  }

  function release(worker: Worker): void {
    worker.cancelStep()
    worker.cancelWrite()
    prober.watch(worker.uid, [])
    workers.delete(worker.uid)
    for (const [id, owner] of owners) if (owner === worker) owners.delete(id)
    troubles.forget(`pod ${worker.uid}`)
  }

  function refresh(worker: Worker): void {
    worker.stale = true
    poke(worker)
  }

  return {
    adopt: (uid, key) => void adopt(uid, key),
    lookByKey(key) {
      for (const worker of [...workers.values()]) if (worker.key === key) refresh(worker)
    },
    lookByReferences(keys) {
      for (const worker of [...workers.values()]) {
        const pod = wanted(worker)?.pod
        if (pod !== undefined && [...keysReferred(pod)].some((key) => keys.has(key))) refresh(worker)
      }
    },
    compareByKey(key) {
      for (const worker of workers.values()) if (worker.key === key) writeStatus(worker)
    },
    lookAtAll() {
      for (const worker of [...workers.values()]) refresh(worker)
    },
    compareAll() {
      for (const worker of workers.values()) writeStatus(worker)
    },
    lookByContainer(id) {
      const worker = owners.get(id)
      if (worker !== undefined) poke(worker)
      return worker !== undefined
    },
    found(id, uid, key) {
      const worker = adopt(uid, key)
      owners.set(id, worker)
      if (worker.seen === null) poke(worker)
    },
    foundFolder(uid) {
      if (!workers.has(uid)) poke(adopt(uid, ''))
    },
    stop() {
      for (const { cancelStep, cancelWrite } of workers.values()) {
        cancelStep()
        cancelWrite()
      }
    },
  }
}
