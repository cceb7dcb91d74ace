import type { Random } from '../../src/lib/random.ts'
import { type ApiObject, idle, newApiClient } from './client.ts'
import type { SimHttp } from './host/http.ts'
import { Violation } from './violation.ts'
import { nameOf, newWatchChecker, type WatchChecker } from './watches.ts'
import type { World } from './world.ts'

/** The one who starts and deletes pods, and what must be true of them: never over capacity, and in the end as asked. */
export interface Pods {
  step(): Promise<void>
  readonly watch: WatchChecker
  /** After each change a watcher saw: nothing is placed over capacity. */
  seen(objects: ReadonlyMap<string, ApiObject>): void
  /** Against a list at the end: null when all is as asked, else what is not yet. */
  unsettled(items: readonly ApiObject[], running: readonly RunningPod[]): string | null
  readonly counts: { created: number; deleted: number }
}

/** A running container that says which pod it belongs to; the pod's sandbox calls itself `POD`. */
export interface RunningPod {
  readonly node: string
  readonly uid: string
  readonly name: string
  readonly container: string
}

/** What the simulator reads of a pod. */
interface PodSpec {
  readonly nodeName?: string
  readonly restartPolicy?: string
  readonly containers: readonly { readonly resources?: { readonly requests?: { readonly cpu?: string } } }[]
}

interface Wanted {
  readonly cpuMillis: number
  /** It ends by itself. */
  readonly ends: boolean
  created: 'yes' | 'unknown'
  deleted: 'no' | 'yes' | 'unknown'
}

export const nodeCpuMillis = 4_000
export const podImage = 'app:1'
/** What is asked for: mostly well below what the machines have; in a crowd more, and many at a time. */
const demands = {
  easy: { livePodsMax: 9, cpuSteps: 12, burstMax: 1 },
  crowd: { livePodsMax: 18, cpuSteps: 24, burstMax: 6 },
} as const

export function newPods(world: World, http: SimHttp, nodes: readonly string[], random: Random): Pods {
  const client = newApiClient(http, 'p1')
  const wanted = new Map<string, Wanted>()
  const watch = newWatchChecker('pods')
  const counts = { created: 0, deleted: 0 }
  const { livePodsMax, cpuSteps, burstMax } = random.chance(0.3) ? demands.crowd : demands.easy
  const path = '/api/v1/namespaces/default/pods'

  async function create(): Promise<void> {
    const name = `pod-${wanted.size + 1}`
    const ends = random.chance(0.2)
    const cpuMillis = 100 * (1 + random.below(cpuSteps))
    const pod: Wanted = { cpuMillis, ends, created: 'unknown', deleted: 'no' }
    wanted.set(name, pod)
    const command = ends
      ? ['sleep', String(1 + random.below(5))]
      : random.chance(0.2)
        ? ['sh', '-c', 'trap "" TERM; serve']
        : ['serve']
    const answer = await client.ask(random.pick(nodes), 'POST', path, {
      metadata: { name },
      spec: {
        restartPolicy: ends ? random.pick(['Never', 'OnFailure']) : 'Always',
        terminationGracePeriodSeconds: 1 + random.below(4),
        containers: [
          { name: 'main', image: podImage, command, resources: { requests: { cpu: `${cpuMillis}m`, memory: '16Mi' } } },
        ],
      },
    })
    if (answer === null || answer.status >= 500) return
    if (answer.status !== 201) {
      // Also a first try whose answer was lost cannot explain a refusal: every name is used once.
      throw new Violation('a valid pod is accepted', `${name}: ${answer.status} ${answer.body.message}`)
    }
    pod.created = 'yes'
    counts.created++
  }

  async function remove(): Promise<void> {
    const live = [...wanted].filter(([, pod]) => pod.deleted === 'no')
    if (live.length === 0) return
    const [name, pod] = random.pick(live)
    pod.deleted = 'unknown'
    const answer = await client.ask(random.pick(nodes), 'DELETE', `${path}/${name}`)
    if (answer === null || answer.status >= 500) return
    if (answer.status === 404 && pod.created === 'yes') {
      throw new Violation('no acknowledged write is lost', `${name} was created and is not found`)
    }
    if (answer.status === 404) return
    pod.deleted = 'yes'
    counts.deleted++
  }

  return {
    watch,
    counts,
    async step() {
      const live = [...wanted.values()].filter(({ deleted }) => deleted === 'no').length
      const act = live < livePodsMax && random.chance(0.6) ? create : remove
      await Promise.all(Array.from({ length: 1 + random.below(burstMax) }, act))
      await idle(world, random, 100, 4_000)
    },
    seen(objects) {
      const used = new Map<string, number>()
      for (const pod of objects.values()) {
        const { nodeName } = specOf(pod)
        if (nodeName === undefined || hasEnded(pod)) continue
        const sum = (used.get(nodeName) ?? 0) + cpuOf(pod)
        used.set(nodeName, sum)
        if (sum > nodeCpuMillis)
          throw new Violation('nothing is placed over capacity', `${nodeName} holds ${sum}m of ${nodeCpuMillis}m cpu`)
      }
    },
    unsettled(items, running) {
      const byName = new Map(items.map((item) => [nameOf(item), item]))
      for (const [name, pod] of wanted) {
        const found = byName.get(name)
        if (pod.created === 'yes' && pod.deleted === 'no' && found === undefined) {
          throw new Violation('no acknowledged write is lost', `${name} was created, not deleted, and is not there`)
        }
        if (pod.deleted === 'yes' && found !== undefined) {
          if (found.metadata?.deletionTimestamp === undefined) {
            throw new Violation('no acknowledged write is lost', `${name} was deleted and is there unmarked`)
          }
          return `${name} is deleted and still there`
        }
      }
      return unplaced(items, nodes) ?? strayContainers(items, running)
    },
  }
}

