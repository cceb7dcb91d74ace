import { describe, expect, it } from 'vitest'
import { must } from '../lib/assert.ts'
import { conditionOf } from '../objects/conditions.ts'
import type { Deployment, Pod, ReplicaSet } from '../objects/types.ts'
import { deploymentOf, type Model, newModel, ready, setImage, web } from './model.ts'
import { deploymentKind, podKind, replicaSetKind } from './objects.ts'
import { historyAnnotation, revisionAnnotation } from './revisions.ts'

function sets(model: Model): readonly ReplicaSet[] {
  return model.store.cluster.list<ReplicaSet>(replicaSetKind).map(({ object }) => object)
}

function imageOf(set: ReplicaSet): string {
  return set.spec.template.spec?.containers[0]?.image ?? ''
}

/** `web:1 3/3` */
function shown(model: Model): readonly string[] {
  return sets(model)
    .map((set) => `${imageOf(set)} ${set.status?.availableReplicas ?? 0}/${set.spec.replicas}`)
    .sort()
}

function scale(model: Model, replicas: number): void {
  model.change<Deployment>(deploymentKind, 'web', (it) => ({ ...it, spec: { ...it.spec, replicas } }))
}

function progressing(model: Model): string | undefined {
  return conditionOf(deploymentOf(model).status?.conditions, 'Progressing')?.reason
}

const started = (options: Parameters<typeof web>[0] = {}): Model => {
  const model = newModel(['n1', 'n2', 'n3'])
  model.create(deploymentKind, web(options))
  model.settle()
  return model
}

