import { beginDeletion } from '../objects/deletion.ts'
import type { Kind } from '../objects/kind.ts'
import { kinds } from '../objects/kinds.ts'
import { prefixOf, readStored } from '../objects/stored.ts'
import type { KubeObject, Namespace } from '../objects/types.ts'
import type { StoreView } from '../store/types.ts'
import { namespacesOf, put, remove, type Stored } from './objects.ts'
import { type Plan, type PlanStep, planStep } from './plan.ts'

/** Empties namespaces that are being deleted, and lets them go when nothing is left in them. */
export function reconcileNamespaces(view: StoreView, nowMs: number): Plan {
  const ending = namespacesOf(view).filter(({ object }) => object.metadata.deletionTimestamp !== undefined)
  return { steps: ending.flatMap((namespace) => end(namespace, view, nowMs)).slice(0, stepsPerPassMax) }
}

const stepsPerPassMax = 200
const finalizer = 'kubernetes'

function end(namespace: Stored<Namespace>, view: StoreView, nowMs: number): PlanStep[] {
  const { name } = namespace.object.metadata
  const content = kinds.filter(({ namespaced }) => namespaced).flatMap((kind) => contentOf(kind, name, view))
  if (content.length > 0) return content.flatMap(({ kind, stored }) => endObject(kind, stored, nowMs))
  const finalizers = namespace.object.spec?.finalizers ?? []
  const others = finalizers.filter((each) => each !== finalizer)
  const held = others.length > 0 || (namespace.object.metadata.finalizers ?? []).length > 0
  if (!held) return [planStep('namespace deleted', remove(namespace))]
  // Somebody else has still to agree; our part is done.
  if (others.length === finalizers.length) return []
  const next: Namespace = { ...namespace.object, spec: { ...namespace.object.spec, finalizers: others } }
  return [planStep('namespace emptied', put(namespace, next))]
}

interface Content {
  readonly kind: Kind
  readonly stored: Stored<KubeObject>
}

function contentOf(kind: Kind, namespace: string, view: StoreView): readonly Content[] {
  return view.page(prefixOf(kind, namespace), null, stepsPerPassMax).map((version) => {
    return { kind, stored: { object: readStored<KubeObject>(kind, version), version } }
  })
}

/** As if somebody had deleted it: a pod that runs gets its time to stop. */
function endObject(kind: Kind, stored: Stored<KubeObject>, nowMs: number): PlanStep[] {
  const deletion = beginDeletion(kind, stored.object, null, nowMs)
  switch (deletion.type) {
    case 'gone':
      return [planStep('object deleted with its namespace', remove(stored))]
    case 'marked':
      return [planStep('object ends with its namespace', put(stored, deletion.object))]
    case 'pending':
      return []
  }
}
