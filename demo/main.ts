import { fileURLToPath } from 'node:url'
import { startCluster } from '../test/hosts/cluster.ts'
import { kubectls, mustKubectl } from '../test/hosts/kubectl.ts'
import { playStory, readStatus } from './story.ts'
import { newTelling, type Telling } from './telling.ts'

/** `npm start` after the set-up: three daemons and a pod, until Ctrl-C; with `--story` the story instead. */
async function main(): Promise<void> {
  const known = ['--story', '--help']
  const wrong = process.argv.slice(2).find((argument) => !known.includes(argument))
  if (wrong !== undefined || process.argv.includes('--help')) {
    if (wrong !== undefined) console.error(`error: unknown argument ${wrong}`)
    console.log(
      'npm start              three daemons on this machine, a pod, until Ctrl-C\nnpm start -- --story   the story: plays, checks each step, cleans up',
    )
    process.exitCode = wrong === undefined ? 0 : 2
    return
  }
  const telling = newTelling(
    (line) => console.log(line),
    process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  )
  if (process.argv.includes('--story')) await playStory(telling)
  else await stay(telling)
}

async function stay(telling: Telling): Promise<void> {
  const stopAsked = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  const cluster = await telling.step('three daemons find each other', () =>
    startCluster(['n1', 'n2', 'n3'], telling.note),
  )
  try {
    const kubectl = kubectls().at(-1)
    const first = cluster.node('n1')
    if (kubectl === undefined) throw new Error('no kubectl')
    const manifest = fileURLToPath(new URL('../../cluster-configs/manifests/hello.yaml', import.meta.url))
    await telling.step('kubectl apply -f cluster-configs/manifests/hello.yaml', async () => {
      telling.note(mustKubectl(kubectl, first.kubeconfig, ['apply', '-f', manifest]).trimEnd())
      mustKubectl(kubectl, first.kubeconfig, ['wait', '--for=condition=Ready', '-f', manifest, '--timeout=60s'])
      telling.note(mustKubectl(kubectl, first.kubeconfig, ['get', 'pods', '-o', 'wide']).trimEnd())
    })
    telling.note(readStatus(first))
    console.log(`
The cluster is up. In another terminal:

  export KUBECONFIG=${first.kubeconfig}
  kubectl get nodes
  kubectl get pods -o wide -w
  kubectl delete pod hello

Any node answers: ${cluster.nodes.map(({ name, apiPort }) => `${name} https://127.0.0.1:${apiPort}`).join(', ')}
Their files and logs are in ${cluster.folder}.

Ctrl-C stops the daemons and cleans up.`)
    await stopAsked
    console.log()
  } finally {
    await telling.step('clean up', () => cluster.stop())
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
