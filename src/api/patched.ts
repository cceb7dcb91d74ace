import type { Json } from '../objects/types.ts'

/** What came of a patch. `code`: 400 malformed, 413 too large, 422 does not fit the object. */
export type Patched =
  | { readonly value: Json; readonly error: null }
  | { readonly value: null; readonly error: string; readonly code: 400 | 413 | 422 }

export function refused(code: 400 | 413 | 422, error: string): Patched {
  return { value: null, error, code }
}
