import { mkdtemp, readdir, rm } from 'node:fs/promises'
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

function newLog(said: string[]): Log {
  const say = (message: string, fields: object = {}): void => void said.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { debug: () => undefined, info: say, warn: say, error: say, child: () => log }
  return log
}
