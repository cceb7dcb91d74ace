import { sha256Hex } from '../lib/hash.ts'
import { kinds } from '../objects/kinds.ts'
import { openApiDocument } from '../objects/openapi.ts'
import { utf8 } from './render.ts'

/** One group version's document, made when it is first asked for: few clients ask, and it is large. */
interface Document {
  readonly bytes: Uint8Array
  readonly hash: string
}

const documents = new Map<string, Document>()

/** `name` as the index has it: `api/v1`, `apis/skein.dev/v1`; null when it is not served. */
export function openApiV3Document(name: string): Document | null {
  const known = documents.get(name)
  if (known !== undefined) return known
  const [root, first = '', second = ''] = name.split('/')
  const document = root === 'api' ? openApiDocument('', first) : openApiDocument(first, second)
  if (document === undefined || !names().includes(name)) return null
  const bytes = utf8(JSON.stringify(document))
  const made = { bytes, hash: sha256Hex(bytes) }
  documents.set(name, made)
  return made
}

/** Where each document is. The hash is in the address, so that what was fetched once is kept for good. */
export function openApiV3Index(): object {
  const paths = names().map((name) => {
    const hash = openApiV3Document(name)?.hash ?? ''
    return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }]
  })
  return { paths: Object.fromEntries(paths) }
}

function names(): string[] {
  const all = kinds.map(({ group, version }) => (group === '' ? `api/${version}` : `apis/${group}/${version}`))
  return [...new Set(all)]
}
