import { describe, expect, it } from 'vitest'
import { newPodReach, type PodReach } from '../../src/api/podreach.ts'
import { newGrants } from '../../src/auth/grants.ts'
import { DeviceError, type Engine } from '../../src/host/host.ts'
import { must } from '../../src/lib/assert.ts'
import { findKindByName } from '../../src/objects/kinds.ts'
import type { AccessAnswer, PodAccess, PodLogOptions } from '../../src/objects/podaccess.ts'
import { keyOf, writeStored } from '../../src/objects/stored.ts'
import type { Pod } from '../../src/objects/types.ts'
import { labels } from '../../src/runtime/labels.ts'
import { newPodLogs } from '../../src/runtime/logs.driver.ts'
import { encodeProposal } from '../../src/store/codec.ts'
import { newStoreCore } from '../../src/store/store.ts'
import { newSimClock, newSimMachineClock } from './host/clock.ts'
import { newSimEngine, type SimEngine } from './host/engine.ts'
import { newSimEntropy } from './host/entropy.ts'
import { newSimLinks } from './host/links.ts'
import { newSimNetwork } from './host/network.ts'
import { newSimProcess, type SimProcess } from './process.ts'
import { newWorld } from './world.ts'

/** Two nodes of one cluster; the pod `web` is on n2, where its container runs as told. */
interface Setting {
  readonly here: PodReach
  readonly there: PodReach
  readonly process: SimProcess
  readonly engine: SimEngine
  /** Readers whose log the engine has not ended. */
  reading(): number
  pass(ms: number): Promise<void>
}

const clusterId = 'c1'
const never = new AbortController().signal
const plain: PodLogOptions = { follow: false, previous: false, timestamps: false }
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

async function within(
  command: string,
  run: (setting: Setting) => Promise<void>,
  membersOf: readonly string[] = ['n1', 'n2'],
): Promise<void> {
  const world = newWorld(3)
  const network = newSimNetwork(world, newSimLinks())
  const view = viewWithPod()
  const stop = world.runFreely()
  const members = { admits: (peer: string) => membersOf.includes(peer) }
  let reading = 0
  const nodes = ['n1', 'n2'].map((name) => {
    const process = newSimProcess(world, name)
    const engine = newSimEngine(world, name, { images: ['app:1'] })
    const wire = network.attach(process, name, [`${name}:1`])
    wire.admit(() => true)
    for (const peer of ['n1', 'n2']) wire.learn(peer, [`${peer}:1`])
    const counted: Engine = {
      ...engine.attach(process),
      async *logs(id, options, signal) {
        reading++
        try {
          yield* engine.attach(process).logs(id, options, signal)
        } finally {
          reading--
        }
      },
    }
    const clock = newSimClock(world, process, newSimMachineClock(world))
    const devices = { engine: counted, network: wire, clock, entropy: newSimEntropy(world.random.fork()), log: silent }
    const pods = newPodLogs({ view, ...devices, node: { name, clusterId }, members, grants: newGrants() }, never)
    return { process, engine, reach: newPodReach(wire, pods) }
  })
  const [here, there] = [must(nodes[0], 'two nodes'), must(nodes[1], 'two nodes')]
  const own = there.engine.attach(there.process)
  const named = { [labels.cluster]: clusterId, [labels.uid]: 'u1', [labels.container]: 'main', [labels.attempt]: '0' }
  const asked = { name: 'x', image: 'app:1', command: ['sh', '-c', command], env: [], labels: named, hostname: 'web' }
  const id = await own.create({ ...asked, tty: false, stdin: false, network: 'default' }, never)
  await own.start(id, never)
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void world.after(ms, resolve))
  await pass(10)
  try {
    await run({ here: here.reach, there: there.reach, ...there, reading: () => reading, pass })
  } finally {
    stop()
  }
}

function viewWithPod() {
  const core = newStoreCore()
  const kind = must(findKindByName('v1', 'Pod'), 'pods are served')
  const pod = {
    metadata: { name: 'web', namespace: 'default', uid: 'u1' },
    spec: { nodeName: 'n2', containers: [{ name: 'main', image: 'app:1' }] },
    status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  } as unknown as Pod
  const write = { type: 'put', key: keyOf(kind, 'default', 'web'), expect: { type: 'absent' } } as const
  const txn = { writes: [{ ...write, value: writeStored(pod) }] }
  const mark = { origin: 'test', since: 0, sequence: 1, acked: 1 }
  core.publish(core.apply({ index: core.head.index + 1, term: 1, data: encodeProposal(mark, txn) }).changes)
  return core.view
}

function access(options: Partial<PodLogOptions> = {}, more: Partial<PodAccess> = {}): PodAccess {
  const who = { user: 'ann', namespace: 'default', pod: 'web', uid: 'u1', container: 'main' }
  return { verb: 'log', ...who, ...more, options: { ...plain, ...options } }
}

