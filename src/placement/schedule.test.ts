import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRandom } from '../lib/random.ts'
import { podRequests } from '../objects/capacity.ts'
import type { Node, Pod, PodSpec, ResourceList } from '../objects/types.ts'
import { amount } from './explain.ts'
import type { Candidate } from './node.ts'
import { schedule } from './schedule.ts'
import { lot } from './scores.ts'

const mib = 1024 ** 2

function node(name: string, free: Record<string, number> = {}, more: Partial<Node> = {}): Candidate {
  const capacity = { cpu: 4000, memory: 1024 * mib, pods: 110 }
  return {
    node: { metadata: { name }, status: { conditions: [{ type: 'Ready', status: 'True' }] }, ...more },
    capacity,
    free: { ...capacity, ...free },
  }
}

let uids = 0
function pod(requests: ResourceList = {}, spec: Partial<PodSpec> = {}): Pod {
  const uid = `u${++uids}`
  return { metadata: { name: uid, uid }, spec: { containers: [{ name: 'main', resources: { requests } }], ...spec } }
}

function verdict(one: Pod, nodes: readonly Candidate[]): string {
  const [found] = schedule([one], nodes)
  return found?.type === 'placed' ? found.node : (found?.message ?? '')
}

const notReady: Partial<Node> = { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }
const cordoned: Partial<Node> = { spec: { unschedulable: true } }
const tainted: Partial<Node> = { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }
const labelled = (labels: Record<string, string>): Partial<Node> => ({ metadata: { name: 'n1', labels } })

describe('why not', () => {
  const rows: readonly [string, Pod, readonly Candidate[], string][] = [
    ['no nodes', pod(), [], 'no nodes are available: the cluster has none.'],
    [
      'as the example says',
      pod({ cpu: '500m' }),
      [node('n1', { cpu: 100 }), node('n2', { cpu: 250 }), node('n3', {}, notReady)],
      '0/3 nodes are available: 2 Insufficient cpu (asked 500m, free 250m and 100m), 1 node is not ready.',
    ],
    [
      'cordoned',
      pod(),
      [node('n1', {}, cordoned), node('n2', {}, cordoned)],
      '0/2 nodes are available: 2 nodes are cordoned.',
    ],
    ['tainted', pod(), [node('n1', {}, tainted)], '0/1 nodes are available: 1 node had untolerated taint {gpu: yes}.'],
    [
      'labels',
      pod({}, { nodeSelector: { disk: 'ssd' } }),
      [node('n1')],
      "0/1 nodes are available: 1 node didn't match the pod's node selector.",
    ],
    [
      'another machine',
      pod({}, { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }),
      [node('n1', {}, labelled({ 'kubernetes.io/arch': 'amd64' }))],
      '0/1 nodes are available: 1 node is kubernetes.io/arch=amd64.',
    ],
    [
      'another name',
      pod({}, { nodeName: 'n2' }),
      [node('n1')],
      "0/1 nodes are available: 1 node didn't match the requested node name.",
    ],
    ['full of pods', pod(), [node('n1', { pods: 0 })], '0/1 nodes are available: 1 Too many pods (110 at most).'],
    [
      'several reasons on one node',
      pod({ cpu: '9', memory: '2Gi' }),
      [node('n1', {}, cordoned)],
      '0/1 nodes are available: 1 Insufficient cpu (asked 9, free 4), 1 Insufficient memory (asked 2Gi, free 1Gi), 1 node is cordoned.',
    ],
    [
      'what no node has',
      pod({ 'example.com/gpu': '1' }),
      [node('n1')],
      '0/1 nodes are available: 1 Insufficient example.com/gpu (asked 1, free 0).',
    ],
    [
      'many figures',
      pod({ cpu: '5' }),
      [1, 2, 3, 4].map((i) => node(`n${i}`, { cpu: i * 1000 })),
      '0/4 nodes are available: 4 Insufficient cpu (asked 5, free 4, 3, 2 and 1 more).',
    ],
  ]
  it.each(rows)('%s', (_what, one, nodes, message) => expect(verdict(one, nodes)).toBe(message))
})

describe('where it may go', () => {
  const rows: readonly [string, Pod, readonly Candidate[], string][] = [
    [
      'a toleration by value',
      pod({}, { tolerations: [{ key: 'gpu', value: 'yes' }] }),
      [node('n1', {}, tainted)],
      'n1',
    ],
    [
      'a toleration of the key',
      pod({}, { tolerations: [{ key: 'gpu', operator: 'Exists' }] }),
      [node('n1', {}, tainted)],
      'n1',
    ],
    ['a toleration of everything', pod({}, { tolerations: [{ operator: 'Exists' }] }), [node('n1', {}, tainted)], 'n1'],
    [
      'a toleration of the cordon',
      pod({}, { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }),
      [node('n1', {}, cordoned)],
      'n1',
    ],
    [
      'a taint that only prefers',
      pod(),
      [node('n1', {}, { spec: { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] } })],
      'n1',
    ],
    [
      'by label',
      pod({}, { nodeSelector: { disk: 'ssd' } }),
      [node('n2'), node('n1', {}, labelled({ disk: 'ssd' }))],
      'n1',
    ],
    ['exactly as much as there is', pod({ cpu: '250m' }), [node('n1', { cpu: 250 }), node('n2', { cpu: 249 })], 'n1'],
    ['the emptier of two', pod({ cpu: '100m' }), [node('n1', { cpu: 1000 }), node('n2')], 'n2'],
    [
      'where memory is left over, when it wants memory and both are rather full',
      pod({ cpu: '100m', memory: '256Mi' }),
      [node('n1', { cpu: 1200, memory: 300 * mib }), node('n2', { cpu: 300, memory: 400 * mib })],
      'n2',
    ],
  ]
  it.each(rows)('%s', (_what, one, nodes, name) => expect(verdict(one, nodes)).toBe(name))

  it.each([
    [{ key: 'gpu', value: 'no' }],
    [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }],
    [{ key: '' }],
    [{ key: 'cpu', operator: 'Exists' }],
  ])('not with the toleration %j', (toleration) => {
    expect(
      verdict(pod({}, { tolerations: [toleration] as PodSpec['tolerations'] }), [node('n1', {}, tainted)]),
    ).toContain('untolerated')
  })
})

