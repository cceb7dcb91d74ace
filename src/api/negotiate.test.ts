import { expect, test } from 'vitest'
import { negotiateDiscovery, negotiateForm } from './negotiate.ts'

const table =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'

test.each([
  [undefined, 'object'],
  ['', 'object'],
  ['*/*', 'object'],
  ['application/json', 'object'],
  ['application/vnd.kubernetes.protobuf,application/json', 'object'],
  ['application/vnd.kubernetes.protobuf, */*', 'object'],
  [table, 'table'],
  ['application/json; as=Table; v=v1; g="meta.k8s.io"', 'table'],
  ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', 'object'],
  ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'partial'],
  ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'partial'],
  ['text/html, application/json;q=0.5', 'object'],
])('%s is answered as %s', (accept, form) => {
  expect(negotiateForm(accept)).toBe(form)
})

test.each(['application/vnd.kubernetes.protobuf', 'text/html', 'application/json;as=Chart;v=v1;g=meta.k8s.io'])(
  '%s is refused with 406',
  (accept) => {
    expect(() => negotiateForm(accept)).toThrow('only the following media types are accepted')
  },
)

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`

test.each([
  [`${aggregated('v2beta1')},application/json`, 'v2beta1'],
  [`${aggregated('v2')},${aggregated('v2beta1')},application/json`, 'v2'],
  [`${aggregated('v3')},application/json`, null],
  ['application/json', null],
  [undefined, null],
])('discovery for %s', (accept, version) => {
  expect(negotiateDiscovery(accept)).toBe(version)
})
