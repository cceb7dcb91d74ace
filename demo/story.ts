import { readFileSync } from 'node:fs'
import { type ApiClient, newApiClient } from '../test/hosts/client.ts'
import {
  clusterStatus,
  engineSocket,
  type LocalCluster,
  type LocalNode,
  skein,
  startCluster,
  waitFor,
} from '../test/hosts/cluster.ts'
import { engineCall } from '../test/hosts/engine.ts'
import { type Kubectl, kubectls, mustKubectl, startKubectl } from '../test/hosts/kubectl.ts'
import type { Telling } from './telling.ts'

/**
 * The story: what Skein is for, played on real parts, each step checked. Throws at the first step that fails.
 * Three daemons; pods made with real kubectl at one node that run on another; the leader killed, again and again.
 */
export async function playStory(telling: Telling): Promise<void> {
  const cluster = await telling.step('three daemons find each other', async () => {
    const started = await startCluster(['n1', 'n2', 'n3'], telling.note)
    telling.note(readStatus(started.node('n1')))
    return started
  })
  try {
    for (const kubectl of kubectls()) await podThere(telling, cluster, kubectl)
    await leaderLost(telling, cluster)
  } finally {
    await telling.step('clean up', async () => {
      await cluster.stop()
    })
  }
  await telling.step('nothing is left behind', async () => {
    const left = cluster.nodes.filter((node) => node.running)
    if (left.length > 0) throw new Error(`still running: ${left.map(({ name }) => name).join(', ')}`)
    const containers = await containersOf(cluster, 'n1', 'n2', 'n3')
    if (containers.length > 0) throw new Error(`containers left: ${containers.join(', ')}`)
  })
}

/** A pod created, seen, watched and deleted with kubectl at node 2, run by Docker for node 3. */
async function podThere(telling: Telling, cluster: LocalCluster, kubectl: Kubectl): Promise<void> {
  const at = cluster.node('n2')
  const pod = `hello-${kubectl.version.replaceAll('.', '-')}`
  const k = (...args: string[]): string => mustKubectl(kubectl, at.kubeconfig, args)
  const watch = startKubectl(kubectl, at.kubeconfig, ['get', 'pods', '-w'])
  let watched = ''
  watch.stdout.on('data', (chunk) => {
    watched += String(chunk)
  })
  try {
    await telling.step(`kubectl ${kubectl.version} at n2 creates a pod that runs on n3`, async () => {
      mustKubectl(kubectl, at.kubeconfig, ['create', '-f', '-'], { input: podManifest(pod, 'n3') })
      k('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s')
      const running = await containersOf(cluster, 'n3')
      if (!running.some((name) => name.includes(pod)))
        throw new Error(`Docker runs no container of ${pod} for n3: ${running.join(', ')}`)
      telling.note(k('get', 'pods', '-o', 'wide').trimEnd())
    })
    await telling.step(`kubectl ${kubectl.version} at n2 deletes it`, async () => {
      k('delete', 'pod', pod)
      const left = await containersOf(cluster, 'n3')
      if (left.some((name) => name.includes(pod))) throw new Error(`its container is still there: ${left.join(', ')}`)
      await waitFor(
        'the watch to tell the whole life',
        10_000,
        () => /Running/.test(watched) && /Terminating/.test(watched),
      )
      telling.note(`get -w told:\n${watched.trimEnd()}`)
    })
  } finally {
    watch.kill('SIGTERM')
  }
}

/** The leader dies ten times; every acknowledged write is there afterwards, and the pods never noticed. */
async function leaderLost(telling: Telling, cluster: LocalCluster): Promise<void> {
  const kubectl = kubectls().at(-1)
  if (kubectl === undefined) throw new Error('no kubectl')
  mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['create', '-f', '-'], { input: podManifest('steady', 'n2') })
  mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['wait', '--for=condition=Ready', 'pod/steady', '--timeout=60s'])
  const startedBefore = (await containerStarts(cluster, 'steady')).join()
  const acknowledged = new Map<string, string>()
  const times: number[] = []
  await telling.step('the leader is killed with SIGKILL, ten times', async () => {
    for (let round = 1; round <= 10; round++) {
      const { took, leader } = await killOnce(cluster, round, acknowledged)
      times.push(took)
      telling.note(`${String(round).padStart(2)}: ${leader} killed; the next write was accepted after ${took} ms`)
    }
  })
  const sorted = [...times].sort((a, b) => a - b)
  const median = Math.round(((sorted[4] ?? 0) + (sorted[5] ?? 0)) / 2)
  await telling.step(`median of 10: ${median} ms, below 1 s`, async () => {
    if (median >= 1000) throw new Error(`the median is ${median} ms: ${times.join(', ')}`)
  })
  await telling.step(`all ${acknowledged.size} acknowledged writes are there, at every node`, async () => {
    for (const node of cluster.nodes) await checkAll(node, acknowledged)
  })
  await telling.step('the pod that ran all the while was not touched', async () => {
    const startedAfter = (await containerStarts(cluster, 'steady')).join()
    if (startedAfter !== startedBefore || startedBefore === '')
      throw new Error(`started ${startedBefore}, then ${startedAfter}`)
  })
}

