import type { Json } from './types.ts'
/** `duplicates`: field paths that stood twice in one object (the last one counts), e.g. `spec.nodeName`. */
export type Parsed =
  | { readonly value: Json; readonly duplicates: readonly string[]; readonly error: null }
  | { readonly value: null; readonly duplicates: readonly string[]; readonly error: string }
/** JSON text to a value. The error says what Go would say, e.g. `invalid character '}' looking for beginning of value`. */
export declare function parseJson(text: string | Uint8Array): Parsed
