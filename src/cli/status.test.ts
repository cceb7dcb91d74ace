import { expect, test } from 'vitest'
import type { ClusterMember, ClusterStatus } from '../objects/clusterstatus.ts'
import { CallError } from './calls.ts'
import { exitCodes } from './exit.ts'
import { newFakeWorld } from './fixture.ts'
import { statusText } from './status.ts'
import { newPaint } from './text.ts'

function member(name: string, fields: Partial<ClusterMember> = {}): ClusterMember {
  const port = 6442 + Number(name.slice(1))
  return {
    identity: `p-${name}`,
    name,
    state: 'alive',
    apiAddress: `10.0.0.1:${port}`,
    addresses: [`10.0.0.1:${port + 1503}`],
    voter: true,
    leader: false,
    ready: true,
    ...fields,
  }
}

function seen(members: readonly ClusterMember[], mayFail: number): ClusterStatus {
  const leader = members.find((item) => item.leader)
  const identities = (voter: boolean) => members.filter((item) => item.voter === voter).map(({ identity }) => identity)
  return {
    node: 'n1',
    clusterId: 'c1',
    version: '0.1.0',
    raft: {
      role: 'follower',
      term: 4,
      leader: leader?.identity ?? null,
      commitIndex: 120,
      appliedIndex: 118,
      voters: identities(true),
      learners: identities(false),
      active: [],
    },
    members,
    engine: 'docker://20.10.24',
    quorum: { voters: identities(true).length, mayFail },
  }
}

const plain = newPaint(false)

test('three nodes that are well', () => {
  const well = seen([member('n2', { leader: true }), member('n1'), member('n3')], 1)
  expect(statusText(well, new Map([['n1', 2]]), plain)).toEqual([
    'Cluster c1, 3 nodes. Leader: n2, term 4.',
    '1 of 3 voters may fail.',
    '',
    'NODE   ROLE     STATE   READY   PODS   API',
    'n1 *   voter    alive   yes     2      10.0.0.1:6443',
    'n2     leader   alive   yes     0      10.0.0.1:6444',
    'n3     voter    alive   yes     0      10.0.0.1:6445',
    '',
    '* the node that answered: skein 0.1.0, docker://20.10.24, log applied to 118 of 120',
  ])
})

const dead = { state: 'dead', ready: false } as const

test.each<[string, ClusterStatus, string[]]>([
  [
    'alone',
    seen([member('n1', { leader: true })], 0),
    ['n1 must live: it is the only voter. With 2 more nodes one may fail.'],
  ],
  [
    'two nodes',
    seen([member('n1', { leader: true }), member('n2', { voter: false })], 0),
    ['n1 must live: it is the only voter. With 1 more node one may fail.'],
  ],
  [
    'one of three down',
    seen([member('n1', { leader: true }), member('n2'), member('n3', dead)], 0),
    ['No further voter may fail until n3 is back or deleted.'],
  ],
  [
    'one of five down',
    seen([member('n1', { leader: true }), member('n2'), member('n3'), member('n4'), member('n5', dead)], 1),
    ['1 of 5 voters may still fail. Down: n5.'],
  ],
  [
    'an election',
    seen([member('n1'), member('n2'), member('n3')], 0),
    [
      'NO LEADER: writes are refused. 2 of 3 voters must agree on one, 3 are seen here.',
      'Pods go on running. An election may be under way: look again in a moment.',
    ],
  ],
  [
    'no quorum',
    seen([member('n1'), member('n2', dead), member('n3', dead)], 0),
    [
      'NO LEADER: writes are refused. 2 of 3 voters must agree on one, 1 is seen here.',
      'Pods go on running. Bring back n2 or n3.',
    ],
  ],
])('%s', (_, status, lines) => {
  const text = statusText(status, null, plain)
  expect(text.slice(1, 1 + lines.length)).toEqual(lines)
  expect(text[1 + lines.length]).toBe('')
  expect(text[0]).toMatch(status.raft.leader === null ? /nodes\.$/ : /Leader: n1, term 4\.$/)
})