describe('a deployment', () => {
  it('makes its pods, spread over the nodes, and says so as kubectl reads it', () => {
    const model = started({ annotations: { 'kubernetes.io/change-cause': 'first' } })
    const deployment = deploymentOf(model)
    expect(deployment.status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    })
    expect(deployment.status?.unavailableReplicas).toBeUndefined()
    expect(deployment.metadata.annotations?.[revisionAnnotation]).toBe('1')
    expect(progressing(model)).toBe('NewReplicaSetAvailable')
    expect(conditionOf(deployment.status?.conditions, 'Available')?.status).toBe('True')
    expect(
      model
        .pods()
        .map(({ spec }) => spec.nodeName)
        .sort(),
    ).toEqual(['n1', 'n2', 'n3'])
    const [set] = sets(model)
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
    expect(set?.metadata.name).toBe(`web-${hash}`)
    expect(set?.metadata.annotations).toMatchObject({
      [revisionAnnotation]: '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'kubernetes.io/change-cause': 'first',
    })
    for (const { metadata } of model.pods()) {
      expect(metadata.name).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`))
      expect(metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash })
    }
  })

  it('keeps still once it is done', () => {
    const model = started()
    const before = model.written.length
    for (let i = 0; i < 10; i++) {
      model.nowMs += 10_000
      model.round()
    }
    expect(model.written.slice(before)).toEqual([])
  })

  it('rolls out, goes back to the old replica set, and remembers its numbers', () => {
    const model = started()
    model.change(deploymentKind, 'web', setImage('web:2'))
    model.settle()
    expect(shown(model)).toEqual(['web:1 0/0', 'web:2 3/3'])
    expect(deploymentOf(model).metadata.annotations?.[revisionAnnotation]).toBe('2')
    model.change(deploymentKind, 'web', setImage('web:1'))
    model.settle()
    expect(shown(model)).toEqual(['web:1 3/3', 'web:2 0/0'])
    expect(deploymentOf(model).metadata.annotations?.[revisionAnnotation]).toBe('3')
    const first = sets(model).find((set) => imageOf(set) === 'web:1')
    expect(first?.metadata.annotations).toMatchObject({ [revisionAnnotation]: '3', [historyAnnotation]: '1' })
    expect(progressing(model)).toBe('NewReplicaSetAvailable')
  })

  it('forgets old replica sets beyond its limit, the oldest first', () => {
    const model = started({ more: { revisionHistoryLimit: 2 } })
    for (let i = 2; i <= 6; i++) {
      model.change(deploymentKind, 'web', setImage(`web:${i}`))
      model.settle()
    }
    expect(shown(model)).toEqual(['web:4 0/0', 'web:5 0/0', 'web:6 3/3'])
  })

  it('waits while it is paused, but scales', () => {
    const model = started()
    model.change<Deployment>(deploymentKind, 'web', (it) => ({
      ...setImage('web:2')(it),
      spec: { ...setImage('web:2')(it).spec, paused: true },
    }))
    model.settle()
    expect(shown(model)).toEqual(['web:1 3/3'])
    expect(progressing(model)).toBe('DeploymentPaused')
    scale(model, 5)
    model.settle()
    expect(shown(model)).toEqual(['web:1 5/5'])
    model.change<Deployment>(deploymentKind, 'web', (it) => ({ ...it, spec: { ...it.spec, paused: undefined } }))
    model.settle()
    expect(shown(model)).toEqual(['web:1 0/0', 'web:2 5/5'])
    expect(progressing(model)).toBe('NewReplicaSetAvailable')
  })

  it('is complete at zero, and comes back from there', () => {
    const model = started()
    scale(model, 0)
    model.settle()
    expect(model.pods()).toEqual([])
    expect(deploymentOf(model).status?.replicas).toBeUndefined()
    scale(model, 2)
    model.settle()
    expect(shown(model)).toEqual(['web:1 2/2'])
  })

  it('takes all old pods away before it makes new ones, when told to recreate', () => {
    const model = started({ more: { strategy: { type: 'Recreate' } } })
    model.change(deploymentKind, 'web', setImage('web:2'))
    for (let i = 0; i < 200; i++) {
      model.round()
      const images = new Set(model.pods().map(({ spec }) => spec.containers[0]?.image))
      expect(images.size).toBeLessThan(2)
      model.live(0.3)
      model.nowMs += 20
    }
    model.settle()
    expect(shown(model)).toEqual(['web:1 0/0', 'web:2 3/3'])
  })

  it('says that it has failed when nothing moves for too long, and keeps what works', () => {
    const model = started({ more: { progressDeadlineSeconds: 60, minReadySeconds: 5 } })
    model.change(deploymentKind, 'web', setImage('broken'))
    // Nobody makes the new pods ready.
    for (let i = 0; i < 50; i++) {
      model.round()
      model.nowMs += 500
    }
    expect(progressing(model)).not.toBe('ProgressDeadlineExceeded')
    for (let i = 0; i < 100; i++) {
      model.round()
      model.nowMs += 1_000
    }
    expect(progressing(model)).toBe('ProgressDeadlineExceeded')
    expect(shown(model)).toEqual(['broken 0/1', 'web:1 3/3'])
    model.change(deploymentKind, 'web', setImage('web:1'))
    model.settle()
    expect(shown(model)).toEqual(['broken 0/0', 'web:1 3/3'])
  })

  it('counts a pod as available only after it was ready for long enough', () => {
    const model = newModel(['n1'])
    model.create(deploymentKind, web({ replicas: 1, more: { minReadySeconds: 30 } }))
    for (let i = 0; i < 20; i++) {
      model.round()
      model.live(1)
      model.nowMs += 20
    }
    expect(deploymentOf(model).status).toMatchObject({ readyReplicas: 1, unavailableReplicas: 1 })
    model.nowMs += 31_000
    for (let i = 0; i < 5; i++) model.round()
    expect(deploymentOf(model).status?.availableReplicas).toBe(1)
  })

  it('scales in proportion in the middle of a rollout', () => {
    const model = started({
      replicas: 10,
      more: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } },
    })
    model.change(deploymentKind, 'web', setImage('web:2'))
    for (let i = 0; i < 30; i++) {
      model.round()
      model.nowMs += 20
    }
    // Nothing of the new becomes ready: 5 of it beside 8 of the old.
    expect(shown(model)).toEqual(['web:1 8/8', 'web:2 0/5'])
    scale(model, 15)
    for (let i = 0; i < 5; i++) {
      model.round()
      model.nowMs += 20
    }
    const sizes = sets(model).map(({ spec }) => spec.replicas ?? 0)
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(18)
    expect([...sizes].sort((a, b) => a - b)).toEqual([7, 11])
    model.settle()
    expect(shown(model)).toEqual(['web:1 0/0', 'web:2 15/15'])
  })

  it('takes another name where somebody else has that of its replica set', () => {
    const model = newModel(['n1'])
    const other = started()
    const [taken] = sets(other)
    const name = must(taken, 'it has one').metadata.name
    const template = { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'main', image: 'x:1' }] } }
    model.create(replicaSetKind, {
      metadata: { name, namespace: 'default' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template },
    } as ReplicaSet)
    model.create(deploymentKind, web({ replicas: 1 }))
    model.settle()
    expect(deploymentOf(model).status).toMatchObject({ collisionCount: 1, availableReplicas: 1 })
    expect(sets(model)).toHaveLength(2)
  })

  it('adopts pods and replica sets that match and belong to nobody, and lets go of pods that no longer do', () => {
    const model = started()
    const pod = must(model.pods()[0], 'it has pods')
    const { name } = pod.metadata
    model.change<Pod>(podKind, name, (it) => ({ ...it, metadata: { ...it.metadata, labels: { debug: 'yes' } } }))
    model.settle()
    expect(model.pods()).toHaveLength(4)
    expect(model.store.read<Pod>(podKind, name)?.metadata.ownerReferences).toBeUndefined()
    model.change<Pod>(podKind, name, (it) => ({ ...it, metadata: { ...it.metadata, labels: pod.metadata.labels } }))
    model.settle()
    expect(model.pods()).toHaveLength(3)
  })

  it('makes large pods in small portions', () => {
    const template = web().spec.template
    const annotations = { large: 'x'.repeat(100_000) }
    const model = newModel(['n1', 'n2', 'n3'])
    const more = { template: { ...template, metadata: { ...template.metadata, annotations } } }
    model.create(deploymentKind, web({ replicas: 25, more }))
    model.settle()
    expect(shown(model)).toEqual(['web:1 25/25'])
    expect(model.written.filter((what) => what === 'pods created').length).toBeGreaterThanOrEqual(3)
  })

  it('says why it cannot make pods, and makes them once it can', () => {
    const model = newModel(['n1'])
    model.create(deploymentKind, web({ replicas: 1, image: '' }))
    model.settle()
    expect(model.pods()).toEqual([])
    expect(conditionOf(deploymentOf(model).status?.conditions, 'ReplicaFailure')).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
    })
    model.change(deploymentKind, 'web', setImage('web:1'))
    model.settle()
    expect(model.pods()).toHaveLength(1)
  })

  it('replaces a pod that fails, and one that somebody deletes', () => {
    const model = started()
    const [first, second] = model.pods()
    model.change<Pod>(podKind, first?.metadata.name ?? '', (it) => ({
      ...it,
      status: { ...ready(it, 'False', model.nowMs), phase: 'Failed' },
    }))
    model.change<Pod>(podKind, second?.metadata.name ?? '', (it) => ({
      ...it,
      metadata: { ...it.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }))
    model.settle()
    expect(shown(model)).toEqual(['web:1 3/3'])
    const names = model.pods().map(({ metadata }) => metadata.name)
    expect(names).not.toContain(second?.metadata.name)
  })
})
