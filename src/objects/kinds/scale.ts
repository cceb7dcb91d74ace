// biome-ignore-all format: the columns are aligned by hand
import { ageColumn, column, nameColumn } from '../columns.ts'
import { type Kind, kind } from '../kind.ts'
import { formatSelector } from '../labelselector.ts'
import { dnsSubdomain, nonNegative } from '../rules.ts'
import { always, int32, is, object, string } from '../schema.ts'
import type { KubeObject } from '../value.ts'

const ScaleSpec = object('ScaleSpec', 'How many there shall be.', {
  replicas: [1, int32, 'The number.', is(nonNegative)],
})

const ScaleStatus = object('ScaleStatus', 'How many there are.', {
  replicas: [1, int32,  'The number.', always],
  selector: [2, string, 'Which pods are counted, as text.'],
})

/** What `/scale` of a workload reads and writes: of all that it is only the number. It is served nowhere else. */
export const scale = kind(
  {
    group: 'autoscaling',
    version: 'v1',
    name: 'Scale',
    plural: 'scales',
    doc: 'The number of like things.',
    namespaced: true,
    status: true,
    rows: {
      spec: [2, ScaleSpec, 'How many there shall be.', always],
      status: [3, ScaleStatus, 'How many there are.', always],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Desired', 'How many there shall be.', ({ spec }) => spec.replicas ?? 0),
      column('Available', 'How many there are.', ({ status }) => status.replicas),
      ageColumn,
    ],
  },
)

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector?: Parameters<typeof formatSelector>[0] }
  readonly status?: { readonly replicas?: number }
}

/** Whether `/scale` is served of this kind's objects. */
export function isScalable(kind: Kind): boolean {
  return kind.subresources.some(({ name }) => name === 'scale')
}

/** What of a workload's scale can be seen; for kinds that are scalable only. */
export function scaleOf(workload: KubeObject): KubeObject {
  const { metadata, spec, status } = workload as Scalable
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  const selector = formatSelector(spec.selector)
  const shown = {
    kind: scale.name,
    apiVersion: scale.apiVersion,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, ...(selector !== '' && { selector }) },
  }
  return shown as KubeObject
}

/** The workload with the number that the scale says. */
export function withScale(workload: KubeObject, scaled: KubeObject): KubeObject {
  const { spec } = workload as Scalable
  const { replicas = 0 } = (scaled as Scalable).spec
  return { ...workload, spec: { ...spec, replicas } } as KubeObject
}
