import { parseTime } from '../lib/rfc3339.ts'
import type { PodLogOptions } from '../objects/podaccess.ts'
import { badRequest, type FieldCause, invalid } from './status.ts'

const subject = { group: '', plural: 'pods', resource: 'pods', name: 'PodLogOptions' }

/**
 * The options of a request for a pod's log, as Kubernetes reads and checks them (`ValidatePodLogOptions`,
 * pkg/apis/core/validation). Throws 400 on what is no number or time, 422 on one that makes no sense.
 */
export function logOptions(query: URLSearchParams, pod: string): PodLogOptions {
  const tailLines = whole(query, 'tailLines')
  const limitBytes = whole(query, 'limitBytes')
  const sinceSeconds = whole(query, 'sinceSeconds')
  const sinceMs = moment(query, 'sinceTime')
  const causes: FieldCause[] = []
  if (tailLines !== undefined && tailLines < 0) causes.push(wrong('tailLines', tailLines, notNegative))
  if (limitBytes !== undefined && limitBytes < 1) causes.push(wrong('limitBytes', limitBytes, positive))
  if (sinceSeconds !== undefined && sinceMs !== undefined) {
    const message = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'
    causes.push({ reason: 'FieldValueForbidden', message, field: '' })
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    causes.push(wrong('sinceSeconds', sinceSeconds, positive))
  }
  if (causes.length > 0) throw invalid(subject, pod, causes)
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceMs !== undefined && { sinceMs }),
  }
}

const notNegative = 'must be greater than or equal to 0'
const positive = 'must be greater than 0'

function wrong(field: string, value: number, why: string): FieldCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${why}`, field }
}

/** As Go's client libraries convert it: that it is there means yes, unless it says no. */
function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  return text !== null && text !== '0' && text.toLowerCase() !== 'false'
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (/^[+-]?\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 64))}: invalid syntax`)
}

function moment(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const ms = parseTime(text)
  if (ms === null) throw badRequest(`parsing time ${JSON.stringify(text.slice(0, 64))}: not an RFC 3339 time`)
  // Before the epoch nothing was printed.
  return Math.max(0, ms)
}
