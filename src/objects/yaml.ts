import type { Parsed } from './json.ts'
/** One YAML document (or JSON, its subset) to a value; errors name the line. */
export declare function parseYaml(text: string | Uint8Array): Parsed
