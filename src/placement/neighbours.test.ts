import { describe, expect, it } from 'vitest'
import type { Node, Pod, PodSpec } from '../objects/types.ts'
import type { Bound } from './crowd.ts'
import type { Candidate } from './node.ts'
import { schedule, type Verdict } from './schedule.ts'

const zone = 'topology.kubernetes.io/zone'
const host = 'kubernetes.io/hostname'

function node(name: string, labels: Record<string, string> = {}, more: Partial<Node> = {}): Candidate {
  const capacity = { cpu: 4000, memory: 2 ** 30, pods: 110 }
  const conditions = [{ type: 'Ready', status: 'True' }]
  const object: Node = { metadata: { name, labels: { [host]: name, ...labels } }, status: { conditions }, ...more }
  return { node: object, capacity, free: capacity }
}

const three = [node('n1', { [zone]: 'a' }), node('n2', { [zone]: 'a' }), node('n3', { [zone]: 'b' })]

let uids = 0
function pod(spec: Partial<PodSpec> = {}, app = 'web', owner?: string): Pod {
  const uid = `u${++uids}`
  const ownerReferences =
    owner === undefined
      ? undefined
      : [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }]
  const metadata = { name: uid, uid, namespace: 'default', labels: { app }, ownerReferences }
  return { metadata, spec: { containers: [{ name: 'main' }], ...spec } }
}

const on = (name: string, app = 'web', spec: Partial<PodSpec> = {}, owner?: string): Pod =>
  pod({ nodeName: name, ...spec }, app, owner)

function bound(pods: readonly Pod[]): Bound {
  const owners = ({ metadata }: Pod) => metadata.ownerReferences ?? []
  return {
    inNamespace: (namespace) => pods.filter(({ metadata }) => metadata.namespace === namespace),
    ofOwner: (uid) => pods.filter((one) => owners(one).some((owner) => owner.uid === uid)),
    guarded: () => pods.filter(({ spec }) => spec.affinity?.podAntiAffinity !== undefined),
    namespaces: (matches) => (matches({ team: 'a' }) ? ['default'] : []),
  }
}

const said = (verdict: Verdict | undefined): string =>
  verdict?.type === 'placed' ? verdict.node : (verdict?.message ?? '')
const place = (one: Pod, there: readonly Pod[] = [], nodes = three): string =>
  said(schedule([one], nodes, bound(there))[0])

const selecting = (app: string) => ({ labelSelector: { matchLabels: { app } } })
const near = (app: string, topologyKey = host): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...selecting(app), topologyKey }] } },
})
const away = (app: string, topologyKey = host): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...selecting(app), topologyKey }] },
  },
})
const onNodes = (
  ...expressions: {
    key: string
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
    values?: string[]
  }[]
): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: expressions }] },
    },
  },
})

describe('by the labels of nodes', () => {
  const nodes = [node('n1', { disk: 'hdd', cores: '4' }), node('n2', { disk: 'ssd', cores: '16' })]
  it.each<[string, Partial<PodSpec>, string]>([
    ['In', onNodes({ key: 'disk', operator: 'In', values: ['ssd', 'nvme'] }), 'n2'],
    ['NotIn', onNodes({ key: 'disk', operator: 'NotIn', values: ['ssd'] }), 'n1'],
    ['Gt', onNodes({ key: 'cores', operator: 'Gt', values: ['8'] }), 'n2'],
    ['Lt', onNodes({ key: 'cores', operator: 'Lt', values: ['8'] }), 'n1'],
    [
      'all of a term',
      onNodes({ key: 'disk', operator: 'Exists' }, { key: 'cores', operator: 'Gt', values: ['4'] }),
      'n2',
    ],
    [
      'none',
      onNodes({ key: 'gpu', operator: 'Exists' }),
      "0/2 nodes are available: 2 nodes didn't match the pod's node affinity.",
    ],
    [
      'an empty term holds for none',
      onNodes(),
      "0/2 nodes are available: 2 nodes didn't match the pod's node affinity.",
    ],
  ])('%s', (_what, spec, verdict) => expect(place(pod(spec), [], nodes)).toBe(verdict))

  it('likes what it prefers, and goes elsewhere when that is not there', () => {
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['ssd'] }] }
    const liking: Partial<PodSpec> = {
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } },
    }
    for (let i = 0; i < 10; i++) expect(place(pod(liking), [], nodes)).toBe('n2')
    expect(place(pod(liking), [], nodes.slice(0, 1))).toBe('n1')
  })

  it('goes where no taint would rather have it elsewhere', () => {
    const taints = [{ key: 'a', effect: 'PreferNoSchedule' }] as const
    for (let i = 0; i < 10; i++) expect(place(pod(), [], [node('n1', {}, { spec: { taints } }), node('n2')])).toBe('n2')
  })
})

