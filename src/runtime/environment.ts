import type { ContainerSpec } from '../host/host.ts'
import type { Container, EnvVar } from '../objects/types.ts'
import { type FieldFacts, fieldOf, resourceOf } from './fields.ts'
import type { Contents, Sources } from './sources.ts'

/** A container's variables: of whole maps first, then one by one, the later over the earlier. */

export type Environment =
  | { readonly list: ContainerSpec['env']; readonly error: null }
  | { readonly list: null; readonly error: string }

export function environmentOf(container: Container, facts: FieldFacts, sources: Sources, room: Room): Environment {
  const values = new Map<string, string>()
  const failed = (error: string): Environment => ({ list: null, error })
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const found = configMapRef !== undefined ? mapOf(sources, configMapRef) : secretOf(sources, secretRef ?? {})
    if (typeof found === 'string') return failed(found)
    for (const [key, value] of found ?? []) {
      // As Kubernetes does: what cannot be a variable's name is passed over.
      if (variableName.test(prefix + key)) values.set(prefix + key, textOf(value))
    }
  }
  for (const variable of container.env ?? []) {
    if (variable.valueFrom === undefined) {
      const value = expand(variable.value ?? '', values, room)
      if (value === null) return failed(`env ${variable.name}: ${tooLong}`)
      values.set(variable.name, value)
      continue
    }
    const value = valueFrom(variable.valueFrom, container, facts, sources)
    if (value.error !== null) return failed(`env ${variable.name}: ${value.error}`)
    if (value.text !== null) values.set(variable.name, value.text)
  }
  return { list: [...values].map(([name, value]) => ({ name, value })), error: null }
}

const variableName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const decoder = new TextDecoder()

function textOf(value: Uint8Array): string {
  return decoder.decode(value)
}

type Value =
  | { readonly text: string | null /** Null: it may be missing, and is. */; readonly error: null }
  | { readonly text: null; readonly error: string }

function valueFrom(
  from: NonNullable<EnvVar['valueFrom']>,
  container: Container,
  facts: FieldFacts,
  sources: Sources,
): Value {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = from
  if (fieldRef !== undefined) {
    return known(fieldOf(fieldRef.fieldPath, facts), `the field ${fieldRef.fieldPath} cannot be read here`)
  }
  if (resourceFieldRef !== undefined) {
    const text = resourceOf(resourceFieldRef, facts.pod, container, facts.place)
    return known(text, `there is no ${resourceFieldRef.resource} to read`)
  }
  if (configMapKeyRef !== undefined) return keyed(mapOf(sources, configMapKeyRef), configMapKeyRef, 'configmap')
  if (secretKeyRef !== undefined) return keyed(secretOf(sources, secretKeyRef), secretKeyRef, 'secret')
  return { text: null, error: 'this source is not supported by this version' }
}

function known(text: string | null, error: string): Value {
  return text === null ? { text, error } : { text, error: null }
}

interface KeyReference {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

function keyed(found: Contents | string | null, { name = '', key, optional }: KeyReference, what: string): Value {
  if (typeof found === 'string') return { text: null, error: found }
  const value = found?.get(key)
  if (value !== undefined) return { text: textOf(value), error: null }
  if (optional === true || found === null) return { text: null, error: null }
  return { text: null, error: `couldn't find key ${key} in ${what} ${name}` }
}

interface Reference {
  readonly name?: string
  readonly optional?: boolean
}

/** Its contents, null when it is missing and may be, or what is wrong. */
export function mapOf(sources: Sources, { name = '', optional }: Reference): Contents | string | null {
  return sources.configMap(name) ?? (optional === true ? null : `configmap "${name}" not found`)
}

export function secretOf(sources: Sources, { name = '', optional }: Reference): Contents | string | null {
  return sources.secret(name) ?? (optional === true ? null : `secret "${name}" not found`)
}

/** What the kernel lets one argument, or one variable, be; and all of them together, well within its 2 MiB. */
const wordCharsMax = 128 * 1024 - 1
const wordsCharsMax = 1024 * 1024
export const tooLong = 'with all its $(NAME) filled in it is longer than a program can be given'

/** What is left for one container's words. */
export interface Room {
  chars: number
}

export function newRoom(): Room {
  return { chars: wordsCharsMax }
}

/**
 * `$(NAME)` becomes the value; `$$` one dollar that is not looked at; a name that is not known stays as it is. Null when
 * it does not fit: a few dozen variables, each made of the one before twice, would fill any memory.
 */
export function expand(text: string, values: ReadonlyMap<string, string>, room: Room): string | null {
  const charsMax = Math.min(wordCharsMax, room.chars)
  let chars = text.length
  const expanded = text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    const word = whole === '$$' ? '$' : (values.get(name ?? '') ?? whole)
    chars += word.length - whole.length
    return chars > charsMax ? '' : word
  })
  if (expanded.length > charsMax || chars > charsMax) return null
  room.chars -= expanded.length
  return expanded
}

/** Null when one does not fit. */
export function expandAll(
  words: readonly string[] | undefined,
  values: ReadonlyMap<string, string>,
  room: Room,
): string[] | null | undefined {
  const expanded: string[] = []
  for (const word of words ?? []) {
    const whole = expand(word, values, room)
    if (whole === null) return null
    expanded.push(whole)
  }
  return words === undefined ? undefined : expanded
}
