import { describe, expect, it } from 'vitest'
import { must } from '../lib/assert.ts'
import { beginDeletion } from '../objects/deletion.ts'
import { findKindByName } from '../objects/kinds.ts'
import type { JoinToken, Namespace, Node, Pod } from '../objects/types.ts'
import { type FixtureStore, newFixtureStore } from './fixture.ts'
import { foundingTxn } from './founding.ts'
import { namespaces } from './namespaces.ts'
import { namespaceKind, nodeKind, podKind } from './objects.ts'
import { orphans } from './orphans.ts'

const configMapKind = must(findKindByName('v1', 'ConfigMap'), 'config maps are served')
const node = { name: 'n1', identity: '12D3', gossipAddresses: ['192.0.2.1:7946'], apiAddress: '192.0.2.1:6443' }
const joinToken = { id: 'abcd', secretHash: 'f'.repeat(64), expiresAtMs: 86_400_000 }

const emptied = (store: FixtureStore) => namespaces.reconcile('default', store.cluster, 0)

describe('founding', () => {
  it('is one transaction with all that a cluster begins with, and happens once', () => {
    const store = newFixtureStore()
    let drawn = 0
    const found = () =>
      store.commit(foundingTxn({ ...node, labels: { disk: 'ssd' }, zone: 'a' }, joinToken, () => `u${++drawn}`, 0))
    expect(found().type).toBe('done')
    expect(found().type).toBe('refused')
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      expect(store.read<Namespace>(namespaceKind, name)).toMatchObject({
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      })
    }
    expect(store.read<Node>(nodeKind, 'n1')).toMatchObject({
      metadata: { labels: { disk: 'ssd', 'topology.kubernetes.io/zone': 'a', 'kubernetes.io/hostname': 'n1' } },
      spec: { providerID: 'skein://12D3' },
    })
    const kind = must(findKindByName('skein.dev/v1', 'JoinToken'), 'join tokens are served')
    expect(store.read<JoinToken>(kind, 'abcd')?.spec).toEqual({
      scope: 'full',
      secretHash: joinToken.secretHash,
      expiresAt: '1970-01-02T00:00:00Z',
    })
  })
})

describe('a namespace that ends', () => {
  it('ends what is in it, waits for pods that run, and then goes', () => {
    const store = newFixtureStore()
    store.commit(foundingTxn({ ...node, labels: {} }, joinToken, () => 'u', 0))
    store.put(configMapKind, { metadata: { name: 'one', namespace: 'default' } })
    store.put(configMapKind, { metadata: { name: 'held', namespace: 'default', finalizers: ['a/b'] } })
    store.put(configMapKind, { metadata: { name: 'other', namespace: 'kube-public' } })
    store.pod('web', { nodeName: 'n1' })
    expect(emptied(store).steps).toEqual([])

    const namespace = must(store.read<Namespace>(namespaceKind, 'default'), 'it was founded')
    const deletion = beginDeletion(namespaceKind, namespace, null, 0)
    store.put(namespaceKind, deletion.type === 'marked' ? deletion.object : namespace)
    store.follow(emptied(store))
    expect(store.read(configMapKind, 'one')).toBeUndefined()
    expect(store.read(configMapKind, 'held')?.metadata.deletionTimestamp).toBeDefined()
    const pod = must(store.read<Pod>(podKind, 'web'), 'its node has not ended it')
    expect(pod.metadata.deletionGracePeriodSeconds).toBe(30)
    expect(emptied(store).steps).toEqual([])

    const version = (kind: typeof podKind, name: string) =>
      must(store.view.get(`core/${kind.plural}/default/${name}`), name)
    for (const { key, revision } of [version(podKind, 'web'), version(configMapKind, 'held')]) {
      store.commit({ writes: [{ type: 'delete', key, expect: { type: 'revision', revision } }] })
    }
    store.follow(emptied(store))
    expect(store.read<Namespace>(namespaceKind, 'default')?.spec?.finalizers ?? []).toEqual([])
    store.follow(emptied(store))
    expect(store.read(namespaceKind, 'default')).toBeUndefined()
    expect(store.view.get('core/configmaps/kube-public/other')).toBeDefined()
  })
})

describe('pods that no node will end', () => {
  const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' }
  it.each([
    ['deleted, its node is gone', { nodeName: 'n9' }, deleted, true],
    ['deleted, it never had a node', {}, deleted, true],
    ['deleted, its node is there', { nodeName: 'n1' }, deleted, false],
    ['not deleted', { nodeName: 'n9' }, {}, false],
    ['deleted but held', { nodeName: 'n9' }, { ...deleted, finalizers: ['a/b'] }, false],
  ])('%s', (_what, spec, metadata, goes) => {
    const store = newFixtureStore()
    store.node('n1', {}, [{ type: 'Ready', status: 'Unknown' }])
    store.pod('web', spec, { metadata: { name: 'web', namespace: 'default', ...metadata } })
    store.follow(orphans.reconcile('core/pods/default/web', store.cluster, 0))
    expect(store.read(podKind, 'web') === undefined).toBe(goes)
  })
})
