import type { Kind } from '../objects/kind.ts'
import { kinds } from '../objects/kinds.ts'
import { prefixOf, readStored } from '../objects/stored.ts'
import type { KubeObject, Namespace } from '../objects/types.ts'
import type { StoreView } from '../store/types.ts'
import type { Controller } from './controller.ts'
import { endingWrites, removalWrites } from './ending.ts'
import { isEnding, namespaceKind, put, type Stored } from './objects.ts'
import { nothingToDo, type Plan, type PlanStep, plan, planStep, planTogether } from './plan.ts'

/** Empties namespaces that are being deleted, and lets them go when nothing is left in them. */
export const namespaces: Controller = {
  name: 'namespace',
  touched({ kind, namespace, name, after }, cluster) {
    if (kind === namespaceKind) return [name]
    if (namespace === '' || (after !== null && isEnding(after))) return []
    const home = cluster.get<Namespace>(namespaceKind, '', namespace)
    return home !== undefined && isEnding(home.object) ? [namespace] : []
  },
  keys: (cluster) => cluster.list(namespaceKind).map(({ object }) => object.metadata.name),
  reconcile(name, cluster, nowMs) {
    const namespace = cluster.get<Namespace>(namespaceKind, '', name)
    return namespace === undefined || !isEnding(namespace.object) ? nothingToDo : end(namespace, cluster.view, nowMs)
  },
}

const stepsPerPassMax = 200
const finalizer = 'kubernetes'

function end(namespace: Stored<Namespace>, view: StoreView, nowMs: number): Plan {
  const { name } = namespace.object.metadata
  const content = contentKinds.flatMap((kind) => contentOf(kind, name, view))
  if (content.length > 0) {
    const steps = content.flatMap(({ kind, stored }) => endObject(kind, stored, view, nowMs))
    // While there is something to be done, there may be more of it behind.
    return steps.length === 0 ? nothingToDo : plan(steps.slice(0, stepsPerPassMax), 0)
  }
  const finalizers = namespace.object.spec?.finalizers ?? []
  const others = finalizers.filter((each) => each !== finalizer)
  const held = others.length > 0 || (namespace.object.metadata.finalizers ?? []).length > 0
  if (!held) {
    const fields = { key: namespace.version.key }
    return plan([planTogether('namespace deleted', removalWrites(namespaceKind, namespace, view), fields)])
  }
  // Somebody else has still to agree; our part is done.
  if (others.length === finalizers.length) return nothingToDo
  const next: Namespace = { ...namespace.object, spec: { ...namespace.object.spec, finalizers: others } }
  return plan([planStep('namespace emptied', put(namespace, next))])
}

/** Each set of objects once, by whatever names it is served. */
const contentKinds = kinds.filter(({ namespaced, storedAs }) => namespaced && storedAs === null)

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
function endObject(kind: Kind, stored: Stored<KubeObject>, view: StoreView, nowMs: number): PlanStep[] {
  const writes = endingWrites(kind, stored, view, nowMs)
  if (writes.length === 0) return []
  return [planTogether('object ends with its namespace', writes, { key: stored.version.key })]
}
