import type { FieldError } from './field.ts'
import { ObjectMeta } from './meta.ts'
import { always, type Note, type ObjectType, object, type Rows, type Rule, type ValueOfRows } from './schema.ts'
import type { KubeObject } from './value.ts'

/** One served kind: everything that is known about it, from one declaration in `kinds/`. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** `v1`, `skein.dev/v1`. */
  readonly apiVersion: string
  /** `Pod`. */
  readonly name: string
  /** `pods`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  /** Served below the object's own path. */
  readonly subresources: readonly Subresource[]
  /** Where its objects are kept when they are another kind's under other names; null: as they are. */
  readonly storedAs: StoredAs | null
  /** `pods`, `jointokens.skein.dev`: as messages name it. */
  readonly resource: string
  readonly type: ObjectType
  /** What its names must look like. */
  readonly nameRule: Rule
  readonly columns: readonly Column[]
  /** Of a table's row, e.g. that the pod has completed. */
  readonly rowConditions: (object: KubeObject) => readonly RowCondition[]
  /** Fields that lists can be selected by, beside name and namespace. */
  readonly selectable: Readonly<Record<string, (object: KubeObject) => string>>
  /** What a new object is given, or may not bring. */
  readonly begin: (object: KubeObject) => KubeObject
  /** What an update that is silent about it takes over from before, and what it lets go. Before its defaults. */
  readonly inherit: (next: KubeObject, previous: KubeObject) => KubeObject
  /** Names of what its objects hold for themselves alone (reserve.ts): `ip-10.96.0.10`. Each at most once. */
  readonly reserves: (object: KubeObject) => readonly string[]
  /** Draws what an object needs for itself alone and does not name; null: objects of this kind need nothing. */
  readonly allocate: Allocate | null
  /** What must stay true from one version to the next, beside the fields that may not change at all. */
  readonly checkUpdate: (next: KubeObject, previous: KubeObject) => readonly FieldError[]
}

export interface Subresource {
  readonly name: string
  readonly verbs: readonly string[]
  /** The kind that is read and written there, when it is not the object's own. */
  readonly kind: { readonly group: string; readonly version: string; readonly name: string } | null
}

/** One set of objects, served by two groups. */
export interface StoredAs {
  readonly kind: Kind
  readonly toStored: (object: KubeObject) => KubeObject
  readonly fromStored: (object: KubeObject) => KubeObject
}

/** What can be held by one alone. */
export interface Pool {
  /** Whether somebody holds it, as far as is known here. */
  has(name: string): boolean
  /** A whole number from 0 to below `below`. */
  draw(below: number): number
}

/** `drawn`: names that were chosen here; if one is taken meanwhile, another draw helps. */
export type Allocated<O extends KubeObject = KubeObject> =
  | { readonly object: O; readonly drawn: readonly string[] }
  | { readonly errors: readonly FieldError[] }

/** `held`: the names that the object holds already. */
export type Allocate<O extends KubeObject = KubeObject> = (
  object: O,
  held: readonly string[],
  pool: Pool,
) => Allocated<O>

/** A column of `kubectl get`. */
export interface Column<O extends KubeObject = KubeObject> {
  readonly name: string
  readonly type: 'string' | 'integer'
  readonly format: '' | 'name'
  readonly doc: string
  /** Shown only by `-o wide`. */
  readonly wide: boolean
  readonly cell: (object: O, nowMs: number) => string | number
}

export interface RowCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** What a kind is called and what its objects consist of. */
export interface Declaration<R extends Rows> {
  readonly group: string
  readonly version: string
  readonly name: string
  readonly plural: string
  readonly doc: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly namespaced: boolean
  /** Whether `/status` is served, so that the main path leaves the status alone. */
  readonly status: boolean
  /** Whether `/scale` is served: it has `spec.replicas`, `spec.selector` and `status.replicas`. */
  readonly scale?: boolean
  /** Whether `/log` is served: what its containers print. */
  readonly logs?: boolean
  /** Everything but the metadata. */
  readonly rows: R
  /** What concerns the object as a whole. */
  readonly notes?: readonly Note[]
  readonly nameRule: Rule
}

/** How objects of a kind are shown, selected, begun and changed, as far as it is not as with most. */
export interface Behaviour<O extends KubeObject> {
  readonly columns: readonly Column<O>[]
  readonly rowConditions?: (object: O) => readonly RowCondition[]
  readonly selectable?: Readonly<Record<string, (object: O) => string>>
  readonly begin?: (object: O) => KubeObject
  readonly inherit?: (next: O, previous: O) => O
  readonly reserves?: (object: O) => readonly string[]
  readonly allocate?: Allocate<O>
  readonly storedAs?: StoredAs
  readonly checkUpdate?: (next: O, previous: O) => readonly FieldError[]
}

/** The TypeScript type of a kind's objects. */
export type ObjectOf<K> = K extends { readonly objectType?: infer T } ? Exclude<T, undefined> : never

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export function kind<const R extends Rows>(
  declared: Declaration<R>,
  behaviour: Behaviour<KubeObject & ValueOfRows<R>>,
): Kind & { readonly objectType?: KubeObject & ValueOfRows<R> } {
  const { group, version, name, plural } = declared
  // The functions of a kind are called with objects of that kind only.
  const typed = behaviour as unknown as Behaviour<KubeObject>
  return {
    group,
    version,
    apiVersion: group === '' ? version : `${group}/${version}`,
    name,
    plural,
    singular: name.toLowerCase(),
    shortNames: declared.shortNames ?? [],
    categories: declared.categories ?? [],
    namespaced: declared.namespaced,
    verbs: VERBS,
    subresources: subresourcesOf(declared),
    storedAs: behaviour.storedAs ?? null,
    resource: group === '' ? plural : `${plural}.${group}`,
    type: object(
      name,
      declared.doc,
      {
        metadata: [1, ObjectMeta, 'Its name, identity, labels and history.', always],
        ...declared.rows,
      },
      ...(declared.notes ?? []),
    ),
    nameRule: declared.nameRule,
    columns: typed.columns,
    rowConditions: typed.rowConditions ?? (() => []),
    selectable: typed.selectable ?? {},
    begin: typed.begin ?? ((object) => object),
    inherit: typed.inherit ?? ((next) => next),
    reserves: typed.reserves ?? (() => []),
    allocate: typed.allocate ?? null,
    checkUpdate: typed.checkUpdate ?? (() => []),
  }
}

function subresourcesOf({
  status,
  scale = false,
  logs = false,
}: {
  readonly status: boolean
  readonly scale?: boolean
  readonly logs?: boolean
}): Subresource[] {
  const verbs = ['get', 'patch', 'update']
  return [
    ...(logs ? [{ name: 'log', verbs: ['get'], kind: null }] : []),
    ...(scale ? [{ name: 'scale', verbs, kind: { group: 'autoscaling', version: 'v1', name: 'Scale' } }] : []),
    ...(status ? [{ name: 'status', verbs, kind: null }] : []),
  ]
}
