import { type Clock, type Container, DeviceError, type Engine, type Log } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { sameJson } from '../lib/equal.ts'
import { childSignal } from '../lib/wait.ts'
import { writeStored } from '../objects/stored.ts'
import type { Pod } from '../objects/types.ts'
import type { Key, StoreView, StoreWriter } from '../store/types.ts'
import { newHands } from './containers.driver.ts'
import { isDeclaredLost } from './node.ts'
import { ownNode, type Wanted, wantedOf } from './own.ts'
import { emptyMemory, isFinished, type PodAction, type PodMemory, reconcilePod } from './pods.ts'
import { type Place, podLabels } from './spec.ts'
import { podStatus } from './status.ts'
import { isFault, type Troubles, troubleDelayMs } from './troubles.ts'

/**
 * All pods that this node has to do with, those bound to it and those of which containers are left. They are looked
 * after side by side, each one step at a time, so that a pod in trouble holds up no other.
 */
export interface PodWorkers {
  /** This pod is one of the node's; it is looked at with the next look. */
  adopt(uid: string, key: Key): void
  /** Looks at every pod with this key. */
  lookByKey(key: Key): void
  /** Only the status of the pods with this key was written: it is compared with what is known. */
  compareByKey(key: Key): void
  lookAtAll(): void
  /** As `compareByKey`, all of them: the node itself was written. */
  compareAll(): void
  /** Looks at the pod of this container; false when it belongs to none that is known. */
  lookByContainer(id: string): boolean
  /** A container was seen on the engine; its pod is looked at when it is new. */
  found(id: string, uid: string, key: Key): void
  stop(): void
}

interface PodWorkersParts {
  readonly view: StoreView
  readonly writer: StoreWriter
  readonly engine: Engine
  readonly clock: Clock
  readonly log: Log
  readonly place: Place
  readonly self: { readonly name: string; readonly identity: string }
  readonly troubles: Troubles
  /** Told of a bug, which ends the runtime. */
  readonly broke: (cause: Error) => void
}

interface Worker {
  readonly uid: string
  readonly key: Key
  memory: PodMemory
  /** What the engine showed last; null: not looked yet. */
  seen: readonly Container[] | null
  stepping: boolean
  stepAgain: boolean
  writing: boolean
  writeAgain: boolean
  /** Tries in a row that ended in a fault. */
  faults: number
  /** What is acted upon of the pod's deletion, and what breaks off the act when that changes. */
  wish: string
  interrupt: (() => void) | null
  cancelStep: () => void
  cancelWrite: () => void
}

/** Rounds of actions before a pod is given a rest: more mean that the engine does not do as it is told. */
const roundsMax = 20
const writeRetryMs = 1_000

