import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newClock } from '../../src/host/clock.io.ts'
import { dockerEngine } from '../../src/host/docker.io.ts'
import type { Clock, Container, Engine, Entropy, Log } from '../../src/host/host.ts'
import { askHttp } from '../../src/host/httpask.io.ts'
import { newEntropy } from '../../src/host/random.io.ts'
import { newSockets } from '../../src/host/sockets.io.ts'
import { newFiles } from '../../src/host/volumes.io.ts'
import { must } from '../../src/lib/assert.ts'
import { conditionOf } from '../../src/objects/conditions.ts'
import type { Pod } from '../../src/objects/types.ts'
import { newSimClock, newSimMachineClock } from '../sim/host/clock.ts'
import { newSimEngine } from '../sim/host/engine.ts'
import { newSimEntropy } from '../sim/host/entropy.ts'
import { newSimFiles } from '../sim/host/files.ts'
import { newSimHttp } from '../sim/host/http.ts'
import { newSimSockets } from '../sim/host/sockets.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { type NodeDevices, newOneStoreCluster, type OneStoreCluster } from './cluster.ts'
import { dockerAnswers, dockerImage, importDockerImage } from './dockerimage.ts'

/** Runtime and controllers on an engine: the same story on the real and on the simulated one. */
interface Ground extends NodeDevices {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly engine: Engine
  readonly image: string
  pause(ms: number): Promise<void>
  /** Names of pods' folders that are left. */
  folders(): Promise<readonly string[]>
  close(): Promise<void>
}

const clusterId = `test-${Date.now()}`
const signal = new AbortController().signal
const serves = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait']
const servesSimulated = ['sh', '-c', 'trap "exit 0" TERM; serve']

if (await dockerAnswers()) suite('docker', dockerGround, serves)
else describe.skip('runtime: docker (no engine answers)', () => it('runs', () => undefined))
suite('simulated', simulatedGround, servesSimulated)

async function dockerGround(): Promise<Ground> {
  await importDockerImage()
  const root = await mkdtemp(join(tmpdir(), 'skein-runtime-'))
  return {
    clock: newClock(),
    entropy: newEntropy(),
    engine: dockerEngine(),
    files: newFiles(root),
    http: { ask: askHttp },
    sockets: newSockets(newLog([])),
    image: dockerImage,
    pause,
    folders: () => readdir(root),
    close: () => rm(root, { recursive: true }),
  }
}

function simulatedGround(): Promise<Ground> {
  const world = newWorld(7)
  const process = newSimProcess(world, 'host')
  const files = newSimFiles(world)
  const stop = world.runFreely()
  return Promise.resolve({
    clock: newSimClock(world, process, newSimMachineClock(world)),
    entropy: newSimEntropy(world.random.fork()),
    engine: newSimEngine(world, 'host', { images: ['bb:1'], has: files.has }).attach(process),
    files: files.attach(process),
    http: newSimHttp(world).attach(process),
    sockets: newSimSockets(world).attach(process),
    image: 'bb:1',
    pause: (ms) => new Promise<void>((resolve) => void world.after(ms, resolve)),
    folders: () => files.attach(process).list('/var/lib/skein/pods'),
    close: () => Promise.resolve(stop()),
  })
}

