import type { FieldError } from './field.ts'
import type { Kind } from './kind.ts'
import type { KubeObject } from './types.ts'
/** On a defaulted, prepared object. Empty: valid. */
export declare function validateCreate(kind: Kind, object: KubeObject): readonly FieldError[]
/** `next` replaces `previous`; also what must not change. */
export declare function validateUpdate(kind: Kind, next: KubeObject, previous: KubeObject): readonly FieldError[]
/** As validateUpdate, for a write through `/status`. */
export declare function validateStatusUpdate(kind: Kind, next: KubeObject, previous: KubeObject): readonly FieldError[]
