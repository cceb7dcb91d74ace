import { sameJson } from '../../lib/equal.ts'
import type { FieldError } from '../field.ts'
import type { Loose } from '../schema.ts'

/** What of a pod may change: nearly nothing; it is replaced instead. */

const WORDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function podUpdateRules(next: { readonly spec: object }, previous: { readonly spec: object }): FieldError[] {
  const [now, before]: [Loose, Loose] = [next.spec as Loose, previous.spec as Loose]
  const errors: FieldError[] = []
  const length = { now: count(now.containers), before: count(before.containers) }
  if (length.now !== length.before) {
    return [{ type: 'Forbidden', field: 'spec.containers', detail: 'pod updates may not add or remove containers' }]
  }
  const deadline = now.activeDeadlineSeconds
  if (before.activeDeadlineSeconds !== undefined) {
    if (deadline === undefined) {
      errors.push(wrongDeadline(null, 'must not update from a positive integer to nil value'))
    } else if (deadline > before.activeDeadlineSeconds) {
      errors.push(wrongDeadline(deadline, `must be less than or equal to previous value`))
    }
  }
  const kept = (before.tolerations ?? []).every((toleration: Loose) =>
    (now.tolerations ?? []).some((candidate: Loose) => sameToleration(candidate, toleration)),
  )
  if (!kept) {
    errors.push({
      type: 'Forbidden',
      field: 'spec.tolerations',
      detail: 'existing toleration can not be modified except its tolerationSeconds',
    })
  }
  const changed = Object.keys({ ...fixed(now), ...fixed(before) }).filter(
    (name) => !sameJson(fixed(now)[name], fixed(before)[name]),
  )
  if (changed.length > 0) {
    errors.push({ type: 'Forbidden', field: 'spec', detail: `${WORDS}\n${difference(now, before, changed)}` })
  }
  return errors
}

/** Everything but what may change. */
function fixed(spec: Loose): Loose {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec
  const imageless = (containers: readonly Loose[] | undefined): unknown =>
    containers?.map(({ image: _image, ...container }) => container)
  return { ...rest, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers) }
}

const shownCharsMax = 300

/** What was asked and what stands, for the eyes of whoever asked. */
function difference(now: Loose, before: Loose, names: readonly string[]): string {
  const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, shownCharsMax)
  return names.map((name) => `  ${name}:\n- ${shown(before[name])}\n+ ${shown(now[name])}\n`).join('')
}

function sameToleration(a: Loose, b: Loose): boolean {
  const { tolerationSeconds: _a, ...left } = a
  const { tolerationSeconds: _b, ...right } = b
  return sameJson(left, right)
}

function wrongDeadline(value: unknown, detail: string): FieldError {
  return { type: 'Invalid value', field: 'spec.activeDeadlineSeconds', value, detail }
}

function count(list: readonly unknown[] | undefined): number {
  return list?.length ?? 0
}