async function killOnce(
  cluster: LocalCluster,
  round: number,
  acknowledged: Map<string, string>,
): Promise<{ took: number; leader: string }> {
  await cluster.ready()
  const leader = await leaderOf(cluster)
  const others = cluster.nodes.filter((node) => node !== leader)
  const survivor = others[round % others.length]
  if (survivor === undefined) throw new Error('nobody survives')
  const client = newApiClient(survivor.kubeconfig)
  try {
    for (let i = 0; i < 20; i++) await writeOne(client, `before-${round}-${i}`, acknowledged)
    const killed = leader.kill()
    const from = performance.now()
    await writeOne(client, `after-${round}`, acknowledged)
    const took = Math.round(performance.now() - from)
    await killed
    for (let i = 0; i < 20; i++) await writeOne(client, `later-${round}-${i}`, acknowledged)
    return { took, leader: leader.name }
  } finally {
    client.close()
    await leader.start()
  }
}

async function writeOne(client: ApiClient, name: string, acknowledged: Map<string, string>): Promise<void> {
  const value = `${name}/${Math.random()}`
  const { status, body } = await client.call('POST', '/api/v1/namespaces/default/configmaps', {
    metadata: { name },
    data: { value },
  })
  if (status !== 201) throw new Error(`the write of ${name} was answered ${status}: ${JSON.stringify(body)}`)
  acknowledged.set(name, value)
}

async function checkAll(node: LocalNode, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  const client = newApiClient(node.kubeconfig)
  try {
    const { status, body } = await client.call('GET', '/api/v1/namespaces/default/configmaps')
    if (status !== 200) throw new Error(`${node.name} answered ${status}`)
    const { items } = body as { items: { metadata: { name: string }; data?: { value?: string } }[] }
    const found = new Map(items.map((item) => [item.metadata.name, item.data?.value]))
    const lost = [...acknowledged].filter(([name, value]) => found.get(name) !== value)
    if (lost.length > 0) throw new Error(`${node.name} lost ${lost.map(([name]) => name).join(', ')}`)
  } finally {
    client.close()
  }
}

async function leaderOf(cluster: LocalCluster): Promise<LocalNode> {
  const asked = cluster.nodes.find((node) => node.running)
  if (asked === undefined) throw new Error('no node runs')
  let name: string | undefined
  await waitFor('a leader', 10_000, async () => {
    name = (await clusterStatus(asked)).members.find((member) => member.leader)?.name
    return name !== undefined
  })
  return cluster.node(name ?? '')
}

export function readStatus(node: LocalNode): string {
  const told = skein(['status', '--data-dir', node.dataDir])
  return `${told.stdout}${told.stderr}`.trimEnd()
}

/** Names of the running containers of pods of these nodes of the cluster, as the engine tells. */
async function containersOf(cluster: LocalCluster, ...nodes: readonly string[]): Promise<string[]> {
  const names: string[] = []
  for (const node of nodes) {
    const listed = await containersWith(cluster, `skein.dev/node=${node}`)
    names.push(...(listed as { Names: string[] }[]).flatMap(({ Names }) => Names))
  }
  return names
}

async function containersWith(cluster: LocalCluster, label: string): Promise<unknown> {
  const filter = encodeURIComponent(JSON.stringify({ label: [`skein.dev/cluster=${cluster.id}`, label] }))
  return JSON.parse((await engineCall(engineSocket, 'GET', `/containers/json?filters=${filter}`)).text)
}

/** When the containers of a pod started, by the engine's word. */
async function containerStarts(cluster: LocalCluster, pod: string): Promise<string[]> {
  const listed = (await containersWith(cluster, `skein.dev/pod=${pod}`)) as { Id: string }[]
  const started: string[] = []
  for (const { Id } of listed) {
    const { State } = JSON.parse((await engineCall(engineSocket, 'GET', `/containers/${Id}/json`)).text) as {
      State: { StartedAt: string }
    }
    started.push(State.StartedAt)
  }
  return started
}

/** cluster-configs/manifests/hello.yaml with another name, bound to one node by its selector. */
function podManifest(name: string, node: string): string {
  const text = readFileSync(new URL('../../cluster-configs/manifests/hello.yaml', import.meta.url), 'utf8')
  return `${text.replace(/name: hello$/m, `name: ${name}`).trimEnd()}\n  nodeSelector:\n    kubernetes.io/hostname: ${node}\n`
}
