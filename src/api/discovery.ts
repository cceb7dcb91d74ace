import type { Kind } from '../objects/kind.ts'
import { kinds } from '../objects/kinds.ts'
import type { DiscoveryVersion } from './negotiate.ts'

/**
 * What is served, in the documents that clients look it up by: all at once (aggregated, since Kubernetes 1.26), or
 * group by group (before). Groups and kinds stand in the order of their declaration, so that the documents are the
 * same on every node and clients resolve a short name alike everywhere.
 */
interface Group {
  readonly name: string
  readonly versions: readonly { readonly version: string; readonly kinds: readonly Kind[] }[]
}

const groups = groupsOf(kinds)

function groupsOf(all: readonly Kind[]): readonly Group[] {
  return [...new Set(all.map((kind) => kind.group))].map((name) => {
    const own = all.filter((kind) => kind.group === name)
    const versions = [...new Set(own.map((kind) => kind.version))]
    return {
      name,
      versions: versions.map((version) => ({ version, kinds: own.filter((kind) => kind.version === version) })),
    }
  })
}

/** `/api` or `/apis`. */
export function discoveryRoot(root: 'api' | 'apis', version: DiscoveryVersion): object {
  const here = groups.filter((group) => (group.name === '') === (root === 'api'))
  if (version !== null) return aggregated(here, version)
  if (root === 'apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: here.map(groupDocument) }
  const versions = here.flatMap((group) => group.versions.map((one) => one.version))
  return { kind: 'APIVersions', versions, serverAddressByClientCIDRs: [] }
}

/** The content type that says which document it is. */
export function discoveryType(version: DiscoveryVersion): string {
  if (version === null) return 'application/json'
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
}

/** `/apis/<group>`; null when it is not served. */
export function discoveryGroup(name: string): object | null {
  const group = groups.find((one) => one.name === name && name !== '')
  return group === undefined ? null : { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) }
}

/** `/api/v1`, `/apis/<group>/<version>`; null when it is not served. */
export function discoveryGroupVersion(name: string, version: string): object | null {
  const found = groups.find((group) => group.name === name)?.versions.find((one) => one.version === version)
  if (found === undefined) return null
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion(name, version),
    resources: found.kinds.flatMap(resourceDocuments),
  }
}

function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}

function groupDocument(group: Group): object {
  const versions = group.versions.map(({ version }) => ({ groupVersion: groupVersion(group.name, version), version }))
  return { name: group.name, versions, preferredVersion: versions[0] }
}

function resourceDocuments(kind: Kind): object[] {
  const own = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.name,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
  }
  const below = kind.subresources.map(({ name, verbs, kind: shown }) => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(shown !== null && { group: shown.group, version: shown.version }),
    kind: shown?.name ?? kind.name,
    verbs,
  }))
  return [own, ...below]
}

function aggregated(here: readonly Group[], version: 'v2' | 'v2beta1'): object {
  const items = here.map((group) => ({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map((one) => ({
      version: one.version,
      resources: one.kinds.map(aggregatedResource),
      freshness: 'Current',
    })),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items }
}

function aggregatedResource(kind: Kind): object {
  const responseKind = { group: kind.group, version: kind.version, kind: kind.name }
  const below = kind.subresources.map(({ name, verbs, kind: shown }) => ({
    subresource: name,
    responseKind: shown === null ? responseKind : { group: shown.group, version: shown.version, kind: shown.name },
    verbs,
  }))
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
    ...(below.length > 0 && { subresources: below }),
  }
}