describe('many at once', () => {
  it('spreads equal pods evenly', () => {
    const verdicts = schedule(
      Array.from({ length: 30 }, () => pod({ cpu: '50m' })),
      ['n1', 'n2', 'n3'].map((name) => node(name)),
    )
    const counts = ['n1', 'n2', 'n3'].map(
      (name) => verdicts.filter((each) => each.type === 'placed' && each.node === name).length,
    )
    expect(counts).toEqual([10, 10, 10])
  })

  it('spreads pods that ask for nothing', () => {
    const verdicts = schedule(
      Array.from({ length: 9 }, () => pod()),
      ['n1', 'n2', 'n3'].map((name) => node(name)),
    )
    expect(new Set(verdicts.map((each) => (each.type === 'placed' ? each.node : ''))).size).toBe(3)
  })

  it('draws lots between equals, differently for each pod and always the same', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => node(`n${i}`))
    const firsts = Array.from({ length: 40 }, (_, i) => ({ ...pod(), metadata: { name: 'p', uid: `fixed-${i}` } }))
    const chosen = firsts.map((one) => verdict(one, nodes))
    expect(firsts.map((one) => verdict(one, [...nodes].reverse()))).toEqual(chosen)
    expect(new Set(chosen).size).toBeGreaterThan(5)
    expect(lot('a', 'n1')).not.toBe(lot('b', 'n1'))
  })

  const amounts = fc.record({ cpu: fc.integer({ min: 0, max: 3000 }), memory: fc.integer({ min: 0, max: 900 }) })
  const frees = fc.record({
    cpu: fc.integer({ min: 0, max: 4000 }),
    memory: fc.integer({ min: 0, max: 1024 }),
    pods: fc.integer({ min: 0, max: 5 }),
  })

  it('never takes more than there is, and refuses only what fits nowhere', () => {
    fc.assert(
      fc.property(fc.array(amounts, { maxLength: 30 }), fc.array(frees, { maxLength: 6 }), (asks, rooms) => {
        const nodes = rooms.map((room, i) => node(`n${i}`, { ...room, memory: room.memory * mib }))
        const left = new Map(nodes.map((each) => [each.node.metadata.name, { ...each.free }]))
        const pods = asks.map(({ cpu, memory }) => pod({ cpu: `${cpu}m`, memory: `${memory}Mi` }))
        for (const [i, found] of schedule(pods, nodes).entries()) {
          const asked = podRequests(pods[i] as Pod)
          const fits = (free: Readonly<Record<string, number>>): boolean =>
            Object.entries(asked).every(([resource, want]) => want <= (free[resource] ?? 0))
          if (found.type === 'refused') {
            expect([...left.values()].some(fits)).toBe(false)
            continue
          }
          const free = left.get(found.node) ?? {}
          expect(fits(free)).toBe(true)
          for (const [resource, want] of Object.entries(asked)) free[resource] = (free[resource] ?? 0) - want
        }
      }),
      { numRuns: 300 },
    )
  })

  it('packs a cluster nearly to its volume, where first fit leaves many times more outside', () => {
    // Sizes are log-normal in two dimensions, the nodes 3 % more than the sum of them.
    const chance = newRandom(7)
    const size = (): number =>
      Math.exp(Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next()) * 0.8)
    const asks = Array.from({ length: 1200 }, () => ({
      cpu: Math.min(4000, Math.round(300 * size())),
      memory: Math.min(1024, Math.round(75 * size())),
    }))
    const sum = (pick: (ask: { cpu: number; memory: number }) => number): number =>
      asks.reduce((all, ask) => all + pick(ask), 0)
    const count = Math.ceil(1.03 * Math.max(sum(({ cpu }) => cpu) / 4000, sum(({ memory }) => memory) / 1024))

    const pods = asks.map(({ cpu, memory }) => pod({ cpu: `${cpu}m`, memory: `${memory}Mi` }))
    const candidates = Array.from({ length: count }, (_, i) => node(`n${i}`))
    const refused = schedule(pods, candidates).filter(({ type }) => type === 'refused').length

    const bins = candidates.map(() => ({ cpu: 4000, memory: 1024 }))
    const left = asks.filter(({ cpu, memory }) => {
      const fit = bins.find((bin) => bin.cpu >= cpu && bin.memory >= memory)
      if (fit !== undefined) Object.assign(fit, { cpu: fit.cpu - cpu, memory: fit.memory - memory })
      return fit === undefined
    })
    expect(refused / pods.length).toBeLessThan(0.01)
    expect(left.length).toBeGreaterThan(3 * refused)
  })
})

it.each([
  ['cpu', 1500, '1500m'],
  ['cpu', 2000, '2'],
  ['memory', 1536 * mib, '1.5Gi'],
  ['memory', 512, '512'],
  ['pods', 3, '3'],
])('%s %d is written %s', (resource, value, text) => expect(amount(resource, value)).toBe(text))
