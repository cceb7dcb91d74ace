import { notAcceptable } from './status.ts'

/** In which form a resource is answered. Always JSON; protobuf is taken in requests, never given. */
export type Form = 'object' | 'table' | 'partial'

const forms = [
  'application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
]

/** The first form of the client's list that is served here. Clients list by preference, so weights are not looked at. */
export function negotiateForm(accept: string | undefined): Form {
  for (const clause of clauses(accept)) {
    if (!isJson(clause.type)) continue
    const as = clause.parameters.get('as')
    if (as === undefined) return 'object'
    const group = clause.parameters.get('g')
    const version = clause.parameters.get('v')
    if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue
    if (as === 'Table') return 'table'
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'partial'
  }
  throw notAcceptable(forms)
}

/** `null`: the documents of before aggregated discovery. */
export type DiscoveryVersion = 'v2' | 'v2beta1' | null

export function negotiateDiscovery(accept: string | undefined): DiscoveryVersion {
  for (const clause of clauses(accept)) {
    if (!isJson(clause.type)) continue
    const as = clause.parameters.get('as')
    if (as === undefined) return null
    const version = clause.parameters.get('v')
    if (as !== 'APIGroupDiscoveryList' || clause.parameters.get('g') !== 'apidiscovery.k8s.io') continue
    if (version === 'v2' || version === 'v2beta1') return version
  }
  throw notAcceptable(forms.slice(0, 1))
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

const clausesMax = 32

function clauses(accept: string | undefined): Clause[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', parameters: new Map() }]
  return accept.split(',', clausesMax).map(mediaType)
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*'
}

/** `application/json; as=Table; v=v1` in its parts; type and parameter names in lower case. */
export function mediaType(text: string): Clause {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=', 2)
    parameters.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'))
  }
  return { type: type.trim().toLowerCase(), parameters }
}
