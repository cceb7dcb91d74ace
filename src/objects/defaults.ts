import type { Kind } from './kind.ts'
import type { KubeObject } from './types.ts'
/** The object with every default filled in. Pure. */
export declare function applyDefaults(kind: Kind, object: KubeObject): KubeObject
