/**
 * The language in which kinds are declared: a table for each object type, a row for each field:
 *
 *     name: [number, type, 'What it is, in a sentence.', ...traits]
 *
 * The number is the field's in the protobuf encoding. Everything else that is known of a field stands in its row, and
 * everything is derived from it: decoding, defaults, validation, patching, protobuf, OpenAPI and the TypeScript type.
 */

/** `V`: the TypeScript type of its values, known to the compiler only. */
export type Type<V = unknown> = (ScalarType | ObjectType | ListType | MapType) & { readonly valueType?: V }

export type ScalarForm = 'string' | 'int32' | 'int64' | 'bool' | 'bytes' | 'quantity' | 'intOrString' | 'time' | 'any'

export interface ScalarType {
  readonly form: ScalarForm
  /** Of a string: the only values that validation lets pass. */
  readonly values?: readonly string[]
  /** Of a time: microseconds are kept. */
  readonly micro?: boolean
}

export interface ListType {
  readonly form: 'list'
  readonly item: Type
}

export interface MapType {
  readonly form: 'map'
  readonly value: Type
}

export interface ObjectType {
  readonly form: 'object'
  readonly name: string
  readonly doc: string
  /** By protobuf's grouping: an inlined object is one field. */
  readonly rows: readonly Field[]
  /** By JSON name, the fields of inlined objects among them. */
  readonly fields: ReadonlyMap<string, Field>
  readonly checks: readonly Check[]
  readonly fills: readonly Fill[]
  /** Server-side apply takes it as one value. */
  readonly atomic: boolean
}

export interface Field {
  readonly name: string
  readonly number: number
  readonly type: Type
  readonly doc: string
  /** Validation refuses the zero value. */
  readonly required: boolean
  /** Written even when zero. */
  readonly always: boolean
  /** Zero is a value of its own, told apart from absence. */
  readonly explicit: boolean
  /** The fields of its object stand in the place of the field itself. */
  readonly inline: boolean
  readonly immutable: boolean
  readonly initial: Initial | undefined
  readonly list: ListKeys | undefined
  /** A strategic merge keeps only the members that the patch names. */
  readonly retainKeys: boolean
  readonly atomic: boolean
  readonly rules: readonly Rule[]
}

/** How a list is merged: objects by key, or primitives as a set. A list with neither is replaced as a whole. */
export type ListKeys =
  | {
      readonly merge: 'key' /** Of strategic merge. */
      readonly key: string /** Of server-side apply. */
      readonly keys: readonly string[]
    }
  | { readonly merge: 'set' }

/** A value on its way through defaults and checks: of the right types, but not yet known to be complete. */
// biome-ignore lint/suspicious/noExplicitAny: the tables give each value its type; checks state what they read
export type Loose = { readonly [name: string]: any }

/** What is wrong with one value, in upstream's words; nothing when it is well. */
export type Rule = (value: unknown) => readonly string[]

export type FaultType =
  | 'Required value'
  | 'Invalid value'
  | 'Unsupported value'
  | 'Duplicate value'
  | 'Forbidden'
  | 'Too long'
  | 'Too many'
  | 'Not found'
  | 'Internal error'

/** Reports a fault at a path below the object that is checked: `report('Required value', 'ports[0].name')`. */
export type Report = (type: FaultType, path: string, value?: unknown, detail?: string) => void
/** What must be true between the fields of one object. */
export type Check = (object: Loose, report: Report) => void
/** Fills in defaults that depend on other fields; returns the same object when nothing is missing. */
export type Fill = (object: Loose) => Loose
/** A default: a JSON value, or what depends on the object it stands in. */
export type Initial = { readonly value: unknown } | { readonly from: (object: Loose) => unknown }

// Traits of a field.
export type Trait =
  | { readonly trait: 'required' }
  | { readonly trait: 'always' }
  | { readonly trait: 'explicit' }
  | { readonly trait: 'inline' }
  | { readonly trait: 'immutable' }
  | { readonly trait: 'retainKeys' }
  | { readonly trait: 'atomic' }
  | { readonly trait: 'initial'; readonly initial: Initial }
  | { readonly trait: 'list'; readonly list: ListKeys }
  | { readonly trait: 'rule'; readonly rules: readonly Rule[] }

type TraitOf<T extends Trait['trait']> = Extract<Trait, { readonly trait: T }>

/** Validation refuses an object without it. */
export const required = { trait: 'required' } as const
/** May be zero or empty, and is written even then. */
export const always = { trait: 'always' } as const
/** Zero is a value of its own, told apart from absence. */
export const explicit = { trait: 'explicit' } as const
/** In JSON the fields of this object stand in its place. */
export const inline = { trait: 'inline' } as const
/** May not change after creation. */
export const immutable = { trait: 'immutable' } as const
/** A strategic merge keeps only the members that the patch names. */
export const retainKeys = { trait: 'retainKeys' } as const
/** A list of different values, merged one by one. */
export const set = { trait: 'list', list: { merge: 'set' } } as const
/** Merged by this member; server-side apply may need more of them to tell items apart. */
export const by = (key: string, ...more: readonly string[]): TraitOf<'list'> => ({
  trait: 'list',
  list: { merge: 'key', key, keys: [key, ...more] },
})
/** The value when none is given. */
export const or = (value: unknown): TraitOf<'initial'> => ({ trait: 'initial', initial: { value } })
/** As `or`, from the object that the field stands in. */
export const orFrom = (from: (object: Loose) => unknown): TraitOf<'initial'> => ({
  trait: 'initial',
  initial: { from },
})
/** What its value must fulfil. */
export const is = (...rules: readonly Rule[]): TraitOf<'rule'> => ({ trait: 'rule', rules })

