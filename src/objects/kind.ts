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
  /** What must stay true from one version to the next, beside the fields that may not change at all. */
  readonly checkUpdate: (next: KubeObject, previous: KubeObject) => readonly FieldError[]
}

export interface Subresource {
  readonly name: string
  readonly verbs: readonly string[]
}

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
    subresources: declared.status ? [{ name: 'status', verbs: ['get', 'patch', 'update'] }] : [],
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
    checkUpdate: typed.checkUpdate ?? (() => []),
  }
}