export function newPodWorkers(parts: PodWorkersParts, signal: AbortSignal): PodWorkers {
  const { view, writer, engine, clock, log, place, self, troubles, broke } = parts
  const workers = new Map<string, Worker>()
  const owners = new Map<string, Worker>()
  const hands = newHands({
    engine,
    clock,
    place,
    made: (uid, id) => void owners.set(id, must(workers.get(uid), 'a pod with actions has a worker')),
  })

  function adopt(uid: string, key: Key): Worker {
    const worker = workers.get(uid) ?? newWorker(uid, key)
    workers.set(uid, worker)
    return worker
  }

  /** Null when it is gone, another of its name, or not of this node. */
  function wanted(worker: Worker): Wanted | null {
    const found = wantedOf(view.get(worker.key), self.name)
    return found?.pod.metadata.uid === worker.uid ? found : null
  }

  /** Not released: another may have been adopted for the same pod since. */
  function isCurrent(worker: Worker): boolean {
    return !signal.aborted && workers.get(worker.uid) === worker
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
    for (let round = 0; round < roundsMax; round++) {
      const containers = await engine.containers(podLabels(worker.uid, place), signal)
      const now = wanted(worker)
      if (now === null && containers.length === 0) return release(worker)
      for (const { id } of containers) owners.set(id, worker)
      const nowMs = clock.monotonicMs()
      const next = reconcilePod(now?.pod ?? null, { containers, memory: worker.memory }, nowMs)
      worker.seen = containers
      worker.memory = next.memory
      writeStatus(worker)
      if (next.actions.length === 0) {
        if (next.wakeAtMs !== null) stepAfter(worker, next.wakeAtMs - nowMs)
        return
      }
      await perform(worker, now, next.actions)
    }
    throw new DeviceError('failed', 'the engine does not come to what it was told')
  }

  /** Does what was decided. Breaks off, for a new decision, when the pod's deletion begins or changes meanwhile. */
  async function perform(worker: Worker, now: Wanted | null, actions: readonly PodAction[]): Promise<void> {
    const acting = childSignal(signal)
    const overtaken = new Error('the pod is wanted otherwise by now')
    worker.wish = wishOf(now)
    worker.interrupt = () => acting.abort(overtaken)
    try {
      for (const action of actions) {
        log.debug('pod action', { pod: worker.key, uid: worker.uid, ...action })
        if (action.type === 'forget') await forget(worker, now, acting.signal)
        else worker.memory = await hands.act(now?.pod ?? null, action, worker.memory, acting.signal)
      }
    } catch (cause) {
      if (cause !== overtaken) throw cause
    } finally {
      worker.interrupt = null
      acting.release()
    }
  }

  async function forget(worker: Worker, now: Wanted | null, acting: AbortSignal): Promise<void> {
    const { version } = must(now, 'a record is forgotten that is there')
    const expect = { type: 'revision', revision: version.revision } as const
    await writer.commit({ writes: [{ type: 'delete', key: worker.key, expect }] }, acting)
  }

  function release(worker: Worker): void {
    worker.cancelStep()
    worker.cancelWrite()
    workers.delete(worker.uid)
    for (const [id, owner] of owners) if (owner === worker) owners.delete(id)
    troubles.forget(`pod ${worker.uid}`)
  }

  // ---- Status: beside the steps, so that containers are looked after while nothing can be written -----------------

  function writeStatus(worker: Worker): void {
    worker.writeAgain = true
    if (!worker.writing) void writeWhileAsked(worker)
  }

  /** Never rejects. */
  async function writeWhileAsked(worker: Worker): Promise<void> {
    worker.writing = true
    try {
      while (worker.writeAgain && isCurrent(worker)) {
        worker.writeAgain = false
        worker.cancelWrite()
        // Refused: somebody else wrote the pod meanwhile, and the view shows it by now.
        if (!(await writeOnce(worker))) worker.writeAgain = true
      }
    } catch (cause) {
      if (signal.aborted) return
      if (!isFault(cause)) return broke(cause as Error)
      troubles.failed('status', 'statuses of pods cannot be written for now', cause)
      worker.cancelWrite = clock.after(writeRetryMs, () => writeStatus(worker))
    } finally {
      worker.writing = false
    }
  }

  /** False when it was refused. */
  async function writeOnce(worker: Worker): Promise<boolean> {
    const now = wanted(worker)
    const own = ownNode(view, self)
    if (now === null || own === null || worker.seen === null) return true
    const observed = { containers: worker.seen, memory: worker.memory }
    const status = podStatus(now.pod, observed, {
      hostIP: place.hostIP,
      declaredLost: isDeclaredLost(own.node),
      wallMs: clock.nowMs(),
      nowMs: clock.monotonicMs(),
    })
    if (sameJson(status, now.pod.status)) return true
    const next: Pod = { ...now.pod, status }
    const expect = { type: 'revision', revision: now.version.revision } as const
    const put = { type: 'put', key: worker.key, expect, value: writeStored(next) } as const
    // What has ended takes nothing of its node any more.
    const write = isFinished(next) ? { ...put, claims: [] } : put
    const outcome = await writer.commit({ writes: [write] }, signal)
    troubles.worked('status', 'statuses of pods are written again')
    return outcome.type === 'done'
  }

  return {
    adopt: (uid, key) => void adopt(uid, key),
    lookByKey(key) {
      for (const worker of [...workers.values()]) if (worker.key === key) poke(worker)
    },
    compareByKey(key) {
      for (const worker of workers.values()) if (worker.key === key) writeStatus(worker)
    },
    lookAtAll() {
      for (const worker of [...workers.values()]) poke(worker)
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
    stop() {
      for (const { cancelStep, cancelWrite } of workers.values()) {
        cancelStep()
        cancelWrite()
      }
    },
  }
}

function newWorker(uid: string, key: Key): Worker {
  return {
    uid,
    key,
    memory: emptyMemory,
    seen: null,
    stepping: false,
    stepAgain: false,
    writing: false,
    writeAgain: false,
    faults: 0,
    wish: '',
    interrupt: null,
    cancelStep: () => undefined,
    cancelWrite: () => undefined,
  }
}

function wishOf(wanted: Wanted | null): string {
  if (wanted === null) return 'gone'
  const { deletionTimestamp, deletionGracePeriodSeconds } = wanted.pod.metadata
  return deletionTimestamp === undefined ? 'run' : `end in ${deletionGracePeriodSeconds ?? ''}`
}