// Notes on an object type.
export type Note = { readonly check: Check } | { readonly fill: Fill } | typeof atomic
/** Of an object type or a map: server-side apply takes it as one value. */
export const atomic = { trait: 'atomic' } as const
export const check = (test: Check): Note => ({ check: test })
export const fill = (complete: Fill): Note => ({ fill: complete })

// Types.
export const string: Type<string> = { form: 'string' }
export const int32: Type<number> = { form: 'int32' }
/** Only the integers that a double holds exactly. */
export const int64: Type<number> = { form: 'int64' }
export const bool: Type<boolean> = { form: 'bool' }
/** Base64 text. */
export const bytes: Type<string> = { form: 'bytes' }
/** Canonical text: `500m`, `1Gi`. */
export const quantity: Type<string> = { form: 'quantity' }
export const intOrString: Type<number | string> = { form: 'intOrString' }
/** RFC 3339 text in seconds, UTC. */
export const time: Type<string> = { form: 'time' }
/** RFC 3339 text in microseconds, UTC. */
export const microTime: Type<string> = { form: 'time', micro: true }
/** Any JSON; in protobuf, its text in a message of one field. */
export const any: Type<unknown> = { form: 'any' }
export const oneOf = <const V extends string>(...values: readonly V[]): Type<V> => ({ form: 'string', values })
export const list = <V>(item: Type<V>): Type<readonly V[]> => ({ form: 'list', item })
export const map = <V>(value: Type<V>): Type<{ readonly [key: string]: V }> => ({ form: 'map', value })

export type Row = readonly [number: number, type: Type, doc: string, ...traits: readonly Trait[]]
export type Rows = { readonly [name: string]: Row }

/** An object type: its name in the schema, what it is, its rows, and what concerns several rows at once. */
export function object<const R extends Rows>(
  name: string,
  doc: string,
  rows: R,
  ...notes: readonly Note[]
): ObjectType & Type<ValueOfRows<R>> {
  const compiled = Object.entries(rows).map(([fieldName, row]) => fieldOf(fieldName, row))
  const flat = compiled.flatMap((field) =>
    field.inline && field.type.form === 'object' ? [...field.type.fields.values()] : [field],
  )
  return {
    form: 'object',
    name,
    doc,
    rows: compiled,
    fields: new Map(flat.map((field) => [field.name, field])),
    checks: [
      ...inlined(compiled, (type) => type.checks),
      ...notes.flatMap((note) => ('check' in note ? [note.check] : [])),
    ],
    fills: [
      ...inlined(compiled, (type) => type.fills),
      ...notes.flatMap((note) => ('fill' in note ? [note.fill] : [])),
    ],
    atomic: notes.includes(atomic),
  }
}

function inlined<T>(rows: readonly Field[], pick: (type: ObjectType) => readonly T[]): readonly T[] {
  return rows.flatMap((field) => (field.inline && field.type.form === 'object' ? pick(field.type) : []))
}

function fieldOf(name: string, [number, type, doc, ...traits]: Row): Field {
  const has = (wanted: Trait['trait']): boolean => traits.some((trait) => trait.trait === wanted)
  const only = <T extends Trait['trait']>(wanted: T): TraitOf<T> | undefined =>
    traits.find((trait): trait is TraitOf<T> => trait.trait === wanted)
  return {
    name,
    number,
    type,
    doc,
    required: has('required'),
    always: has('always') || has('required'),
    explicit: has('explicit'),
    inline: has('inline'),
    immutable: has('immutable'),
    initial: only('initial')?.initial,
    list: only('list')?.list,
    retainKeys: has('retainKeys'),
    atomic: has('atomic'),
    rules: traits.flatMap((trait) => (trait.trait === 'rule' ? trait.rules : [])),
  }
}

/** The TypeScript type that a declared type describes. */
export type ValueOf<T> = T extends { readonly valueType?: infer V } ? Exclude<V, undefined> : never

type TraitsOf<R extends Row> = R extends readonly [number, Type, string, ...infer T] ? T[number] : never
type Has<R extends Row, T extends Trait['trait']> =
  Extract<TraitsOf<R>, { readonly trait: T }> extends never ? false : true
type Present<R extends Row> = Has<R, 'required'> extends true ? true : Has<R, 'always'>
type InlineKeys<R extends Rows> = { [K in keyof R]: Has<R[K], 'inline'> extends true ? K : never }[keyof R]
type PresentKeys<R extends Rows> = { [K in keyof R]: Present<R[K]> extends true ? K : never }[keyof R]
type Together<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I : never
type Inlined<R extends Rows> = [InlineKeys<R>] extends [never]
  ? unknown
  : Together<{ [K in InlineKeys<R>]: ValueOf<R[K][1]> }[InlineKeys<R>]>

export type ValueOfRows<R extends Rows> = {
  readonly [K in Exclude<PresentKeys<R>, InlineKeys<R>>]: ValueOf<R[K][1]>
} & {
  readonly [K in Exclude<keyof R, PresentKeys<R> | InlineKeys<R>>]?: ValueOf<R[K][1]>
} & Inlined<R>
