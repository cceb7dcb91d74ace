import { describe, expect, it } from 'vitest'
import { beginDeletion } from '../objects/deletion.ts'
import type { ConfigMap, KubeObject } from '../objects/types.ts'
import { type FixtureStore, newFixtureStore } from './fixture.ts'
import { garbage } from './gc.ts'
import { deploymentOf, newModel, web } from './model.ts'
import { configMapKind, deploymentKind, replicaSetKind } from './objects.ts'

const owner = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: `uid-${name}`,
  ...more,
})

function map(
  name: string,
  owners: readonly ReturnType<typeof owner>[] = [],
  finalizers?: readonly string[],
): ConfigMap {
  const ownerReferences = owners.length === 0 ? undefined : owners
  return { metadata: { name, namespace: 'default', uid: `uid-${name}`, ownerReferences, finalizers } }
}

function collect(store: FixtureStore): void {
  for (let i = 0; i < 20; i++) {
    for (const key of garbage.keys(store.cluster)) store.follow(garbage.reconcile(key, store.cluster, 0))
  }
}

function names(store: FixtureStore): readonly string[] {
  return store.cluster.list(configMapKind).map(({ object }) => object.metadata.name)
}

function remove(store: FixtureStore, name: string, finalizer?: string): void {
  const object = store.read<ConfigMap>(configMapKind, name) as KubeObject
  const held =
    finalizer === undefined ? object : { ...object, metadata: { ...object.metadata, finalizers: [finalizer] } }
  const deletion = beginDeletion(configMapKind, held, null, 0)
  if (deletion.type === 'marked') {
    store.put(configMapKind, deletion.object)
    return
  }
  const key = `core/configmaps/default/${name}`
  store.commit({
    writes: [{ type: 'delete', key, expect: { type: 'revision', revision: store.view.get(key)?.revision ?? 0 } }],
  })
}

describe('what goes with its owner', () => {
  it.each<[string, readonly ConfigMap[], readonly string[]]>([
    ['without owners', [map('a')], ['a']],
    ['its owner is there', [map('a'), map('b', [owner('a')])], ['a', 'b']],
    ['its owner is gone', [map('b', [owner('a')])], []],
    ['another has its name', [map('a'), map('b', [owner('a', { uid: 'old' })])], ['a']],
    ['one of two is there', [map('a'), map('b', [owner('a'), owner('z')])], ['a', 'b']],
    ['all the way down', [map('b', [owner('a')]), map('c', [owner('b')]), map('d', [owner('c')])], []],
    ['its kind is not known', [map('b', [owner('a', { apiVersion: 'x/v1', kind: 'X' })])], ['b']],
  ])('%s', (_what, maps, left) => {
    const store = newFixtureStore()
    for (const one of maps) store.put(configMapKind, one)
    collect(store)
    expect(names(store)).toEqual(left)
    for (const key of garbage.keys(store.cluster)) expect(garbage.reconcile(key, store.cluster, 0).steps).toEqual([])
  })

  it('an owner that is gone is forgotten where another is left', () => {
    const store = newFixtureStore()
    store.put(configMapKind, map('a'))
    store.put(configMapKind, map('b', [owner('a'), owner('z')]))
    collect(store)
    expect(store.read<ConfigMap>(configMapKind, 'b')?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['a'])
  })

  it('in the foreground an owner waits for those that block it, and for theirs', () => {
    const store = newFixtureStore()
    const blocking = { blockOwnerDeletion: true }
    for (const one of [map('a'), map('b', [owner('a', blocking)]), map('c', [owner('b', blocking)], ['hold/it'])])
      store.put(configMapKind, one)
    remove(store, 'a', 'foregroundDeletion')
    collect(store)
    expect(names(store)).toEqual(['a', 'b', 'c'])
    expect(store.read<ConfigMap>(configMapKind, 'c')?.metadata.deletionTimestamp).toBeDefined()
    const held = store.read<ConfigMap>(configMapKind, 'c')
    expect(held?.metadata.finalizers).toEqual(['hold/it'])
    const { revision = 0 } = store.view.get('core/configmaps/default/c') ?? {}
    store.commit({
      writes: [{ type: 'delete', key: 'core/configmaps/default/c', expect: { type: 'revision', revision } }],
    })
    collect(store)
    expect(names(store)).toEqual([])
  })

  it('an owner that orphans lets go of them', () => {
    const store = newFixtureStore()
    for (const one of [map('a'), map('b', [owner('a')])]) store.put(configMapKind, one)
    remove(store, 'a', 'orphan')
    collect(store)
    expect(names(store)).toEqual(['b'])
    expect(store.read<ConfigMap>(configMapKind, 'b')?.metadata.ownerReferences).toBeUndefined()
  })

  it('a deployment that is deleted takes everything with it', () => {
    const model = newModel(['n1'])
    model.create(deploymentKind, web())
    model.settle()
    const { revision = 0 } = model.store.view.get('apps/deployments/default/web') ?? {}
    expect(deploymentOf(model).metadata.name).toBe('web')
    model.store.commit({
      writes: [{ type: 'delete', key: 'apps/deployments/default/web', expect: { type: 'revision', revision } }],
    })
    model.settle()
    expect([model.pods(), model.store.cluster.list(replicaSetKind)]).toEqual([[], []])
  })
})
