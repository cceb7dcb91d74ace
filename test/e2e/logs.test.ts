import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalCluster, startCluster, waitFor } from '../hosts/cluster.ts'
import { type Kubectl, kubectls, mustKubectl, type Ran, runKubectl, startKubectl } from '../hosts/kubectl.ts'

/** What a container printed, asked at every node, whichever it runs on. */
const names = ['n1', 'n2', 'n3']
let cluster: LocalCluster

beforeAll(async () => {
  cluster = await startCluster(names, () => undefined)
  const [kubectl] = kubectls()
  if (kubectl === undefined) throw new Error('there is a kubectl')
  for (const [name, script] of [
    ['counts', 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done'],
    ['crashes', 'echo last words; exit 3'],
  ] as const) {
    const container = {
      name: 'main',
      image: 'skein.local/demo:1',
      command: ['sh', '-c', `trap "exit 0" TERM; ${script}`],
    }
    const spec = { terminationGracePeriodSeconds: 1, containers: [container] }
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
    mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['apply', '-f', '-'], { input: JSON.stringify(manifest) })
  }
  const missing = { name: 'main', image: '127.0.0.1:1/nobody/nothing:1' }
  const waits = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits' }, spec: { containers: [missing] } }
  mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['apply', '-f', '-'], { input: JSON.stringify(waits) })
  await waitFor('the pods have printed', 60_000, () =>
    names.every((node) => runKubectl(kubectl, cluster.node(node).kubeconfig, ['logs', 'counts']).stdout !== ''),
  )
})
afterAll(async () => {
  await cluster?.stop()
})

describe.each(kubectls())('kubectl $version logs', (kubectl: Kubectl) => {
  const at = (node: string, ...args: string[]): Ran => runKubectl(kubectl, cluster.node(node).kubeconfig, args)
  const nodeOf = (pod: string): string => at('n1', 'get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}').stdout

  test('are the same at every node', () => {
    for (const node of names) {
      expect(at(node, 'logs', 'counts').stdout).toMatch(/^line 1\nline 2\n/)
      expect(at(node, 'logs', 'counts', '--tail=2').stdout).toMatch(/^line \d+\nline \d+\n$/)
      expect(at(node, 'logs', 'counts', '--limit-bytes=9').stdout).toBe('line 1\nli')
      expect(at(node, 'logs', 'counts', '--tail=1', '--timestamps').stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line \d+\n$/)
      expect(at(node, 'logs', 'counts', '--since=1h').stdout).toMatch(/^line 1\n/)
    }
  })

  test('are followed, across nodes as well, until who follows has enough', async () => {
    for (const node of names) {
      const following = startKubectl(kubectl, cluster.node(node).kubeconfig, ['logs', '-f', 'counts', '--tail=1'])
      let text = ''
      following.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      await waitFor('a few lines', 20_000, () => text.split('\n').length > 4)
      following.kill('SIGINT')
      const numbers = [...text.matchAll(/^line (\d+)$/gm)].map((found) => Number(found[1]))
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
    }
  })

  test('tell of the life before', async () => {
    await waitFor('a second life', 60_000, () => at('n1', 'logs', 'crashes', '--previous').status === 0)
    for (const node of names) expect(at(node, 'logs', 'crashes', '--previous').stdout).toBe('last words\n')
  })

  test('are refused in words that help', () => {
    for (const node of names) {
      expect(at(node, 'logs', 'waits').stderr).toContain('container "main" in pod "waits" is waiting to start: ')
      expect(at(node, 'logs', 'counts', '--previous').stderr).toContain(
        'previous terminated container "main" in pod "counts" not found',
      )
      expect(at(node, 'logs', 'counts', '-c', 'other').stderr).toContain('container other is not valid for pod counts')
      expect(at(node, 'logs', 'nobody').stderr).toMatch(/pods "nobody" not found/)
    }
  })

  test('break off when the daemon of their pod dies, and come again with it', async () => {
    const home = nodeOf('counts')
    const away = names.find((node) => node !== home) ?? ''
    const following = startKubectl(kubectl, cluster.node(away).kubeconfig, ['logs', '-f', 'counts', '--tail=1'])
    let text = ''
    following.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const code = new Promise<number | null>((resolve) => following.once('exit', resolve))
    await waitFor('a line', 20_000, () => text !== '')
    await cluster.node(home).kill()
    expect(await code).not.toBe(0)
    expect(at(away, 'logs', 'counts').stderr).toContain(`node "${home}", where pod "counts" runs, does not answer`)
    await cluster.node(home).start()
    await waitFor('the log again', 60_000, () => at(away, 'logs', 'counts', '--tail=1').stdout.startsWith('line '))
  })
})
