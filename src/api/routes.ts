/**
 * The one grammar of paths:
 *
 *     /api/v1[/namespaces/NS]/RESOURCE[/NAME[/SUBRESOURCE]]
 *     /apis/GROUP/VERSION[/namespaces/NS]/RESOURCE[/NAME[/SUBRESOURCE]]
 *
 * and, beside it, a few fixed paths. Which resources exist is not decided here.
 */
export type Route =
  | ResourceRoute
  | { readonly type: 'health'; readonly check: 'healthz' | 'livez' | 'readyz' }
  | { readonly type: 'version' }
  | { readonly type: 'root' }
  | { readonly type: 'join' }
  | { readonly type: 'cluster-status' }
  /** `/api`, the versions of the core group; `/apis`, all other groups. */
  | { readonly type: 'discovery'; readonly root: 'api' | 'apis' }
  | { readonly type: 'group'; readonly group: string }
  | { readonly type: 'group-version'; readonly group: string; readonly version: string }
  | { readonly type: 'openapi-v2' }
  | { readonly type: 'openapi-v3' }
  /** `document` as the index names it: `api/v1`, `apis/apps/v1`. */
  | { readonly type: 'openapi-v3-document'; readonly document: string }
  | { readonly type: 'unknown' }

/** Names that are not in the path are empty. */
export interface ResourceRoute {
  readonly type: 'resource'
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}

const segmentsMax = 8
const unknown: Route = { type: 'unknown' }

/** `path` without the query, as sent; a trailing slash is overlooked. */
export function parseRoute(path: string): Route {
  const segments = split(path)
  if (segments === null) return unknown
  const [first, second, third, ...rest] = segments
  switch (first) {
    case undefined:
      return { type: 'root' }
    case 'healthz':
    case 'livez':
    case 'readyz':
      return segments.length === 1 ? { type: 'health', check: first } : unknown
    case 'version':
      return segments.length === 1 ? { type: 'version' } : unknown
    case 'skein':
      return skeinRoute(segments)
    case 'openapi':
      return openApiRoute(segments)
    case 'api':
      if (second === undefined) return { type: 'discovery', root: 'api' }
      if (third === undefined) return { type: 'group-version', group: '', version: second }
      return resourceRoute('', second, [third, ...rest])
    case 'apis':
      if (second === undefined) return { type: 'discovery', root: 'apis' }
      if (third === undefined) return { type: 'group', group: second }
      if (rest.length === 0) return { type: 'group-version', group: second, version: third }
      return resourceRoute(second, third, rest)
    default:
      return unknown
  }
}

/** Null when the path is no path: too deep, an empty segment, broken escapes, an escaped slash. */
function split(path: string): string[] | null {
  if (!path.startsWith('/')) return null
  const trimmed = path.endsWith('/') ? path.slice(1, -1) : path.slice(1)
  if (trimmed === '') return []
  const segments = trimmed.split('/')
  if (segments.length > segmentsMax || segments.includes('')) return null
  try {
    const decoded = segments.map(decodeURIComponent)
    return decoded.some((segment) => segment.includes('/')) ? null : decoded
  } catch {
    // Escapes that are no UTF-8: nothing has such a name.
    return null
  }
}

function skeinRoute(segments: readonly string[]): Route {
  if (segments.length !== 3 || segments[1] !== 'v1') return unknown
  if (segments[2] === 'join') return { type: 'join' }
  if (segments[2] === 'status') return { type: 'cluster-status' }
  return unknown
}

function openApiRoute(segments: readonly string[]): Route {
  const [, version, ...document] = segments
  if (version === 'v2') return document.length === 0 ? { type: 'openapi-v2' } : unknown
  if (version !== 'v3') return unknown
  return document.length === 0 ? { type: 'openapi-v3' } : { type: 'openapi-v3-document', document: document.join('/') }
}

/** Subresources of the Namespace itself; anything else after `/namespaces/NS` lies in the namespace. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

function resourceRoute(group: string, version: string, segments: readonly string[]): Route {
  const [first, second, third] = segments
  const inside =
    first === 'namespaces' && second !== undefined && third !== undefined && !namespaceSubresources.has(third)
  const [resource, name = '', subresource = '', ...rest] = inside ? segments.slice(2) : segments
  if (resource === undefined || rest.length > 0) return unknown
  return { type: 'resource', group, version, resource, namespace: inside ? second : '', name, subresource }
}
