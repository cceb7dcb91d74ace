import type { Kind } from './kind.ts'
export declare const kinds: readonly Kind[]
/** `findKind('', 'v1', 'pods')`. */
export declare function findKind(group: string, version: string, plural: string): Kind | undefined
/** `findKindByName('v1', 'Pod')`. */
export declare function findKindByName(apiVersion: string, name: string): Kind | undefined
