import type { Kind } from '../objects/kind.ts'
import { matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from '../objects/selector.ts'
import type { Version } from '../store/types.ts'
import type { ReadOptions } from './query.ts'
import { badRequest } from './status.ts'
import type { World } from './world.ts'

/** Whether a version is wanted by a reader. Null: all are. */
export type Select = ((version: Version) => boolean) | null

export function selectBy(world: World, kind: Kind, options: ReadOptions): Select {
  const { labelSelector, fieldSelector } = options
  if (labelSelector === '' && fieldSelector === '') return null
  const labels = parseLabelSelector(labelSelector)
  if (labels.error !== null) throw badRequest(`unable to parse labelSelector: ${labels.error}`)
  const fields = parseFieldSelector(kind, fieldSelector)
  if (fields.error !== null) throw badRequest(fields.error)
  return (version) => {
    const object = world.objects.read(kind, version)
    return matchesLabels(labels.value, object.metadata.labels) && matchesFields(kind, fields.value, object)
  }
}