test('what is missing is shown as missing', () => {
  const bare = { ...seen([member('n1', { leader: true, apiAddress: '' })], 0), engine: '' }
  const text = statusText(bare, null, plain).join('\n')
  expect(text).toContain('No Docker Engine answers on n1: it runs no pods.')
  expect(text).toMatch(/n1 \* +leader +alive +yes +\? +-$/m)
})

const pods = {
  items: [
    { spec: { nodeName: 'n1' }, status: { phase: 'Running' } },
    { spec: { nodeName: 'n1' }, status: { phase: 'Succeeded' } },
    { spec: {} },
  ],
}

test('the command asks the node of the data directory as an administrator, and tells by its code when writes are refused', async () => {
  let status = seen([member('n1', { leader: true })], 0)
  const { run, out, asked } = newFakeWorld({
    answer: ({ path }) => ({ status: 200, body: path === '/skein/v1/status' ? status : pods }),
  })
  await run('up --name n1 --api-port 7001')
  out.length = 0
  expect(await run('status')).toBe(exitCodes.ok)
  expect(out[0]).toMatch(/n1 \* +leader +alive +yes +1 /)
  expect(asked[0]?.target).toMatchObject({ host: '127.0.0.1', port: 7001, client: { keyPem: 'key of skein:admin' } })
  expect(await run('status -o json')).toBe(exitCodes.ok)
  expect(JSON.parse(out[1] ?? '')).toEqual(status)
  status = seen([member('n1')], 0)
  expect(await run('status')).toBe(exitCodes.quorum)
  expect(await run('status -o json')).toBe(exitCodes.quorum)
})

test('a node that was removed learns so from the others, and from nobody else', async () => {
  const own = seen([member('n1'), member('n2', dead), member('n3', dead)], 0)
  let others: ClusterStatus = seen([member('n2', { leader: true }), member('n3')], 0)
  const { run, out, asked } = newFakeWorld({
    answer: ({ path }, { port }) => {
      if (port === 6444) throw new CallError('unreachable', 'connection refused')
      if (path !== '/skein/v1/status') return { status: 200, body: pods }
      return { status: 200, body: port === 6445 ? others : own }
    },
  })
  await run('up --name n1')
  const lines = async (): Promise<readonly string[]> => {
    out.length = 0
    expect(await run('status')).toBe(exitCodes.quorum)
    return (out[0] ?? '').split('\n').slice(1, 3)
  }
  expect(await lines()).toEqual([
    'REMOVED: n1 is no node of the cluster any more, says n3. Below is what it knew last.',
    'Stop its daemon and delete its data directory; then it may join again.',
  ])
  expect(asked.at(-1)?.target).toMatchObject({ host: '10.0.0.1', client: { keyPem: 'key of skein:admin' } })

  const unsaid = [expect.stringMatching(/^NO LEADER/), 'Pods go on running. Bring back n2 or n3.']
  others = seen([member('n2'), member('n3')], 0) // It has no leader either: its list may be an old one.
  expect(await lines()).toEqual(unsaid)
  others = seen([member('n1'), member('n2', { leader: true }), member('n3')], 0)
  expect(await lines()).toEqual(unsaid)
  others = { ...seen([member('n2', { leader: true })], 0), clusterId: 'another' }
  expect(await lines()).toEqual(unsaid)
})

test.each([
  ['forbidden', { status: 403, body: { message: 'no' } }, exitCodes.refused],
  ['no JSON', { status: 200, body: null }, exitCodes.refused],
])('an answer that is none: %s', async (_, answer, code) => {
  const { run, err } = newFakeWorld({ answer: () => answer })
  await run('up')
  expect(await run('status')).toBe(code)
  expect(err[0]).toMatch(/^error: the node does not say how it is/)
})
