/**
 * Refusals in Kubernetes' words and shape: what clients print, and what they decide by (`reason`, `code`).
 * Everything in this room that cannot be answered as asked throws an `ApiError`; the driver turns it into the answer.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: Status
  /** Sent as the header `Retry-After`: clients wait and ask again by themselves. Seconds. */
  readonly retryAfterSeconds: number | null
  constructor(status: Status, retryAfterSeconds: number | null = null) {
    super(status.message)
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** `Status` of meta/v1. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Readonly<Record<string, never>>
  readonly status: 'Success' | 'Failure'
  readonly message: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  /** The resource (`pods`), or in validation errors the kind (`Pod`): so does Kubernetes. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly FieldCause[]
  readonly retryAfterSeconds?: number
}

/** One field that is wrong. `reason` as Kubernetes names it: FieldValueRequired, FieldValueInvalid … */
export interface FieldCause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** What an error speaks of; every `Kind` is one. */
export interface Subject {
  readonly group: string
  /** `pods`. */
  readonly plural: string
  /** `pods`, `deployments.apps`: as messages name it. */
  readonly resource: string
  /** `Pod`. */
  readonly name: string
}

function failure(code: number, reason: string, message: string, details?: StatusDetails): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  })
}

function detailsOf(subject: Subject, name: string, more: StatusDetails = {}): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.resource,
    ...more,
  }
}

export function notFound(subject: Subject, name: string): ApiError {
  return failure(404, 'NotFound', `${subject.resource} "${name}" not found`, detailsOf(subject, name))
}

const notFoundText = 'the server could not find the requested resource'

/** No such path, group or version. */
export function unknownPath(): ApiError {
  return failure(404, 'NotFound', notFoundText, {})
}

/**
 * A resource (`secrets`, `deployments.apps`) or subresource (`pods/log`) that this version does not have. Said by name,
 * for clients print it; behind Kubernetes' words, for clients look for them.
 */
export function notServed(version: string, what: string): ApiError {
  return failure(404, 'NotFound', `${notFoundText} (skein ${version} does not serve ${what})`, {})
}

export function alreadyExists(subject: Subject, name: string): ApiError {
  return failure(409, 'AlreadyExists', `${subject.resource} "${name}" already exists`, detailsOf(subject, name))
}

export const modifiedText =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(subject: Subject, name: string, why: string): ApiError {
  return failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${subject.resource} "${name}": ${why}`,
    detailsOf(subject, name),
  )
}

/** A conflict that is not about one object's version: a name or an identity that is taken. */
export function taken(message: string): ApiError {
  return failure(409, 'Conflict', message)
}

/** Fields that are wrong; the message lists them all. */
export function invalid(subject: Subject, name: string, causes: readonly FieldCause[]): ApiError {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const kind = subject.group === '' ? subject.name : `${subject.name}.${subject.group}`
  return failure(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
    ...detailsOf(subject, name),
    kind: subject.name,
    causes,
  })
}

/** A patch that is none (400), is too large (413) or does not fit the object (422). */
export function patchRefused(subject: Subject, name: string, code: 400 | 413 | 422, why: string): ApiError {
  const reason = { 400: 'BadRequest', 413: 'RequestEntityTooLarge', 422: 'Invalid' }[code]
  return failure(code, reason, why, detailsOf(subject, name))
}

/** Options of the request itself (`ListOptions`, `DeleteOptions` …) that are wrong. */
export function invalidOptions(kind: string, causes: readonly FieldCause[]): ApiError {
  return invalid({ group: 'meta.k8s.io', plural: kind, resource: kind, name: kind }, '', causes)
}

export function badRequest(message: string): ApiError {
  return failure(400, 'BadRequest', message)
}

export function unauthorized(message = 'Unauthorized'): ApiError {
  return failure(401, 'Unauthorized', message)
}

/** `why` ends the sentence `pods "web" is forbidden: …`. */
export function forbidden(subject: Subject | null, name: string, why: string): ApiError {
  if (subject === null) return failure(403, 'Forbidden', `forbidden: ${why}`, {})
  const what = name === '' ? subject.resource : `${subject.resource} "${name}"`
  return failure(403, 'Forbidden', `${what} is forbidden: ${why}`, detailsOf(subject, name))
}

/** A namespace that is going away takes nothing new. The cause is what client libraries look for. */
export function namespaceTerminating(subject: Subject, name: string, namespace: string): ApiError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return failure(
    403,
    'Forbidden',
    `${subject.resource} "${name}" is forbidden: ${why}`,
    detailsOf(subject, name, { causes: [cause] }),
  )
}

export function methodNotAllowed(): ApiError {
  return failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
}

export function unsupportedMediaType(message: string): ApiError {
  return failure(415, 'UnsupportedMediaType', message)
}

export function tooLarge(bytesMax: number): ApiError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`)
}

/** With its defaults filled in it has outgrown what the store takes. */
export function notStorable(why: string): ApiError {
  return failure(413, 'RequestEntityTooLarge', `the object cannot be stored: ${why}`)
}

export function expired(message: string): ApiError {
  return failure(410, 'Expired', message)
}

export function tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
  return retryable(failure(429, 'TooManyRequests', message, { retryAfterSeconds }), retryAfterSeconds)
}

/** Nothing was done. With `retryAfterSeconds` clients ask again by themselves, up to ten times. */
export function unavailable(message: string, retryAfterSeconds: number | null): ApiError {
  if (retryAfterSeconds === null) return failure(503, 'ServiceUnavailable', message)
  return retryable(failure(503, 'ServiceUnavailable', message, { retryAfterSeconds }), retryAfterSeconds)
}

function retryable(error: ApiError, retryAfterSeconds: number): ApiError {
  return new ApiError(error.status, retryAfterSeconds)
}

/** Whether it was done could not be learnt in time. */
export function timedOut(message: string): ApiError {
  return failure(504, 'Timeout', `Timeout: ${message}`, {})
}

export function internalError(message: string): ApiError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [] })
}

export function success(details: StatusDetails): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', message: '', details, code: 200 }
}
