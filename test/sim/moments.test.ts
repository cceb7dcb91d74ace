import { describe, expect, it } from 'vitest'
import { newRandom } from '../../src/lib/random.ts'
import type { SimCluster, SimNode } from './cluster.ts'
import { newSimLinks } from './host/links.ts'
import { type MomentKind, newMoments } from './moments.ts'
import { newWorld } from './world.ts'

/** Three nodes that only note when they are crashed and started. */
function scene(kinds: readonly MomentKind[]) {
  const world = newWorld(1)
  const links = newSimLinks()
  const happened: { readonly what: string; readonly node: string; readonly atMs: number }[] = []
  const note = (what: string) => (node: SimNode) => void happened.push({ what, node: node.name, atMs: world.nowMs })
  const nodes = ['n1', 'n2', 'n3'].map((name) => ({ name, lives: 1, process: null }) as unknown as SimNode)
  const cluster = {
    nodes,
    node: (name: string) => nodes.find((node) => node.name === name),
    crash: note('crash'),
    start: note('start'),
  } as unknown as SimCluster
  const moments = newMoments({
    cluster,
    links,
    random: newRandom(7),
    kinds,
    struck: () => undefined,
    later: (afterMs, callback) => void world.after(afterMs, callback),
  })
  const line = (message: string, term = 1) =>
    moments.line({ node: 'n1', life: 1, level: 'debug', message, fields: { term } })
  const write = (key: string) => moments.writing(nodes[0] as SimNode, 'log', [{ type: 'delete', key }], true, 4)
  const cuts = () =>
    ['n1', 'n2', 'n3'].flatMap((from) =>
      ['n1', 'n2', 'n3'].filter((to) => links.isCut(from, to)).map((to) => from + to),
    )
  return { world, happened, line, write, cuts }
}

describe('a moment', () => {
  it('crashes a daemon within the write of its vote, and starts it again', async () => {
    const { world, happened, write } = scene(['crash at a moment'])
    for (let i = 0; i < 300; i++) write('state')
    await world.run(20_000)
    const crashes = happened.filter(({ what }) => what === 'crash')
    expect(crashes.length).toBeGreaterThan(5)
    expect(crashes.every(({ atMs }) => atMs <= 6)).toBe(true)
    expect(happened.filter(({ what }) => what === 'start')).toHaveLength(crashes.length)
  })

  it('is struck more seldom the more common it is', async () => {
    const struck = async (key: string): Promise<number> => {
      const { world, happened, write } = scene(['crash at a moment'])
      for (let i = 0; i < 1_000; i++) write(key)
      await world.run(20_000)
      return happened.length
    }
    expect(await struck('e/1')).toBeLessThan((await struck('state')) / 10)
  })

  it('cuts links of the node alone, and they carry again', async () => {
    const { world, line, cuts } = scene(['cut at a moment'])
    for (let i = 0; i < 30; i++) line('became leader')
    expect(cuts().length).toBeGreaterThan(0)
    expect(cuts().every((wire) => wire.includes('n1'))).toBe(true)
    await world.run(20_000)
    expect(cuts()).toEqual([])
  })

  it('is the first commit of a leader once a term', () => {
    const { line, cuts, world } = scene(['leaders cut off in turn'])
    const cutBy = (term: number): boolean => {
      line('committed', term)
      return cuts().length > 0
    }
    let term = 1
    while (!cutBy(term)) term++
    expect(term).toBeLessThan(50)
    expect(cuts()).toEqual(['n1n2', 'n1n3', 'n2n1', 'n3n1'])
    expect(world.nowMs).toBe(0)
  })

  it('is nothing to a seed without these faults', async () => {
    const { world, happened, line, write, cuts } = scene([])
    for (let i = 0; i < 1_000; i++) {
      line('became leader', i)
      write('state')
    }
    await world.run(20_000)
    expect([happened, cuts()]).toEqual([[], []])
  })
})
