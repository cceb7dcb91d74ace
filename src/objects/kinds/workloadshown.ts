import { wideColumn } from '../columns.ts'
import { formatSelector } from '../labelselector.ts'
import type { LabelSelector } from '../meta.ts'
import type { ValueOf } from '../schema.ts'

import type { KubeObject } from '../value.ts'
import type { PodTemplateSpec } from './podtemplate.ts'

type Workload = KubeObject & {
  readonly spec: {
    readonly selector?: ValueOf<typeof LabelSelector>
    readonly template?: ValueOf<typeof PodTemplateSpec>
  }
}

/** What all that makes pods from a template shows of them. */
export const podColumns = [
  wideColumn<Workload>('Containers', 'The names of its containers.', (object) =>
    containersOf(object)
      .map(({ name }) => name)
      .join(','),
  ),
  wideColumn<Workload>('Images', 'The images that they run.', (object) =>
    containersOf(object)
      .map(({ image }) => image ?? '')
      .join(','),
  ),
  wideColumn<Workload>('Selector', 'Which pods are its own.', ({ spec }) => {
    const text = formatSelector(spec.selector)
    return text === '' ? '<none>' : text
  }),
]

function containersOf({ spec }: Workload) {
  return spec.template?.spec.containers ?? []
}
