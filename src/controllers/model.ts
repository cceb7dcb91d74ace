import { must } from '../lib/assert.ts'
import { newRandom, type Random } from '../lib/random.ts'
import { withCondition } from '../objects/conditions.ts'
import { applyDefaults } from '../objects/defaults.ts'
import type { Kind } from '../objects/kind.ts'
import { prepareCreate } from '../objects/prepare.ts'
import type { Deployment, KubeObject, Node, Pod } from '../objects/types.ts'
import { newControllers } from './all.ts'
import { type FixtureStore, newFixtureStore } from './fixture.ts'
import { deploymentKind, namespaceKind, podKind, put, remove } from './objects.ts'
import { isActive, isReady } from './pods.ts'
import { newWork } from './round.ts'

/**
 * For tests: a cluster in memory. The real store and all controllers, and beside them nodes that run what they are
 * given, people who change their mind, and time that passes when it is told to.
 */
export interface Model {
  readonly store: FixtureStore
  readonly random: Random
  nowMs: number
  /** Nodes that answer. */
  readonly alive: Set<string>
  /** One round of the controllers; false when there was nothing to do. */
  round(): boolean
  /** Rounds, nodes and time, until nothing moves any more. */
  settle(): void
  /** Nodes do something about their pods: each with this chance. */
  live(chance: number): void
  create(kind: Kind, object: KubeObject): void
  change<T extends KubeObject>(kind: Kind, name: string, next: (object: T) => T): void
  pods(): readonly Pod[]
  /** What the controllers wrote in all. */
  readonly written: string[]
}

export function newModel(nodes: readonly string[], seed = 1): Model {
  const store = newFixtureStore()
  const random = newRandom(seed)
  const alive = new Set(nodes)
  let drawn = 0
  const written: string[] = []
  store.put(namespaceKind, { metadata: { name: 'default', uid: 'ns-default' } })
  for (const name of nodes) store.node(name, { status: {} } as Partial<Node>)
  const controllers = newControllers({
    leader: 'id-leader',
    caCertificatePem: 'pem',
    hearing: () => ({
      heard: new Map(nodes.map((name) => [`id-${name}`, alive.has(name) ? ('alive' as const) : ('dead' as const)])),
      active: new Set<string>(),
      settled: true,
      configuration: { voters: [], votersOutgoing: [], learners: [] },
      monotonicMs: model.nowMs,
    }),
  })
  const now = () => ({ monotonicMs: model.nowMs, wallMs: model.nowMs })

  const model: Model = {
    store,
    random,
    alive,
    written,
    nowMs: 1_700_000_000_000,
    round() {
      const round = work.next(now())
      const ends = round.steps.map(({ txn, what }) => {
        written.push(what)
        return store.commit(txn).type
      })
      work.ended(round, ends, now())
      return round.steps.length > 0
    },
    settle() {
      for (let quiet = 0, i = 0; quiet < 5; i++) {
        must(i < 20_000 ? true : null, 'what is left alone comes to rest')
        const moved = model.round()
        const lived = liveAll(model, 1)
        quiet = moved || lived ? 0 : quiet + 1
        model.nowMs += moved || lived ? 20 : 1_000
      }
    },
    live: (chance) => void liveAll(model, chance),
    create(kind, object) {
      const birth = { nowMs: model.nowMs, uid: `uid-${++drawn}`, namespace: 'default', nameSuffix: '' }
      store.put(kind, applyDefaults(kind, prepareCreate(kind, object, birth)))
    },
    change(kind, name, next) {
      const object = must(store.read<Parameters<typeof next>[0]>(kind, name), `${name} is there`)
      const changed: KubeObject = next(object)
      const generation = (object.metadata.generation ?? 0) + 1
      store.put(kind, { ...changed, metadata: { ...changed.metadata, generation } })
    },
    pods: () => store.cluster.list<Pod>(podKind).map(({ object }) => object),
  }
  const work = newWork(store.view, controllers)
  store.view.subscribe((changes) => work.follow(changes))
  return model
}

/** Nodes start what they were given and end what they no longer have. */
function liveAll(model: Model, chance: number): boolean {
  let moved = false
  for (const pod of model.store.cluster.list<Pod>(podKind)) {
    const { object } = pod
    if (!model.alive.has(object.spec.nodeName ?? '') || !model.random.chance(chance)) continue
    if (object.metadata.deletionTimestamp !== undefined) {
      model.store.commit({ writes: [remove(pod)] })
      moved = true
    } else if (isActive(object) && !isReady(object)) {
      model.store.commit({
        writes: [
          put(pod, {
            ...object,
            status: { ...ready(object, 'True', model.nowMs), phase: 'Running', podIP: addressOf(object) },
          }),
        ],
      })
      moved = true
    }
  }
  return moved
}

export function ready({ status }: Pod, state: 'True' | 'False', nowMs: number): NonNullable<Pod['status']> {
  return { ...status, conditions: withCondition(status?.conditions, { type: 'Ready', status: state }, nowMs) }
}

function addressOf({ metadata }: Pod): string {
  let hash = 0
  for (const char of metadata.uid ?? '') hash = (hash * 31 + char.charCodeAt(0)) % 65_536
  return `10.244.${hash >> 8}.${hash & 255}`
}

export interface WebOptions {
  readonly replicas?: number
  readonly image?: string
  readonly more?: Partial<Deployment['spec']>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A Deployment as people write it. */
export function web({ replicas = 3, image = 'web:1', more = {}, annotations }: WebOptions = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'default', annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
      ...more,
    },
  } as Deployment
}

export function setImage(image: string): (deployment: Deployment) => Deployment {
  return (deployment) =>
    ({
      ...deployment,
      spec: {
        ...deployment.spec,
        template: {
          ...deployment.spec.template,
          spec: {
            ...deployment.spec.template.spec,
            containers: [{ ...deployment.spec.template.spec?.containers[0], image }],
          },
        },
      },
    }) as Deployment
}

export function deploymentOf(model: Model): Deployment {
  return must(model.store.read<Deployment>(deploymentKind, 'web'), 'it was created')
}
