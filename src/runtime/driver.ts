import type { EngineInfo } from '../host/host.ts'
import { sameJson } from '../lib/equal.ts'
import { newInbox } from '../lib/inbox.ts'
import { sleep, untilAborted } from '../lib/wait.ts'
import { amountsOf, nodeAmounts } from '../objects/capacity.ts'
import { writeStored } from '../objects/stored.ts'
import type { Change, Key } from '../store/types.ts'
import { labels } from './labels.ts'
import { reconcileNode } from './node.ts'
import { configMapPrefix, nodeKey, onlyStatus, ownNode, podKey, podPrefix, secretPrefix, wantedOf } from './own.ts'
import type { RuntimeParts } from './parts.driver.ts'
import { newPodWorkers, type PodWorkers } from './pods.driver.ts'
import { isFault, newTroubles, type Troubles, troubleDelayMs } from './troubles.ts'

/** How often the engine is asked for all of this node's containers although it told of no change. */
const lookEveryMs = 60_000
const strangerDelayMs = 500

/**
 * Brings this node's containers in line with the pods bound to it, and tells how that went. Ends only by the signal,
 * or rejects on a bug; faults of the engine and of the cluster are waited out.
 */
export async function driveRuntime(parts: RuntimeParts, signal: AbortSignal): Promise<void> {
  const troubles = newTroubles(parts.log)
  await caughtUp(parts, troubles, signal)
  await untilAborted(signal, { runtime: (inner) => run(parts, troubles, inner) })
}

/** A store that is behind would take running pods for deleted ones: nothing is touched before it has caught up. */
async function caughtUp({ writer, clock }: RuntimeParts, troubles: Troubles, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await writer.barrier(signal)
      return troubles.worked('barrier', 'the cluster answers: containers are looked after')
    } catch (cause) {
      if (!isFault(cause)) throw cause
      troubles.failed('barrier', 'the cluster does not answer yet: containers stay as they are', cause)
      await sleep(clock.after, troubleDelayMs(tries), signal)
    }
  }
}

async function run(parts: RuntimeParts, troubles: Troubles, signal: AbortSignal): Promise<void> {
  const { view, node: self } = parts
  const nodeInbox = newInbox<'look'>(1)
  const bugs = newInbox<Error>(1)
  // Undefined until it was asked for the first time.
  let engine: EngineInfo | null | undefined
  let known: EngineInfo | null = null
  const broke = (cause: Error): void => void bugs.offer(cause)
  const pods = newPodWorkers({ ...parts, engineInfo: () => known, troubles, broke }, signal)

  const lookAtPods = (): void => {
    for (const version of view.list(podPrefix)) {
      const wanted = wantedOf(version, self.name)
      if (wanted !== null) pods.adopt(wanted.pod.metadata.uid ?? '', version.key)
    }
    pods.lookAtAll()
  }
  const heed = (changes: readonly Change[]): void => {
    // Without changes: an image of the whole store was installed.
    if (changes.length === 0) lookAtPods()
    if (changes.length === 0 || changes.some(({ key }) => key === nodeKey(self.name))) {
      nodeInbox.offer('look')
      // The leader may have taken back that the node is lost, and with it what it said of the pods.
      pods.compareAll()
    }
    const referable = changes.map(({ key }) => key).filter(mayBeReferred)
    if (referable.length > 0) pods.lookByReferences(new Set(referable))
    for (const { key, version, previous } of changes) {
      if (!key.startsWith(podPrefix)) continue
      const wanted = wantedOf(version, self.name)
      if (wanted !== null) pods.adopt(wanted.pod.metadata.uid ?? '', key)
      if (onlyStatus(wantedOf(previous, self.name), wanted)) pods.compareByKey(key)
      else pods.lookByKey(key)
    }
  }

  const unsubscribe = view.subscribe(heed)
  try {
    await untilAborted(signal, {
      pods: async (inner) => {
        for (const bug of await bugs.takeAll(inner)) throw bug
      },
      engine: (inner) =>
        followEngine(parts, troubles, pods, inner, (info) => {
          engine = info
          known = info ?? known
          nodeInbox.offer('look')
          if (info !== null) lookAtPods()
        }),
      node: (inner) => followNode(parts, troubles, nodeInbox, () => engine, lookAtPods, inner),
    })
  } finally {
    unsubscribe()
    pods.stop()
  }
}

