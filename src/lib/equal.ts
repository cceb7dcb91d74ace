/** Whether two JSON values say the same. A field that is undefined is one that is not there; the order of fields says nothing. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  }
  const [left, right] = [fieldsOf(a), fieldsOf(b)]
  return (
    left.size === right.size && [...left].every(([name, value]) => right.has(name) && sameJson(value, right.get(name)))
  )
}

function fieldsOf(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).filter(([, field]) => field !== undefined))
}
