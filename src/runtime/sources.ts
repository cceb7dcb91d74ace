/** ConfigMaps and Secrets of a pod's own namespace, as the store has them. Null: there is none of that name. */
export interface Sources {
  configMap(name: string): Contents | null
  secret(name: string): Contents | null
}

/** What a ConfigMap or Secret holds, by key, in the order of the keys. */
export type Contents = ReadonlyMap<string, Uint8Array>

const encoder = new TextEncoder()

export function configMapContents(object: {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}): Contents {
  const texts = Object.entries(object.data ?? {}).map(([key, text]) => [key, encoder.encode(text)] as const)
  return sorted([...texts, ...decoded(object.binaryData)])
}

export function secretContents(object: { readonly data?: Readonly<Record<string, string>> }): Contents {
  return sorted(decoded(object.data))
}

function decoded(map: Readonly<Record<string, string>> = {}): (readonly [string, Uint8Array])[] {
  return Object.entries(map).map(([key, base64]) => [key, new Uint8Array(Buffer.from(base64, 'base64'))] as const)
}

function sorted(pairs: readonly (readonly [string, Uint8Array])[]): Contents {
  return new Map([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)))
}