function mayBeReferred(key: Key): boolean {
  return key.startsWith(configMapPrefix) || key.startsWith(secretPrefix)
}

// ---- The engine --------------------------------------------------------------------------------------------------

async function followEngine(
  { engine, clock, node, files }: RuntimeParts,
  troubles: Troubles,
  pods: PodWorkers,
  signal: AbortSignal,
  /** Told what the engine is, each time it was asked; null when it did not answer. */
  tell: (info: EngineInfo | null) => void,
): Promise<void> {
  const ours = { [labels.cluster]: node.clusterId, [labels.node]: node.name }
  const strangers = newInbox<string>(1)
  const hint = (id: string): void => {
    if (!pods.lookByContainer(id)) strangers.offer(id)
  }
  let tries = 0

  /** Finds containers whose pods are not known: those of this daemon's predecessor, or of pods that are gone. */
  async function lookAtContainers(inner: AbortSignal): Promise<void> {
    for (const { id, labels: found } of await engine.containers(ours, inner)) {
      const [uid, namespace, name] = [found[labels.uid], found[labels.namespace], found[labels.pod]]
      if (uid !== undefined && namespace !== undefined && name !== undefined) {
        pods.found(id, uid, podKey(namespace, name))
      }
    }
  }

  while (!signal.aborted) {
    try {
      await untilAborted(signal, {
        events: (inner) => engine.watch(ours, hint, inner),
        looks: async (inner) => {
          for (;;) {
            const info = await engine.info(inner)
            await lookAtContainers(inner)
            tries = 0
            troubles.worked('engine', 'the container engine answers again', { engine: info.version })
            tell(info)
            for (const uid of await files.list(files.root)) pods.foundFolder(uid)
            await sleep(clock.after, lookEveryMs, inner)
          }
        },
        strangers: async (inner) => {
          for (;;) {
            await strangers.takeAll(inner)
            // Mostly one of our own that is just being made, and known in a moment.
            await sleep(clock.after, strangerDelayMs, inner)
            await lookAtContainers(inner)
          }
        },
      })
    } catch (cause) {
      if (!isFault(cause)) throw cause
      tell(null)
      troubles.failed('engine', 'the container engine does not answer', cause)
      await sleep(clock.after, troubleDelayMs(++tries), signal)
    }
  }
}

// ---- The node's own object ---------------------------------------------------------------------------------------

async function followNode(
  parts: RuntimeParts,
  troubles: Troubles,
  inbox: ReturnType<typeof newInbox<'look'>>,
  engine: () => EngineInfo | null | undefined,
  returned: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { view, clock, log, node: self } = parts
  let removed = false
  let tries = 0
  for (;;) {
    await inbox.takeAll(signal)
    const member = ownNode(view, self) !== null
    // Before the founder's first write there is nothing at all.
    if (!member && !removed && view.revision > 0) {
      log.error('this node was removed from the cluster: its containers are left as they are, no new ones are made')
    }
    if (member && removed) returned()
    removed = !member && view.revision > 0
    const info = engine()
    if (!member || info === undefined) continue
    try {
      if (!(await writeNode(parts, info, signal))) inbox.offer('look')
      troubles.worked('node', 'the node object is written again')
      tries = 0
    } catch (cause) {
      if (!isFault(cause)) throw cause
      troubles.failed('node', 'the node object cannot be written for now', cause)
      await sleep(clock.after, troubleDelayMs(++tries), signal)
      inbox.offer('look')
    }
  }
}

/** False when somebody else wrote the object meanwhile. */
async function writeNode(
  { view, writer, clock, node: self }: RuntimeParts,
  engine: EngineInfo | null,
  signal: AbortSignal,
): Promise<boolean> {
  const own = ownNode(view, self)
  if (own === null) return true
  const next = reconcileNode(own.node, { ...self, member: self, engine }, clock.nowMs())
  const provides = nodeAmounts(self.name, amountsOf(next.status?.allocatable))
  const provided = provides.every(({ limit, amount }) => view.limit(limit)?.capacity === amount)
  if (provided && sameJson(next, own.node)) return true
  const expect = { type: 'revision', revision: own.version.revision } as const
  const put = { type: 'put', key: own.version.key, expect, value: writeStored(next), provides } as const
  const outcome = await writer.commit({ writes: [put] }, signal)
  return outcome.type === 'done'
}
