import type { Json } from './types.ts'
/** A user's mistake at one place of an object, in Kubernetes' words. */
export interface FieldError {
  readonly type:
    | 'Required value'
    | 'Invalid value'
    | 'Unsupported value'
    | 'Duplicate value'
    | 'Forbidden'
    | 'Too long'
    | 'Too many'
    | 'Not found'
    | 'Internal error'
  /** `spec.containers[0].name`. */
  readonly field: string
  readonly value?: Json
  readonly detail: string
}
/** `Invalid value: "A_b": a lowercase RFC 1123 label must …`: the message of a cause. */
export declare function errorBody(error: FieldError): string
/** `spec.containers[0].name: Required value`: as it stands in a Status message; several are joined as `[a, b]`. */
export declare function errorMessage(error: FieldError): string
/** `{reason: 'FieldValueRequired', message, field}` for `Status.details.causes`. */
export declare function errorCause(error: FieldError): {
  readonly reason: string
  readonly message: string
  readonly field: string
}