describe('by other pods', () => {
  it('goes where they are, on the same host or in the same zone', () => {
    expect(place(pod(near('db')), [on('n2', 'db')])).toBe('n2')
    expect(['n1', 'n2']).toContain(place(pod(near('db', zone)), [on('n2', 'db')]))
    expect(place(pod(near('db')))).toBe(
      "0/3 nodes are available: 3 nodes didn't match the pod's affinity to other pods.",
    )
  })

  it('the first of those that want to be together may begin anywhere', () => {
    const verdicts = schedule([pod(near('web')), pod(near('web')), pod(near('web'))], three, bound([]))
    expect(new Set(verdicts.map(said)).size).toBe(1)
    expect(['n1', 'n2', 'n3']).toContain(said(verdicts[0]))
  })

  it('keeps away, from those that are there and from those placed with it', () => {
    expect(place(pod(away('db', zone)), [on('n1', 'db')])).toBe('n3')
    const verdicts = schedule(
      [1, 2, 3, 4].map(() => pod(away('web'))),
      three,
      bound([]),
    )
    expect(verdicts.slice(0, 3).map(said).sort()).toEqual(['n1', 'n2', 'n3'])
    expect(said(verdicts[3])).toContain('3 nodes have pods that the pod must be away from')
  })

  it('is kept away by those that want to be alone', () => {
    expect(place(pod({}, 'noisy'), [on('n1', 'quiet', away('noisy', zone))])).toBe('n3')
    expect(
      place(
        pod({}, 'noisy'),
        three.map((one) => on(one.node.metadata.name, 'quiet', away('noisy'))),
      ),
    ).toContain('3 nodes have pods that must be away from the pod')
  })

  it('looks in other namespaces where it is told to', () => {
    const other: Pod = { ...on('n2', 'db'), metadata: { ...on('n2', 'db').metadata, namespace: 'data' } }
    const term = { ...selecting('db'), topologyKey: host }
    const inData = (namespaces?: string[]): Partial<PodSpec> => ({
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, namespaces }] } },
    })
    expect(place(pod(inData(['data'])), [other])).toBe('n2')
    expect(place(pod(inData()), [other])).toContain("didn't match")
  })

  it('would like to be near some and away from others', () => {
    const wish = (app: string) => [{ weight: 100, podAffinityTerm: { ...selecting(app), topologyKey: host } }]
    const there = [on('n1', 'db'), on('n2', 'noisy')]
    const likes: Partial<PodSpec> = {
      affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: wish('db') } },
    }
    const dislikes: Partial<PodSpec> = {
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: wish('noisy') } },
    }
    for (let i = 0; i < 10; i++) {
      expect(place(pod(likes), there)).toBe('n1')
      expect(place(pod(dislikes), there)).not.toBe('n2')
    }
  })
})

describe('evenly', () => {
  const spread = (topologyKey: string, more: object = {}): Partial<PodSpec> => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', ...selecting('web'), ...more },
    ],
  })

  it('never more apart than allowed, host by host or zone by zone', () => {
    expect(place(pod(spread(zone)), [on('n1'), on('n3'), on('n2')])).toBe('n3')
    const counts = new Map<string, number>()
    for (const verdict of schedule(
      Array.from({ length: 9 }, () => pod(spread(host))),
      three,
      bound([]),
    )) {
      counts.set(said(verdict), (counts.get(said(verdict)) ?? 0) + 1)
    }
    expect([...counts.values()]).toEqual([3, 3, 3])
  })

  it('says so when it cannot be, and bends where it may', () => {
    const full = [node('n1', { [zone]: 'a' }), { ...node('n3', { [zone]: 'b' }), free: { cpu: 0, memory: 0, pods: 0 } }]
    expect(place(pod(spread(zone)), [on('n1')], full)).toBe(
      `0/2 nodes are available: 1 Too many pods (110 at most), 1 node would break the even spread over ${zone}.`,
    )
    expect(place(pod(spread(zone, { whenUnsatisfiable: 'ScheduleAnyway' })), [on('n1')], full)).toBe('n1')
    expect(place(pod(spread(zone, { minDomains: 3 })), [on('n1'), on('n3')])).toContain('would break the even spread')
  })

  it('a dead node is no place left empty', () => {
    const dead = node('n3', { [zone]: 'b' }, { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
    expect(['n1', 'n2']).toContain(place(pod(spread(zone)), [on('n1'), on('n2')], [...three.slice(0, 2), dead]))
  })

  it('pods of one owner go apart by themselves, and a few of them outweigh room', () => {
    const busy = { ...node('n2'), free: { cpu: 1000, memory: 2 ** 28, pods: 100 } }
    const nodes = [node('n1'), busy]
    const there = [on('n1', 'web', {}, 'set'), on('n1', 'web', {}, 'set')]
    expect(place(pod({}, 'web', 'set'), there, nodes)).toBe('n2')
    expect(place(pod({}, 'web', 'other'), there, nodes)).toBe('n1')
    const zones = [node('n1', { [zone]: 'a' }), node('n2', { [zone]: 'a' }), node('n3', { [zone]: 'b' })]
    expect(place(pod({}, 'web', 'set'), [on('n1', 'web', {}, 'set')], zones)).toBe('n3')
  })
})
