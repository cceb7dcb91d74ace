import { describe, expect, test } from 'vitest'
import { DeviceError } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { findKindByName } from '../objects/kinds.ts'
import { memberNode } from '../objects/member.ts'
import type { AccessAnswer, PodAccess } from '../objects/podaccess.ts'
import { keyOf, writeStored } from '../objects/stored.ts'
import type { KubeObject, Pod } from '../objects/types.ts'
import { newStoreCore } from '../store/store.ts'
import type { Txn } from '../store/types.ts'
import { type Fixture, newFixture } from './fixture.ts'
import type { PodReach } from './podreach.ts'

const path = '/api/v1/namespaces/default/pods/web/log'

interface Setting extends Fixture {
  readonly asked: { node: string; access: PodAccess }[]
  readonly opened: string[]
  /** What the pod's node answers. */
  answer: (access: PodAccess) => Promise<AccessAnswer>
  open: () => Promise<AsyncIterable<Uint8Array>>
}

function setting(): Setting {
  const asked: Setting['asked'] = []
  const opened: string[] = []
  const reach: PodReach = {
    ask(node, access) {
      asked.push({ node, access })
      return made.answer(access)
    },
    open(node, grant) {
      opened.push(`${node} ${grant}`)
      return made.open()
    },
  }
  const made: Setting = {
    ...newFixture(newStoreCore(), reach),
    asked,
    opened,
    answer: async () => ({ type: 'granted', grant: 'g1' }),
    open: async () => lines('one\n', 'two\n'),
  }
  return made
}

async function* lines(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text)
}

function put({ world }: Fixture, kindName: string, namespace: string, object: KubeObject): Txn {
  const kind = must(findKindByName('v1', kindName), 'the kind is served')
  const key = keyOf(kind, namespace, object.metadata.name)
  const known = world.view.get(key)
  const expected =
    known === undefined ? ({ type: 'absent' } as const) : ({ type: 'revision', revision: known.revision } as const)
  return { writes: [{ type: 'put', key, expect: expected, value: writeStored(object) }] }
}

function node(of: Fixture): Txn {
  const member = { name: 'n2', identity: 'id2', gossipAddresses: [], apiAddress: '' }
  return put(of, 'Node', '', memberNode(member, {}))
}

function pod(of: Fixture, more: object = {}, uid = 'u1'): Txn {
  const spec = { nodeName: 'n2', containers: [{ name: 'main', image: 'app:1' }], ...more }
  return put(of, 'Pod', 'default', { metadata: { name: 'web', namespace: 'default', uid }, spec } as unknown as Pod)
}

const containers = [{ name: 'a' }, { name: 'b' }]
const initContainers = [{ name: 'init' }]

const mute = '503 node "n2", where pod "web" runs, does not answer'

async function message(of: Setting, query = ''): Promise<string> {
  const answer = await of.ask('GET', `${path}${query}`)
  const { message: text, code } = await answer.json()
  expect(code).toBe(answer.status)
  return `${answer.status} ${text}`
}

describe("a pod's log", () => {
  test("comes from the pod's node, for whom it was asked, as plain text", async () => {
    const of = setting()
    of.cluster.commit(node(of))
    of.cluster.commit(pod(of))
    const answer = await of.ask('GET', `${path}?follow=true&tailLines=5`)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain')
    expect(await answer.text()).toBe('one\ntwo\n')
    const options = { follow: true, previous: false, timestamps: false, tailLines: 5 }
    const who = {
      verb: 'log',
      user: expect.any(String),
      namespace: 'default',
      pod: 'web',
      uid: 'u1',
      container: 'main',
    }
    expect(of.asked).toEqual([{ node: 'id2', access: { ...who, options } }])
    expect(of.asked[0]?.access.user).not.toBe('')
    expect(of.opened).toEqual(['id2 g1'])
  })

  test('is asked for without the container only where there is one', async () => {
    const of = setting()
    of.cluster.commit(node(of))
    of.cluster.commit(pod(of, { containers }))
    expect(await message(of)).toBe('400 a container name must be specified for pod web, choose one of: [a b]')
    expect(await message(of, '?container=c')).toBe('400 container c is not valid for pod web')
    expect((await of.ask('GET', `${path}?container=b`)).status).toBe(200)
    expect(of.asked.at(-1)?.access.container).toBe('b')
    of.cluster.commit(pod(of, { containers, initContainers }))
    expect(await message(of)).toBe(
      '400 a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [init]',
    )
    expect((await of.ask('GET', `${path}?container=init`)).status).toBe(200)
  })

  test('is empty while the pod has no node', async () => {
    const of = setting()
    of.cluster.commit(pod(of, { nodeName: undefined }))
    const answer = await of.ask('GET', path)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect(of.asked).toEqual([])
  })

  test('is not there without the pod, also where this node is behind', async () => {
    const of = setting()
    expect(await message(of)).toBe('404 pods "web" not found')
    of.cluster.commit(node(of))
    of.cluster.elsewhere(pod(of))
    expect((await of.ask('GET', path)).status).toBe(200)
  })

  test("says what the pod's node says", async () => {
    const of = setting()
    of.cluster.commit(node(of))
    of.cluster.commit(pod(of))
    of.answer = async () => ({ type: 'refused', message: 'container "main" in pod "web" is terminated' })
    expect(await message(of)).toBe('400 container "main" in pod "web" is terminated')
    of.answer = async () => ({ type: 'unable', message: 'the engine sleeps' })
    expect(await message(of)).toBe('503 the engine sleeps')
  })

  test("says that the pod's node cannot be reached, or answers too late", async () => {
    const of = setting()
    of.cluster.commit(pod(of))
    expect(await message(of)).toBe('503 node "n2", to which pod "web" is bound, is not of this cluster')
    of.cluster.commit(node(of))
    of.answer = () => Promise.reject(new DeviceError('unavailable', 'id2 does not answer'))
    expect(await message(of)).toBe(mute)
    of.answer = async () => ({ type: 'granted', grant: 'g1' })
    of.open = () => Promise.reject(new DeviceError('unavailable', 'id2 takes no stream'))
    expect(await message(of)).toBe(mute)
    of.world.reach.ask = (_node, _access, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const late = message(of)
    await of.clock.advance(10_000)
    expect(await late).toBe(mute)
  })

  test('waits for what the other node does not know yet, and follows a pod that was made anew', async () => {
    const of = setting()
    of.cluster.commit(node(of))
    of.cluster.commit(pod(of))
    of.answer = async () => ({ type: 'unknown' })
    expect(await message(of)).toBe('400 container "main" in pod "web" is waiting to start: ContainerCreating')
    of.answer = async ({ uid }) => (uid === 'u2' ? { type: 'granted', grant: 'g2' } : { type: 'unknown' })
    of.cluster.elsewhere(pod(of, {}, 'u2'))
    expect((await of.ask('GET', path)).status).toBe(200)
    expect(of.opened).toEqual(['id2 g2'])
  })

  test('is only read', async () => {
    const of = setting()
    of.cluster.commit(pod(of))
    for (const method of ['PUT', 'PATCH', 'DELETE']) expect((await of.ask(method, path)).status).toBe(405)
    expect((await of.ask('GET', path, { client: null })).status).toBe(401)
  })
})
