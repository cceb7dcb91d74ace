import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { errorMessage } from './field.ts'
import type { Kind } from './kind.ts'
import { controllerRevision } from './kinds/controllerrevision.ts'
import { deployment } from './kinds/deployment.ts'
import { replicaSet } from './kinds/replicaset.ts'
import { scale, scaleOf, withScale } from './kinds/scale.ts'
import { prepareCreate, prepareUpdate } from './prepare.ts'
import { tableFor } from './table.ts'
import type { Deployment, ReplicaSet } from './types.ts'
import { validateCreate, validateUpdate } from './validate.ts'
import type { Json, JsonObject, KubeObject } from './value.ts'

const selector = { matchLabels: { app: 'web' } }
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } }
const nowMs = Date.UTC(2026, 0, 2, 0, 10)

function decoded(kind: Kind, spec: JsonObject): KubeObject {
  const value = { metadata: { name: 'web', namespace: 'default' }, spec: { selector, template, ...spec } } as Json
  const { object, error } = decodeObject(kind, value)
  expect(error).toBeNull()
  return must(object, 'it decodes')
}

function born(kind: Kind, spec: JsonObject): KubeObject {
  const birth = { nowMs: Date.UTC(2026, 0, 2), uid: 'u1', namespace: 'default', nameSuffix: 'bcdfg' }
  return applyDefaults(kind, prepareCreate(kind, decoded(kind, spec), birth))
}

function faults(kind: Kind, spec: JsonObject): string[] {
  return validateCreate(kind, born(kind, spec)).map(errorMessage)
}

function cells(kind: Kind, object: KubeObject): readonly (string | number)[] {
  return must(tableFor(kind, [object], nowMs).rows[0], 'one object is one row').cells
}

test('what a deployment is given', () => {
  const { spec, status, metadata } = born(deployment, {}) as Deployment
  const { template: made, selector: chosen, ...rest } = spec
  expect(rest).toEqual({
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  })
  expect([chosen, status, metadata.generation]).toEqual([selector, {}, 1])
  expect(made.spec).toMatchObject({ restartPolicy: 'Always', securityContext: {}, terminationGracePeriodSeconds: 30 })
  expect(made.spec, 'what pods are given, but no template of them').not.toHaveProperty('tolerations')
  expect((born(deployment, { strategy: { type: 'Recreate' } }) as Deployment).spec.strategy).toEqual({
    type: 'Recreate',
  })
  expect((born(deployment, { replicas: 0 }) as Deployment).spec.replicas).toBe(0)
  expect((born(replicaSet, {}) as ReplicaSet).status).toEqual({ replicas: 0 })
})

describe('what is refused of a deployment', () => {
  const rolling = (rollingUpdate: JsonObject): JsonObject => ({ strategy: { type: 'RollingUpdate', rollingUpdate } })
  const at = 'spec.strategy.rollingUpdate'
  const percent =
    "a valid percent string must be a numeric string followed by an ending '%' " +
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
  test.each<[JsonObject, readonly string[]]>([
    [{}, []],
    [rolling({ maxUnavailable: 0, maxSurge: 1 }), []],
    [rolling({ maxUnavailable: '100%', maxSurge: '0%' }), []],
    [{ replicas: -1 }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    [{ selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    [
      { selector: { matchLabels: { app: 'db' } } },
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      { selector: { matchExpressions: [{ key: 'app', operator: 'Is', values: ['web'] }] } },
      [
        'spec.selector.matchExpressions[0].operator: Unsupported value: "Is": supported values: "DoesNotExist", "Exists", "In", "NotIn"',
        "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      ],
    ],
    [
      { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
    ],
    [
      rolling({ maxUnavailable: 0, maxSurge: 0 }),
      [`${at}.maxUnavailable: Invalid value: 0: may not be 0 when \`maxSurge\` is 0`],
    ],
    [
      rolling({ maxUnavailable: '101%' }),
      [`${at}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`],
    ],
    [rolling({ maxSurge: 'much' }), [`${at}.maxSurge: Invalid value: "much": ${percent}`]],
    [rolling({ maxSurge: -1 }), [`${at}.maxSurge: Invalid value: -1: must be greater than or equal to 0`]],
    [
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      [`${at}: Forbidden: may not be specified when strategy \`type\` is 'Recreate'`],
    ],
    [
      { minReadySeconds: 600 },
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      { template: { ...template, spec: { containers: [{ name: 'C', image: 'x' }] } } },
      [expect.stringMatching(/^spec\.template\.spec\.containers\[0\]\.name: Invalid value: "C": a lowercase RFC 1123/)],
    ],
    [
      { template: { ...template, metadata: { labels: { app: 'web', '-': 'x' } } } },
      [expect.stringMatching(/^spec\.template\.metadata\.labels: Invalid value: "-"/)],
    ],
  ])('%#', (spec, expected) => expect(faults(deployment, spec)).toEqual(expected))

  test('its selector is for ever', () => {
    const before = born(deployment, {})
    const other = { matchLabels: { app: 'web', tier: 'a' } }
    const labels = { labels: { app: 'web', tier: 'a' } }
    const next = decoded(deployment, { selector: other, template: { ...template, metadata: labels } })
    expect(validateUpdate(deployment, prepareUpdate(deployment, next, before), before).map(errorMessage)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"a"}}: field is immutable',
    ])
  })
})

test('the generation counts what is desired, and nothing else', () => {
  const before = born(deployment, {})
  const again = prepareUpdate(deployment, decoded(deployment, {}), before)
  expect(again.metadata.generation).toBe(1)
  const labelled = { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } }
  expect(prepareUpdate(deployment, labelled, before).metadata.generation).toBe(1)
  expect(prepareUpdate(deployment, decoded(deployment, { paused: true }), before).metadata.generation).toBe(2)
})

test('how they are shown', () => {
  const made = born(deployment, { replicas: 3 }) as Deployment
  const status = { replicas: 4, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 }
  expect(cells(deployment, made)).toEqual(['web', '0/3', 0, 0, '10m', 'c', 'nginx:1', 'app=web'])
  expect(cells(deployment, { ...made, status } as Deployment).slice(1, 4)).toEqual(['1/3', 2, 1])
  const set = { ...born(replicaSet, { replicas: 3 }), status: { replicas: 2, readyReplicas: 1 } } as ReplicaSet
  expect(cells(replicaSet, set)).toEqual(['web', 3, 2, 1, '10m', 'c', 'nginx:1', 'app=web'])
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }
  const revision = { metadata: { name: 'r', ownerReferences: [owner] }, revision: 3 }
  expect(cells(controllerRevision, revision as KubeObject)).toEqual(['r', 'statefulset.apps/db', 3, '<unknown>'])
})

describe('a scale', () => {
  const made = { ...born(deployment, { replicas: 3 }), status: { replicas: 2 } } as Deployment

  test('shows the numbers and the selector as text', () => {
    expect(scaleOf(made)).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'web', namespace: 'default', uid: 'u1' },
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'app=web' },
    })
    expect(cells(scale, scaleOf(made))).toEqual(['web', 3, 2, '10m'])
  })

  test('changes the number and nothing else', () => {
    const wanted = { ...scaleOf(made), spec: { replicas: 7 } } as KubeObject
    expect(withScale(made, wanted)).toEqual({ ...made, spec: { ...made.spec, replicas: 7 } })
    // Go leaves a zero out.
    expect((withScale(made, { ...wanted, spec: {} } as KubeObject) as Deployment).spec.replicas).toBe(0)
  })
})
