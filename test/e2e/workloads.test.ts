import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalCluster, startCluster, waitFor } from '../hosts/cluster.ts'
import { type Kubectl, kubectls, mustKubectl } from '../hosts/kubectl.ts'

/** Deployments and whole pods with real kubectl, on real daemons and a real Docker Engine. */
let cluster: LocalCluster

beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3'], () => undefined)
})
afterAll(async () => {
  await cluster?.stop()
})

const image = 'skein.local/demo:1'
const idle = `command: [sh, -c], args: ["trap 'exit 0' TERM; while true; do sleep 60 & wait $!; done"]`

describe.each(kubectls())('kubectl $version', (kubectl: Kubectl) => {
  const k = (...args: string[]): string => mustKubectl(kubectl, cluster.node('n2').kubeconfig, args)
  const apply = (input: string): string =>
    mustKubectl(kubectl, cluster.node('n3').kubeconfig, ['apply', '-f', '-'], { input })

  test('a deployment: rolled out, scaled, changed, taken back, restarted', async () => {
    apply(deployment('one'))
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    expect(k('get', 'deployment', 'web')).toMatch(/web +3\/3 +3 +3/)
    k('scale', 'deployment', 'web', '--replicas=5')
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    const nodes = new Set(k('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}').split(' '))
    expect(nodes.size).toBe(3)
    apply(deployment('two').replace('replicas: 3', 'replicas: 5'))
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    // Those that are on their way out are still listed.
    await waitFor('nothing but the second version', 60_000, () => versions(k).join() === 'two')
    expect(k('rollout', 'history', 'deployment/web')).toMatch(/1 [\s\S]*2 /)
    k('rollout', 'undo', 'deployment/web')
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    await waitFor('nothing but the first version', 60_000, () => versions(k).join() === 'one')
    k('rollout', 'restart', 'deployment/web')
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    expect(k('describe', 'deployment', 'web')).toMatch(/NewReplicaSetAvailable/)
    expect(k('get', 'all')).toMatch(/deployment\.apps\/web[\s\S]*replicaset\.apps\/web-/)
    k('delete', 'deployment', 'web')
  })

  test('its pods go with it', async () => {
    await waitFor('no pod', 60_000, () => k('get', 'pods', '-l', 'app=web', '-o', 'name') === '')
  })

  test('a pod of two containers with an init container, a shared folder and a config map that changes', async () => {
    apply(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {text: first}\n`)
    apply(pair)
    k('wait', '--for=condition=Ready', 'pod/pair', '--timeout=90s')
    expect(k('get', 'pod', 'pair')).toMatch(/2\/2 +Running/)
    expect(k('logs', 'pair', '-c', 'prepare')).toBe('prepared\n')
    await waitFor('what the other container wrote', 30_000, () =>
      k('logs', 'pair', '-c', 'reader').includes('prepared'),
    )
    await waitFor('the map', 30_000, () => k('logs', 'pair', '-c', 'reader').includes('first'))
    apply(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {text: second}\n`)
    await waitFor('the changed map', 60_000, () => k('logs', 'pair', '-c', 'reader', '--tail=5').includes('second'))
    k('delete', 'pod/pair', 'configmap/page')
  })

  test('a failed probe takes a pod out and restarts it', async () => {
    apply(probed)
    k('wait', '--for=condition=Ready', 'pod/probed', '--timeout=90s')
    await waitFor('a restart', 90_000, () => {
      const count = k('get', 'pod', 'probed', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')
      return Number(count) > 0
    })
    k('delete', 'pod', 'probed', '--now')
  })

  test('a service has an address and its endpoints', async () => {
    apply(deployment('one'))
    k('expose', 'deployment', 'web', '--port=80', '--target-port=8080')
    k('rollout', 'status', 'deployment/web', '--timeout=90s')
    expect(k('get', 'service', 'web')).toMatch(/web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP/)
    await waitFor('three endpoints', 30_000, () => {
      const ready = k('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', 'yaml')
      return (ready.match(/ready: true/g) ?? []).length === 3
    })
    k('delete', 'deployment/web', 'service/web')
  })
})

test("a dead node's pods of a deployment run elsewhere", async () => {
  const [kubectl] = kubectls()
  if (kubectl === undefined) throw new Error('no kubectl')
  const k = (...args: string[]): string => mustKubectl(kubectl, cluster.node('n1').kubeconfig, args)
  mustKubectl(kubectl, cluster.node('n1').kubeconfig, ['apply', '-f', '-'], { input: deployment('one') })
  k('rollout', 'status', 'deployment/web', '--timeout=90s')
  await cluster.node('n3').kill()
  await waitFor('three pods on the two that live', 90_000, () => {
    const told = k('get', 'pods', '-l', 'app=web', '-o', 'wide')
    return (told.match(/1\/1 +Running .* (n1|n2) /g) ?? []).length === 3
  })
  await cluster.node('n3').start()
  k('delete', 'deployment', 'web')
})

function versions(k: (...args: string[]) => string): string[] {
  const path = '{.items[*].metadata.labels.version}'
  return [
    ...new Set(
      k('get', 'pods', '-l', 'app=web', '--field-selector=status.phase=Running', '-o', `jsonpath=${path}`).split(' '),
    ),
  ]
}

function deployment(version: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: ${version}}}
    spec:
      containers: [{name: main, image: '${image}', ${idle}, resources: {requests: {cpu: 10m, memory: 8Mi}}}]
`
}

const pair = `apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  volumes: [{name: shared, emptyDir: {}}, {name: page, configMap: {name: page}}]
  initContainers:
    - {name: prepare, image: '${image}', command: [sh, -c, 'echo prepared | tee /shared/file'], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
    - {name: other, image: '${image}', ${idle}}
    - name: reader
      image: '${image}'
      command: [sh, -c, "trap 'exit 0' TERM; while true; do cat /shared/file /page/text; echo; sleep 1 & wait $!; done"]
      volumeMounts: [{name: shared, mountPath: /shared}, {name: page, mountPath: /page}]
`

const probed = `apiVersion: v1
kind: Pod
metadata: {name: probed}
spec:
  containers:
    - name: main
      image: '${image}'
      command: [sh, -c, "trap 'exit 0' TERM; touch /tmp/well; sleep 5; rm /tmp/well; while true; do sleep 60 & wait $!; done"]
      readinessProbe: {exec: {command: [test, -e, /tmp/well]}, periodSeconds: 1}
      livenessProbe: {exec: {command: [test, -e, /tmp/well]}, periodSeconds: 1, failureThreshold: 2, initialDelaySeconds: 1}
`
