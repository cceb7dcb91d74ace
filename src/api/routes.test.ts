import { expect, test } from 'vitest'
import { parseRoute } from './routes.ts'

const resource = { type: 'resource', group: '', version: 'v1', namespace: '', name: '', subresource: '' }

test.each([
  ['/', { type: 'root' }],
  ['/healthz', { type: 'health', check: 'healthz' }],
  ['/livez', { type: 'health', check: 'livez' }],
  ['/readyz/', { type: 'health', check: 'readyz' }],
  ['/readyz/etcd', { type: 'unknown' }],
  ['/version', { type: 'version' }],
  ['/version/', { type: 'version' }],
  ['/skein/v1/join', { type: 'join' }],
  ['/skein/v1/status', { type: 'cluster-status' }],
  ['/skein/v2/status', { type: 'unknown' }],
  ['/api', { type: 'discovery', root: 'api' }],
  ['/apis/', { type: 'discovery', root: 'apis' }],
  ['/apis/skein.dev', { type: 'group', group: 'skein.dev' }],
  ['/api/v1', { type: 'group-version', group: '', version: 'v1' }],
  ['/apis/skein.dev/v1', { type: 'group-version', group: 'skein.dev', version: 'v1' }],
  ['/openapi/v2', { type: 'openapi-v2' }],
  ['/openapi/v3', { type: 'openapi-v3' }],
  ['/openapi/v3/apis/skein.dev/v1', { type: 'openapi-v3-document', document: 'apis/skein.dev/v1' }],
  ['/api/v1/pods', { ...resource, resource: 'pods' }],
  ['/api/v1/nodes/n1', { ...resource, resource: 'nodes', name: 'n1' }],
  ['/api/v1/nodes/n1/status', { ...resource, resource: 'nodes', name: 'n1', subresource: 'status' }],
  ['/api/v1/namespaces', { ...resource, resource: 'namespaces' }],
  ['/api/v1/namespaces/a', { ...resource, resource: 'namespaces', name: 'a' }],
  ['/api/v1/namespaces/a/status', { ...resource, resource: 'namespaces', name: 'a', subresource: 'status' }],
  ['/api/v1/namespaces/a/finalize', { ...resource, resource: 'namespaces', name: 'a', subresource: 'finalize' }],
  ['/api/v1/namespaces/a/pods', { ...resource, resource: 'pods', namespace: 'a' }],
  ['/api/v1/namespaces/a/pods/b', { ...resource, resource: 'pods', namespace: 'a', name: 'b' }],
  ['/api/v1/namespaces/a/pods/b/log', { ...resource, resource: 'pods', namespace: 'a', name: 'b', subresource: 'log' }],
  ['/apis/apps/v1/namespaces/a/x', { ...resource, group: 'apps', resource: 'x', namespace: 'a' }],
  ['/api/v1/nodes/a%2Db', { ...resource, resource: 'nodes', name: 'a-b' }],
  // What names nothing, or would name something else once decoded.
  ['/api/v1/nodes/a%2Fb', { type: 'unknown' }],
  ['/api/v1/nodes/%ff', { type: 'unknown' }],
  ['/api/v1//pods', { type: 'unknown' }],
  ['/api/v1/namespaces/a/pods/b/log/more', { type: 'unknown' }],
  ['/a/b/c/d/e/f/g/h/i', { type: 'unknown' }],
  ['/metrics', { type: 'unknown' }],
  ['*', { type: 'unknown' }],
  ['', { type: 'unknown' }],
])('%s', (path, route) => {
  expect(parseRoute(path)).toEqual(route)
})