function grantOf(answer: AccessAnswer): string {
  return answer.type === 'granted' ? answer.grant : expect.fail(`not granted: ${JSON.stringify(answer)}`)
}

async function opened(reach: PodReach, options: Partial<PodLogOptions> = {}, signal = never) {
  return await reach.open('n2', grantOf(await reach.ask('n2', access(options), never)), signal)
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += new TextDecoder().decode(chunk)
  return text
}

describe.each([
  ['from another node', (setting: Setting) => setting.here],
  ["at the pod's own node", (setting: Setting) => setting.there],
] as const)("a pod's log, read %s", (_, pick) => {
  it('is what its container printed', () =>
    within('echo one; echo two; sleep 100', async (setting) => {
      expect(await textOf(await opened(pick(setting)))).toBe('one\ntwo\n')
      expect(await textOf(await opened(pick(setting), { tailLines: 1 }))).toBe('two\n')
      expect(await textOf(await opened(pick(setting), { limitBytes: 5 }))).toBe('one\nt')
      expect(await textOf(await opened(pick(setting), { timestamps: true }))).toMatch(/^\S+Z one\n\S+Z two\n$/)
      expect(setting.reading()).toBe(0)
    }))

  it('is followed until the container ends', () =>
    within('echo one; sleep 2; echo two; sleep 1; exit 0', async (setting) => {
      expect(await textOf(await opened(pick(setting), { follow: true }))).toBe('one\ntwo\n')
      expect(setting.reading()).toBe(0)
    }))

  it('is no longer read by the engine when the client has gone, though the container says nothing', () =>
    within('echo one; sleep 1000', async (setting) => {
      const client = new AbortController()
      const stream = await opened(pick(setting), { follow: true }, client.signal)
      const reading = textOf(stream)
      const told = expect(reading).rejects.toThrow()
      await setting.pass(1_000)
      expect(setting.reading()).toBe(1)
      client.abort(new DeviceError('unavailable', 'the client has gone'))
      await told
      await setting.pass(1_000)
      expect(setting.reading()).toBe(0)
    }))

  it('breaks off, rather than end, when the engine stops', () =>
    within('chatter 100', async (setting) => {
      const reading = textOf(await opened(pick(setting), { follow: true }))
      const told = expect(reading).rejects.toMatchObject({ code: 'unavailable' })
      await setting.pass(1_000)
      setting.engine.stop(true)
      await told
    }))

  it('is opened once with one grant, and by nothing else', () =>
    within('echo one; sleep 1000', async (setting) => {
      const reach = pick(setting)
      const grant = grantOf(await reach.ask('n2', access(), never))
      const other = reach === setting.here ? setting.there : setting.here
      const tried = async (by: PodReach, name: string): Promise<string> => textOf(await by.open('n2', name, never))
      await expect(tried(other, grant)).rejects.toThrow()
      expect(await tried(reach, grant)).toBe('one\n')
      await expect(tried(reach, grant)).rejects.toThrow()
      await expect(tried(reach, 'f'.repeat(32))).rejects.toThrow()
      const late = grantOf(await reach.ask('n2', access(), never))
      await setting.pass(11_000)
      await expect(tried(reach, late)).rejects.toThrow()
    }))

  it('is not there for a pod of another name, life or node', () =>
    within('serve', async (setting) => {
      for (const more of [{ pod: 'db' }, { uid: 'u0' }, { namespace: 'other' }]) {
        expect(await pick(setting).ask('n2', access({}, more), never)).toEqual({ type: 'unknown' })
      }
      expect(await pick(setting).ask('n1', access(), never)).toEqual({ type: 'unknown' })
      const message = 'container "side" in pod "web" is waiting to start: ContainerCreating'
      expect(await pick(setting).ask('n2', access({}, { container: 'side' }), never)).toEqual({
        type: 'refused',
        message,
      })
    }))

  it('cannot be told by an engine that does not answer', () =>
    within('serve', async (setting) => {
      setting.engine.stop(true)
      expect(await pick(setting).ask('n2', access(), never)).toMatchObject({ type: 'unable' })
    }))
})

describe("a pod's log on another node", () => {
  it('is not there for who is no member', () =>
    within(
      'serve',
      async ({ here, there }) => {
        expect(await here.ask('n2', access(), never)).toEqual({ type: 'unknown' })
        expect(await there.ask('n2', access(), never)).toMatchObject({ type: 'granted' })
      },
      ['n2'],
    ))

  it('breaks off when that node dies', () =>
    within('chatter 100', async (setting) => {
      const reading = textOf(await opened(setting.here, { follow: true }))
      const told = expect(reading).rejects.toMatchObject({ code: 'unavailable' })
      await setting.pass(1_000)
      setting.process.kill()
      await told
      await expect(setting.here.ask('n2', access(), never)).rejects.toMatchObject({ code: 'unavailable' })
    }))
})
