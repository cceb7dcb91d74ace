import { expect, it } from 'vitest'
import type { Pod } from '../objects/types.ts'
import { InvalidTxnError, type StoreWriter } from '../store/types.ts'
import { driveControllers } from './driver.ts'
import { newFixtureStore } from './fixture.ts'
import { podKind } from './objects.ts'

const quiet = (): undefined => undefined
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log }
const membership = { voters: ['id-n1'], votersOutgoing: [], learners: [] }
const raft = {
  status: () => ({ role: 'leader', term: 1, configuration: membership, active: ['id-n1'] }),
  watch: () => () => undefined,
  changeMembers: () => undefined,
}
const heard = { members: () => [{ identity: 'id-n1', state: 'alive' as const }], subscribe: () => () => undefined }

it('goes on past what no store takes', async () => {
  const store = newFixtureStore()
  store.node('n1')
  store.pod('grown', { priority: 1 })
  store.pod('web')
  const stop = new AbortController()
  const tried: string[] = []
  const writer: StoreWriter = {
    barrier: () => Promise.resolve(),
    commit: async (txn) => {
      tried.push(...txn.writes.map(({ key }) => key))
      if (txn.writes.some(({ key }) => key.endsWith('/grown'))) throw new InvalidTxnError('too large')
      return store.commit(txn)
    },
  }
  // A clock that ends it when all was looked at and nothing is left but to wait.
  const after = (): (() => void) => {
    if (tried.length > 0) stop.abort(new Error('seen enough'))
    return () => undefined
  }
  const clock = { nowMs: () => 0, monotonicMs: () => 0, after }
  const node = { name: 'n1', identity: 'id-n1', labels: {}, gossipAddresses: [], apiAddress: '' }
  const entropy = { bytes: (count: number) => new Uint8Array(count) }
  const parts = {
    view: store.view,
    writer,
    raft,
    heard,
    clock,
    entropy,
    log,
    node,
    founding: null,
    caCertificatePem: '',
  }
  await expect(driveControllers(parts, stop.signal)).rejects.toThrow('seen enough')
  expect(tried).toContain('core/pods/default/grown')
  expect(store.read<Pod>(podKind, 'web')?.spec.nodeName).toBe('n1')
})
