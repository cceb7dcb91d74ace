import type { FaultType } from './schema.ts'

/** A user's mistake at one place of an object, in Kubernetes' words. */
export interface FieldError {
  readonly type: FaultType
  /** `spec.containers[0].name`. */
  readonly field: string
  /** Absent where the message does not show it. */
  readonly value?: unknown
  readonly detail: string
}

/** Errors are collected up to here; a request with more is no better understood for the rest. */
export const fieldErrorsMax = 100

/** `Invalid value: "A_b": a lowercase RFC 1123 label must …`: the message of a cause. */
export function errorBody({ type, value, detail }: FieldError): string {
  const hidden = type === 'Required value' || type === 'Forbidden' || type === 'Too long' || type === 'Internal error'
  const shown =
    hidden || value === undefined ? type : `${type}: ${typeof value === 'number' ? value : JSON.stringify(value)}`
  return detail === '' ? shown : `${shown}: ${detail}`
}

/** `spec.containers[0].name: Required value`. */
export function errorMessage(error: FieldError): string {
  return `${error.field}: ${errorBody(error)}`
}

/** As they stand together in the message of a Status: one as it is, several as `[a, b]`, each once. */
export function errorsMessage(errors: readonly FieldError[]): string {
  const messages = [...new Set(errors.map(errorMessage))]
  return messages.length === 1 ? `${messages[0]}` : `[${messages.join(', ')}]`
}

const REASONS: Readonly<Record<FaultType, string>> = {
  'Required value': 'FieldValueRequired',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  'Duplicate value': 'FieldValueDuplicate',
  Forbidden: 'FieldValueForbidden',
  'Too long': 'FieldValueTooLong',
  'Too many': 'FieldValueTooMany',
  'Not found': 'FieldValueNotFound',
  'Internal error': 'InternalError',
}

/** For `details.causes` of a Status. */
export function errorCause(error: FieldError): {
  readonly reason: string
  readonly message: string
  readonly field: string
} {
  return { reason: REASONS[error.type], message: errorBody(error), field: error.field }
}