function suite(name: string, setUp: () => Promise<Ground>, server: readonly string[]): void {
  describe(`runtime: ${name}`, () => {
    let ground: Ground
    let cluster: OneStoreCluster
    let said: string[]
    let running: (() => Promise<void>)[]
    let grown = 0

    beforeAll(async () => {
      ground = await setUp()
    })
    beforeEach(() => {
      said = []
      const log = newLog(said)
      cluster = newOneStoreCluster({ ...ground, log, clusterId: `${clusterId}-${name}-${++grown}` })
      running = [cluster.run('n1', ground), cluster.lead()]
    })
    afterEach(async () => {
      for (const stop of running) await stop()
      for (const { id } of await everything()) await ground.engine.remove(id, signal)
    })
    afterAll(() => ground.close())

    function everything(): Promise<readonly Container[]> {
      return ground.engine.containers({ 'skein.dev/cluster': `${clusterId}-${name}-${grown}` }, signal)
    }

    /** Those that pods name; not their sandboxes. */
    async function containers(): Promise<readonly Container[]> {
      return (await everything()).filter(({ labels }) => labels['skein.dev/container'] !== 'POD')
    }

    async function until<T>(
      what: string,
      find: () => T | undefined | false | Promise<T | undefined | false>,
    ): Promise<T> {
      for (let tries = 0; tries < 600; tries++) {
        const found = await find()
        if (found !== undefined && found !== false) return found
        await ground.pause(50)
      }
      const pods = ['web', 'there'].map((pod) => JSON.stringify(cluster.pod(pod)?.status)).join('; ')
      throw new Error(`waited in vain until ${what}: ${pods}; ${said.join('; ')}`)
    }

    function create(pod: string, command: readonly string[] = server, more: object = {}, container: object = {}): void {
      const main = { name: 'main', image: ground.image, imagePullPolicy: 'IfNotPresent', command, ...container }
      cluster.create({ name: pod, spec: { containers: [main], ...more } })
    }

    function ready(pod: string): Promise<Pod> {
      return until(`${pod} is ready`, () => {
        const found = cluster.pod(pod)
        return conditionOf(found?.status?.conditions, 'Ready')?.status === 'True' && found
      })
    }

    function mainOf(pod: string) {
      return cluster.pod(pod)?.status?.containerStatuses?.[0]
    }

    async function runningNow(): Promise<readonly Container[]> {
      return (await containers()).filter(({ state }) => state === 'running')
    }

    it('registers the node, places a pod, runs it, and says so; then nothing more is written', async () => {
      create('web', server, {}, { resources: { requests: { cpu: '100m', memory: '16Mi' } } })
      const pod = await ready('web')
      expect(pod.spec.nodeName).toBe('n1')
      expect(pod.status).toMatchObject({ phase: 'Running', hostIP: '192.0.2.1' })
      expect(pod.status?.podIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
      const [container] = await runningNow()
      expect(container?.name).toMatch(/^skein_web_default_main_0_[0-9a-f]{8}$/)
      expect(cluster.node('n1')?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
      expect(cluster.view.limit('node/n1/cpu')?.used).toBe(100)
      expect(cluster.view.limit('node/n1/pods')?.used).toBe(1)
      await ground.pause(500)
      const { commits } = cluster
      await ground.pause(3000)
      expect(cluster.commits).toBe(commits)
    })

    it('restarts what dies, at once the first time, then with a wait', async () => {
      create('web', ['sh', '-c', 'exit 3'])
      await until('it backs off', () => mainOf('web')?.state?.waiting?.reason === 'CrashLoopBackOff')
      expect(mainOf('web')).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3 } } })
      expect(cluster.pod('web')?.status?.phase).toBe('Running')
      await until('only the last try is kept', async () => (await containers()).length === 1)
    })

    it('undoes what a hand did', async () => {
      create('web')
      await ready('web')
      const [first] = await runningNow()
      await ground.engine.remove(must(first, 'it runs').id, signal)
      await until('it runs again', () => mainOf('web')?.restartCount === 1 && mainOf('web')?.ready)
      const again = await runningNow()
      expect(again).toHaveLength(1)
      expect(again[0]?.id).not.toBe(first?.id)
      await ground.engine.stop(must(again[0], 'it runs').id, 0, signal)
      await until('and again', () => mainOf('web')?.restartCount === 2 && mainOf('web')?.ready)
    })

    it('stops a deleted pod in order, and only then forgets it', async () => {
      create('web')
      await ready('web')
      cluster.remove('web', null)
      expect(cluster.pod('web')).toBeDefined()
      await until('it is gone', () => cluster.pod('web') === undefined)
      expect(await containers()).toEqual([])
      expect(cluster.view.limit('node/n1/pods')?.used).toBe(0)
    })

    it('kills what does not stop when its grace is over, or at once when that is asked for', async () => {
      create('web', ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'])
      create('other', ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'])
      await ready('web')
      await ready('other')
      cluster.remove('web', 1)
      cluster.remove('other', 600)
      await until('the first is gone', () => cluster.pod('web') === undefined)
      expect(cluster.pod('other')).toBeDefined()
      cluster.remove('other', 0)
      expect(cluster.pod('other')).toBeUndefined()
      await until('the other is gone from the engine too', async () => (await containers()).length === 0)
    })

    it('runs a job to its end and frees its share', async () => {
      create('good', ['true'], { restartPolicy: 'Never' })
      create('bad', ['sh', '-c', 'exit 7'], { restartPolicy: 'Never' })
      await until('one succeeded', () => cluster.pod('good')?.status?.phase === 'Succeeded')
      await until('one failed', () => cluster.pod('bad')?.status?.phase === 'Failed')
      expect(mainOf('bad')?.state?.terminated).toMatchObject({ exitCode: 7, reason: 'Error' })
      expect(cluster.view.limit('node/n1/pods')?.used).toBe(0)
      cluster.remove('good', null)
      await until('its container is removed', async () => (await containers()).length === 1)
    })

    it('says why a pod cannot run, and lets no other wait for it', async () => {
      create('noimage', server, {}, { image: 'nobody/nothing:1', imagePullPolicy: 'Never' })
      create('noprogram', ['/no/such/program'])
      create('toobig', server, {}, { resources: { requests: { cpu: '1000' } } })
      create('web')
      await ready('web')
      await until('the image is missed', () => mainOf('noimage')?.state?.waiting?.reason === 'ErrImageNeverPull')
      await until('the program is missed', () => mainOf('noprogram')?.state?.waiting?.reason === 'RunContainerError')
      const verdict = conditionOf(cluster.pod('toobig')?.status?.conditions, 'PodScheduled')
      expect(verdict).toMatchObject({ status: 'False', reason: 'Unschedulable' })
      expect(verdict?.message).toMatch(/^0\/1 nodes are available: 1 Insufficient cpu \(asked 1000, free /)
    })

    it('finds its containers again after its own restart, and ends what was deleted meanwhile', async () => {
      create('web')
      create('gone')
      await ready('web')
      await ready('gone')
      const before = await runningNow()
      await running.shift()?.()
      cluster.remove('gone', 0)
      running.unshift(cluster.run('n1', ground))
      await until('the orphan is removed', async () => (await containers()).length === 1)
      const [left] = await containers()
      expect(before.map(({ id }) => id)).toContain(left?.id)
      expect(mainOf('web')).toMatchObject({ restartCount: 0, ready: true })
    })

    it('goes on while nothing can be written, and tells it later', async () => {
      create('web')
      await ready('web')
      cluster.quorum = false
      const [first] = await runningNow()
      await ground.engine.stop(must(first, 'it runs').id, 0, signal)
      await until('it runs again', async () => {
        const [again] = await runningNow()
        return again !== undefined && again.id !== first?.id
      })
      expect(mainOf('web')?.restartCount).toBe(0)
      cluster.quorum = true
      await until('it is told', () => mainOf('web')?.restartCount === 1 && mainOf('web')?.ready)
      expect(said.filter((line) => line.startsWith('statuses of pods cannot be written'))).toHaveLength(1)
    })

    it('a new pod of the same name is another pod', async () => {
      create('web')
      const first = await ready('web')
      cluster.remove('web', 0)
      create('web')
      const second = await until('the new one runs', () => {
        const pod = cluster.pod('web')
        return (
          pod?.metadata.uid !== first.metadata.uid &&
          conditionOf(pod?.status?.conditions, 'Ready')?.status === 'True' &&
          pod
        )
      })
      await until('only its container is left', async () => (await containers()).length === 1)
      const [container] = await containers()
      expect(container?.labels['skein.dev/pod-uid']).toBe(second.metadata.uid)
    })

    it('ends a pod that was deleted before anybody admitted it', async () => {
      await until('the node is there', () => cluster.view.limit('node/n1/pods'))
      await running.pop()?.()
      create('web', server, { nodeName: 'n1' })
      cluster.remove('web', null)
      await until('it is gone', () => cluster.pod('web') === undefined)
      expect(await containers()).toEqual([])
    })

    it('makes everything anew when the sandbox is lost', async () => {
      create('web')
      await ready('web')
      const [first] = await runningNow()
      const sandbox = must(
        (await everything()).find(({ labels }) => labels['skein.dev/container'] === 'POD'),
        'it has one',
      )
      await ground.engine.remove(sandbox.id, signal)
      await until('it runs again', async () => {
        const [again] = await runningNow()
        return again !== undefined && again.id !== first?.id && mainOf('web')?.ready
      })
      await until(
        'in one sandbox',
        async () => (await everything()).filter(({ state }) => state === 'running').length === 2,
      )
      const [again] = await runningNow()
      expect(again?.labels['skein.dev/sandbox']).not.toBe(sandbox.id)
      expect(mainOf('web')?.restartCount).toBe(1)
    })

    it('runs init containers in turn, a sidecar beside, and ends the sidecar last', async () => {
      const own = { image: ground.image, imagePullPolicy: 'IfNotPresent' }
      const initContainers = [
        { name: 'first', command: ['true'], ...own },
        { name: 'side', command: server, restartPolicy: 'Always', ...own },
        { name: 'second', command: ['sh', '-c', 'sleep 1'], ...own },
      ]
      create('web', ['sh', '-c', 'sleep 2; exit 0'], { initContainers, restartPolicy: 'Never' })
      await until(
        'it waits for the second',
        () => cluster.pod('web')?.status?.initContainerStatuses?.[2]?.state?.running,
      )
      expect(mainOf('web')?.state?.waiting?.reason).toBe('PodInitializing')
      const initialized = () => conditionOf(cluster.pod('web')?.status?.conditions, 'Initialized')?.status
      expect(initialized()).toBe('False')
      await until('it runs', () => mainOf('web')?.state?.running)
      expect(initialized()).toBe('True')
      await until('it has ended', () => cluster.pod('web')?.status?.phase === 'Succeeded')
      const [first, side, second] = cluster.pod('web')?.status?.initContainerStatuses ?? []
      expect([first?.ready, second?.ready]).toEqual([true, true])
      expect(side?.state?.terminated).toBeDefined()
      await until('its sandbox is gone', async () => (await everything()).length === 4)
    })

    it('heeds probes: unready, ready, sick', async () => {
      const never = { exec: { command: ['false'] }, periodSeconds: 1 }
      create('web', server, {}, { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })
      create('there', server, {}, { readinessProbe: never })
      create('sick', server, {}, { livenessProbe: { ...never, failureThreshold: 2 } })
      await ready('web')
      await until('the other runs', () => mainOf('there')?.state?.running)
      await until(
        'the sick one is started again',
        () => mainOf('sick')?.restartCount === 1 && mainOf('sick')?.state?.running,
      )
      expect(mainOf('there')).toMatchObject({ ready: false, started: true, restartCount: 0 })
      expect(conditionOf(cluster.pod('there')?.status?.conditions, 'Ready')?.status).toBe('False')
    })

    it('keeps a pod ready over its own restart, until the probes say otherwise', async () => {
      create('web', server, {}, { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 600 } })
      await ready('web')
      await ground.pause(1500)
      const before = cluster.pod('web')
      await running.shift()?.()
      running.unshift(cluster.run('n1', ground))
      await ground.pause(1500)
      expect(cluster.pod('web')).toEqual(before)
    })

    it('leaves the proxies before it stops, and takes its volumes with it', async () => {
      const lifecycle = { preStop: { exec: { command: ['sleep', '1'] } } }
      const volumes = [{ name: 'data', emptyDir: {} }]
      const volumeMounts = [{ name: 'data', mountPath: '/data' }]
      create('web', server, { volumes }, { lifecycle, volumeMounts })
      const { metadata, status } = await ready('web')
      expect(await ground.folders()).toContain(metadata.uid)
      cluster.remove('web', null)
      await until('it is withdrawn', () => cluster.withdrawn.includes(status?.podIP ?? ''))
      expect(await runningNow()).toHaveLength(1)
      await until('it is gone', () => cluster.pod('web') === undefined)
      expect(await everything()).toEqual([])
      expect(await ground.folders(), said.join('; ')).not.toContain(metadata.uid)
    })

    it('waits for what it refers to, and runs when that is there', async () => {
      const volumes = [{ name: 'conf', configMap: { name: 'conf' } }]
      const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } }]
      create('web', server, { volumes }, { volumeMounts: [{ name: 'conf', mountPath: '/conf' }], env })
      await until('it says what is missing', () =>
        mainOf('web')?.state?.waiting?.message?.includes('configmap "conf" not found'),
      )
      cluster.configure('ConfigMap', 'conf', { color: 'red' })
      await until('and what else', () => mainOf('web')?.state?.waiting?.reason === 'CreateContainerConfigError')
      expect(mainOf('web')?.state?.waiting?.message).toBe('env KEY: secret "keys" not found')
      cluster.configure('Secret', 'keys', { key: 'c2VjcmV0' })
      await ready('web')
    })

    it('a node that is found dead takes its pods with it, and brings them back', async () => {
      create('web')
      await ready('web')
      running.push(cluster.run('n2', ground))
      create('there', server, { nodeName: 'n2' })
      await ready('there')
      cluster.hear('n2', 'dead')
      await until(
        'it is declared',
        () => conditionOf(cluster.node('n2')?.status?.conditions, 'Ready')?.status === 'Unknown',
      )
      await until(
        'its pod too',
        () => conditionOf(cluster.pod('there')?.status?.conditions, 'Ready')?.reason === 'NodeLost',
      )
      expect(cluster.node('n2')?.spec?.taints).toMatchObject([{ key: 'node.kubernetes.io/unreachable' }, {}])
      cluster.hear('n2', 'alive')
      await ready('there')
      expect(conditionOf(cluster.node('n2')?.status?.conditions, 'Ready')?.status).toBe('True')
      expect(cluster.node('n2')?.spec?.taints).toBeUndefined()
    })
  })
}

