import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, newApiClient } from '../hosts/client.ts'
import { type LocalNode, skein, waitFor } from '../hosts/cluster.ts'
import { engineCall } from '../hosts/engine.ts'
import { type HostCluster, startHostCluster } from '../hosts/hostcluster.ts'
import { kubectls, mustKubectl } from '../hosts/kubectl.ts'

/** Daemons in hosts of their own: other addresses, other engines, and a leader whose host loses its power. */
const names = ['n1', 'n2', 'n3']
const acceptedWithinMs = 10_000

describe.skipIf(process.getuid?.() !== 0)('three daemons in three hosts', () => {
  let cluster: HostCluster
  const kubectl = kubectls().at(-1)
  const k = (node: string, ...args: string[]): string => {
    if (kubectl === undefined) throw new Error('no kubectl')
    return mustKubectl(kubectl, cluster.node(node).kubeconfig, args)
  }
  beforeAll(async () => {
    const from = performance.now()
    cluster = await startHostCluster(names, () => undefined, { prefix: 'tstk' })
    console.log(`three hosts and a ready cluster of three daemons: ${elapsed(from)} ms`)
  })
  afterAll(async () => {
    await cluster?.stop()
  })

  test('kubectl on this machine reaches any of them', () => {
    for (const name of names) {
      const nodes = k(name, 'get', 'nodes', '-o', 'wide')
      for (const node of cluster.nodes)
        expect(nodes).toMatch(new RegExp(`${node.name} +Ready.* ${node.address.replaceAll('.', '\\.')} `))
    }
  })

  test('each pod is in the engine of its node, and in no other', async () => {
    const manifest = cluster.nodes.map(({ name }) => podOn(name)).join('---\n')
    if (kubectl === undefined) throw new Error('no kubectl')
    mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['create', '-f', '-'], { input: manifest })
    k('n2', 'wait', '--for=condition=Ready', 'pods', '--all', '--timeout=60s')
    for (const name of names) expect(await podsIn(name)).toEqual([`on-${name}`])
  })

  test('the host of the leader loses its power: the next write is accepted, and it comes back', async () => {
    const tookMs: number[] = []
    for (let round = 1; round <= 3; round++) {
      const leader = leaderOf(cluster)
      const survivor = names.find((name) => name !== leader.name) ?? ''
      const client = newApiClient(cluster.node(survivor).kubeconfig)
      try {
        await write(client, `before-${round}`)
        const from = performance.now()
        // A write that began before the power was off would tell nothing.
        await cluster.hostOf(leader.name).kill()
        expect(leader.running).toBe(false)
        await write(client, `after-${round}`)
        tookMs.push(elapsed(from))
        await waitFor('the loss to show', 60_000, () =>
          new RegExp(`${leader.name} +NotReady`).test(k(survivor, 'get', 'nodes')),
        )
        await cluster.hostOf(leader.name).boot()
        expect(await podsIn(leader.name)).toEqual([])
        await leader.start()
        await cluster.ready()
        for (const name of [`before-${round}`, `after-${round}`])
          expect(k(leader.name, 'get', 'configmap', name, '-o', 'name')).toBe(`configmap/${name}\n`)
        await waitFor('its pod to run again', 60_000, async () => (await podsIn(leader.name)).length === 1)
      } finally {
        client.close()
      }
    }
    console.log(`next write after the leader's host lost its power: ${tookMs.join(', ')} ms`)
    expect(Math.max(...tookMs)).toBeLessThan(acceptedWithinMs)
  })

  test('a leader that is cut off is replaced, and obeys the new one when it is back', async () => {
    const leader = leaderOf(cluster)
    const host = cluster.hostOf(leader.name)
    const survivor = names.find((name) => name !== leader.name) ?? ''
    const client = newApiClient(cluster.node(survivor).kubeconfig)
    try {
      const from = performance.now()
      await cluster.hosts.partition([host.name])
      await write(client, 'cut')
      console.log(`next write after the leader was cut off: ${elapsed(from)} ms`)
      await cluster.hosts.heal([host.name])
      await cluster.ready()
      expect(k(leader.name, 'get', 'configmap', 'cut', '-o', 'name')).toBe('configmap/cut\n')
    } finally {
      client.close()
    }
  })

  /** Names of pods whose containers run in the engine of this node. */
  async function podsIn(node: string): Promise<string[]> {
    const filter = encodeURIComponent(JSON.stringify({ label: ['skein.dev/pod'] }))
    const { text } = await engineCall(cluster.hostOf(node).engineSocket, 'GET', `/containers/json?filters=${filter}`)
    const running = JSON.parse(text) as { Labels: Record<string, string> }[]
    return [...new Set(running.map(({ Labels }) => Labels['skein.dev/pod'] ?? ''))]
  }
})

async function write(client: ApiClient, name: string): Promise<void> {
  const { status } = await client.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } })
  expect(status).toBe(201)
}

function leaderOf(cluster: HostCluster): LocalNode {
  const told = skein(['status', '--data-dir', cluster.node('n1').dataDir, '-o', 'json'])
  const { members } = JSON.parse(told.stdout) as { members: { name: string; leader: boolean }[] }
  return cluster.node(members.find(({ leader }) => leader)?.name ?? 'nobody leads')
}

/** cluster-configs/manifests/hello.yaml on one node. */
function podOn(node: string): string {
  const text = readFileSync(new URL('../../cluster-configs/manifests/hello.yaml', import.meta.url), 'utf8')
  const bound = `${text.trimEnd()}\n  nodeSelector:\n    kubernetes.io/hostname: ${node}\n`
  return bound.replace(/name: hello$/m, `name: on-${node}`)
}

function elapsed(from: number): number {
  return Math.round(performance.now() - from)
}
