import type { JsonObject } from './types.ts'
/** The v3 document of one group version: `('', 'v1')`, `('skein.dev', 'v1')`. Undefined: not served. */
export declare function openApiDocument(group: string, version: string): JsonObject | undefined
/** The smallest v2 document that kubectl before 1.29 takes, in protobuf. */
export declare const openApiV2: Uint8Array