if (await dockerAnswers()) dockerSuite()

/** What only real containers can show. */
function dockerSuite(): void {
  describe('pods of real containers', () => {
    let ground: Ground
    let cluster: OneStoreCluster
    let stops: (() => Promise<void>)[]
    let grown = 0

    beforeAll(async () => {
      ground = await dockerGround()
    })
    beforeEach(() => {
      cluster = newOneStoreCluster({ ...ground, log: newLog([]), clusterId: `${clusterId}-pods-${++grown}` })
      stops = [cluster.run('n1', ground), cluster.lead()]
    })
    afterEach(async () => {
      for (const stop of stops) await stop()
      for (const { id } of await containers()) await ground.engine.remove(id, signal)
      for (const name of await ground.folders()) await ground.files.removeTree(`${ground.files.root}/${name}`)
    })
    afterAll(() => ground.close())

    function containers(): Promise<readonly Container[]> {
      return ground.engine.containers({ 'skein.dev/cluster': `${clusterId}-pods-${grown}` }, signal)
    }

    async function until<T>(
      what: string,
      find: () => T | undefined | false | Promise<T | undefined | false>,
    ): Promise<T> {
      for (let tries = 0; tries < 400; tries++) {
        const found = await find()
        if (found !== undefined && found !== false) return found
        await pause(50)
      }
      throw new Error(`waited in vain until ${what}: ${JSON.stringify(cluster.pod('web')?.status)}`)
    }

    function create(spec: object): void {
      cluster.create({ name: 'web', spec })
    }

    function container(name: string, script: string, more: object = {}): object {
      return { name, image: dockerImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...more }
    }

    function ready(): Promise<Pod> {
      return until('it is ready', () => {
        const found = cluster.pod('web')
        return conditionOf(found?.status?.conditions, 'Ready')?.status === 'True' && found
      })
    }

    async function run(name: string, script: string): Promise<string> {
      const found = (await containers()).find(
        ({ labels, state }) => labels['skein.dev/container'] === name && state === 'running',
      )
      const { output } = await ground.engine.run(must(found, 'it runs').id, ['sh', '-c', script], 10_000, signal)
      return output.trim()
    }

    const stays = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'

    it('its containers share localhost, name and volumes; probes reach them', async () => {
      const volumeMounts = [{ name: 'www', mountPath: '/www' }]
      const get = { path: '/index.html', port: 'web' }
      create({
        hostname: 'the-web',
        volumes: [
          { name: 'www', emptyDir: {} },
          { name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ],
        containers: [
          container('server', 'exec httpd -f -p 8080 -h /www', {
            volumeMounts,
            ports: [{ name: 'web', containerPort: 8080 }],
            startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
            readinessProbe: { httpGet: get, periodSeconds: 1 },
            livenessProbe: { httpGet: get, periodSeconds: 1 },
          }),
          container('writer', `echo hello > /www/index.html; ${stays}`, {
            volumeMounts: [...volumeMounts, { name: 'fast', mountPath: '/fast', subPath: 'part' }],
          }),
        ],
      })
      const { status } = await ready()
      expect(await run('writer', "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8080")).toContain(
        'hello',
      )
      expect(await run('server', 'hostname')).toBe('the-web')
      expect(await run('writer', 'cat /etc/hosts')).toContain(`${status?.podIP}\tthe-web`)
      if (process.getuid?.() === 0) expect(await run('writer', 'stat -f -c %T /fast')).toBe('tmpfs')
      await run('writer', 'kill -9 1; kill -TERM 1')
    })

    it('shows configuration as files, and its changes within seconds', async () => {
      cluster.configure('ConfigMap', 'conf', { color: 'red', size: 'l' })
      cluster.configure('Secret', 'keys', { key: 'c2VjcmV0' })
      const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.name' } }]
      const sources = [
        { configMap: { name: 'conf', items: [{ key: 'color', path: 'deep/color' }] } },
        { downwardAPI: { items } },
      ]
      create({
        volumes: [
          { name: 'conf', configMap: { name: 'conf' } },
          { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
          { name: 'all', projected: { sources } },
        ],
        containers: [
          container('main', stays, {
            envFrom: [{ prefix: 'C_', configMapRef: { name: 'conf' } }],
            volumeMounts: [
              { name: 'conf', mountPath: '/conf' },
              { name: 'conf', mountPath: '/one', subPath: 'color' },
              { name: 'keys', mountPath: '/keys' },
              { name: 'all', mountPath: '/all' },
            ],
          }),
        ],
      })
      await ready()
      expect(await run('main', 'cat /conf/color /one /keys/key /all/deep/color /all/labels; echo; echo $C_size')).toBe(
        'redredsecretredweb\nl',
      )
      expect(await run('main', 'stat -L -c %a /keys/key')).toBe('400')
      expect(await run('main', 'touch /conf/x 2>/dev/null || echo refused')).toBe('refused')
      const beganMs = Date.now()
      cluster.configure('ConfigMap', 'conf', { color: 'blue' })
      await until('it is blue', async () => (await run('main', 'cat /conf/color')) === 'blue')
      expect(Date.now() - beganMs).toBeLessThan(5_000)
      expect(await run('main', 'cat /all/deep/color; ls /conf')).toBe('bluecolor')
    })

    it('keeps the last words of what ended, and does what is to be done after a start and before a stop', async () => {
      create({
        restartPolicy: 'OnFailure',
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: 'host', hostPath: { path: `${ground.files.root}-host`, type: 'DirectoryOrCreate' } }],
        containers: [
          container('fails', 'echo too bad > /dev/termination-log; exit 4'),
          container('tells', 'echo out of luck; exit 5', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
          container('main', 'trap "echo told >> /h/log; exit 0" TERM; while true; do sleep 0.1; done', {
            volumeMounts: [{ name: 'host', mountPath: '/h' }],
            lifecycle: {
              postStart: { exec: { command: ['sh', '-c', 'echo began >> /h/log'] } },
              preStop: { exec: { command: ['sh', '-c', 'echo ending >> /h/log'] } },
            },
          }),
        ],
      })
      const words = (name: string): string | undefined => {
        const found = cluster.pod('web')?.status?.containerStatuses?.find((each) => each.name === name)
        return (found?.lastState ?? found?.state)?.terminated?.message
      }
      await until(
        'their last words are told',
        () => words('fails') === 'too bad\n' && words('tells') === 'out of luck\n',
      )
      await until('the third runs', () => cluster.pod('web')?.status?.containerStatuses?.[2]?.ready)
      cluster.remove('web', null)
      await until('it is gone', () => cluster.pod('web') === undefined)
      expect(await readFile(`${ground.files.root}-host/log`, 'utf8')).toBe('began\nending\ntold\n')
      await rm(`${ground.files.root}-host`, { recursive: true })
    })

    it("on the host's network has the node's address and no sandbox of its own network", async () => {
      create({ hostNetwork: true, shareProcessNamespace: true, containers: [container('main', stays)] })
      const { status } = await ready()
      expect(status?.podIP).toBe('192.0.2.1')
      expect(await run('main', 'ps')).toContain('/program')
    })

    it('brings back all containers when the sandbox is killed', async () => {
      create({ containers: [container('main', stays), container('other', stays)] })
      await ready()
      const sandbox = must(
        (await containers()).find(({ labels }) => labels['skein.dev/container'] === 'POD'),
        'it has one',
      )
      process.kill(must(sandbox.pid, 'it runs'), 'SIGKILL')
      await until('both are back', async () => {
        const now = (await containers()).filter(
          ({ state, labels }) => state === 'running' && labels['skein.dev/sandbox'],
        )
        return now.length === 2 && now.every(({ labels }) => labels['skein.dev/sandbox'] !== sandbox.id)
      })
      await ready()
    })
  })
}

function newLog(said: string[]): Log {
  const say = (message: string, fields: object = {}): void => void said.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { debug: () => undefined, info: say, warn: say, error: say, child: () => log }
  return log
}