/** A pod that waits though it would fit, or whose state is not final. */
function unplaced(items: readonly ApiObject[], nodes: readonly string[]): string | null {
  const free = new Map(nodes.map((node) => [node, nodeCpuMillis]))
  for (const pod of items) {
    const { nodeName } = specOf(pod)
    if (nodeName !== undefined && !hasEnded(pod)) free.set(nodeName, (free.get(nodeName) ?? 0) - cpuOf(pod))
  }
  for (const pod of items) {
    const name = nameOf(pod)
    const { nodeName, restartPolicy } = specOf(pod)
    if (pod.metadata?.deletionTimestamp !== undefined) return `${name} is marked as deleted and still there`
    if (nodeName === undefined) {
      if ([...free.values()].some((millis) => millis >= cpuOf(pod))) return `${name} is not bound though it would fit`
      continue
    }
    const phase = phaseOf(pod)
    if (restartPolicy === 'Always' ? phase !== 'Running' : !hasEnded(pod)) return `${name} on ${nodeName} is ${phase}`
  }
  return null
}

/** What runs and should not, or should and does not. */
function strayContainers(items: readonly ApiObject[], running: readonly RunningPod[]): string | null {
  const should = new Map(items.filter((pod) => phaseOf(pod) === 'Running').map((pod) => [pod.metadata?.uid ?? '', pod]))
  const seen = new Set<string>()
  for (const { uid, node, name, container } of running) {
    const pod = should.get(uid)
    if (pod === undefined) return `a container of ${name} runs on ${node}, which nobody wants`
    if (specOf(pod).nodeName !== node) return `${name} runs on ${node} and is bound to ${specOf(pod).nodeName}`
    const which = `${uid}/${container}`
    if (seen.has(which)) return `${container} of ${name} runs twice`
    seen.add(which)
  }
  for (const [uid, pod] of should) {
    for (const container of ['POD', 'main']) {
      if (!seen.has(`${uid}/${container}`)) return `${nameOf(pod)} is said to run, and its ${container} does not`
    }
  }
  return null
}

function specOf(pod: ApiObject): PodSpec {
  return pod.spec as unknown as PodSpec
}

function phaseOf(pod: ApiObject): string {
  return (pod.status as { readonly phase?: string } | undefined)?.phase ?? ''
}

function hasEnded(pod: ApiObject): boolean {
  return phaseOf(pod) === 'Succeeded' || phaseOf(pod) === 'Failed'
}

function cpuOf(pod: ApiObject): number {
  const cpu = specOf(pod).containers[0]?.resources?.requests?.cpu ?? '0'
  // The API writes 2000m as 2.
  return cpu.endsWith('m') ? Number.parseInt(cpu, 10) : 1000 * Number.parseFloat(cpu)
}
