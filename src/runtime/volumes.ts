import type { Mount, ProjectedFile } from '../host/host.ts'
import { wholeUnits } from '../objects/quantity.ts'
import type { Container, Pod, PodSpec } from '../objects/types.ts'
import { mapOf, secretOf } from './environment.ts'
import { type FieldFacts, fieldOf, resourceOf } from './fields.ts'
import type { Contents, Sources } from './sources.ts'

type Volume = NonNullable<PodSpec['volumes']>[number]

/** What must be done so that a volume is there. */
export type VolumePlan =
  | { readonly type: 'folder'; readonly path: string; readonly memory: boolean; readonly bytesMax: number | null }
  | { readonly type: 'host'; readonly path: string; readonly kind: string }
  | {
      readonly type: 'files'
      readonly path: string
      readonly files: readonly ProjectedFile[]
      readonly secret: boolean
    }

export type VolumePlans =
  | { readonly plans: readonly VolumePlan[]; readonly error: null }
  | { readonly plans: null; readonly error: string }

/** Everything of a pod's own lies here, and goes with the pod. */
export function podFolder(root: string, uid: string): string {
  return `${root}/${uid}`
}

export function lastWordsPath(root: string, uid: string, container: string, attempt: number): string {
  return `${podFolder(root, uid)}/containers/${container}/${attempt}`
}

export function hostsPath(root: string, uid: string): string {
  return `${podFolder(root, uid)}/hosts`
}

function volumePath(root: string, uid: string, name: string): string {
  return `${podFolder(root, uid)}/volumes/${name}`
}

/** The volumes of a pod as they should be by now, or why they cannot be. */
export function volumePlans(root: string, facts: FieldFacts, sources: Sources): VolumePlans {
  const plans: VolumePlan[] = []
  for (const volume of facts.pod.spec.volumes ?? []) {
    const planned = planOf(volume, volumePath(root, facts.pod.metadata.uid ?? '', volume.name), facts, sources)
    if (typeof planned === 'string') {
      return { plans: null, error: `MountVolume.SetUp failed for volume "${volume.name}" : ${planned}` }
    }
    plans.push(planned)
  }
  return { plans, error: null }
}

function planOf(volume: Volume, path: string, facts: FieldFacts, sources: Sources): VolumePlan | string {
  const { emptyDir, hostPath, configMap, secret, downwardAPI, projected } = volume
  if (emptyDir !== undefined) {
    const bytesMax = emptyDir.sizeLimit === undefined ? null : wholeUnits(emptyDir.sizeLimit)
    return { type: 'folder', path, memory: emptyDir.medium === 'Memory', bytesMax }
  }
  if (hostPath !== undefined) return { type: 'host', path: hostPath.path, kind: hostPath.type ?? '' }
  const given = projectionsOf(volume)
  if (given === null) return 'this kind of volume is not supported by this version'
  const mode = (projected ?? configMap ?? secret ?? downwardAPI)?.defaultMode ?? defaultMode
  const files = new Map<string, ProjectedFile>()
  for (const projection of given) {
    const found = filesOf(projection, mode, facts, sources)
    if (typeof found === 'string') return found
    for (const file of found) files.set(file.name, file)
  }
  const secretive = given.some((projection) => projection.secret !== undefined)
  return { type: 'files', path, files: [...files.values()], secret: secretive }
}

const defaultMode = 0o644

type Projection = NonNullable<NonNullable<NonNullable<Volume['projected']>['sources']>[number]>

/** A volume of one source is a projection of one. Null: of none that is known here. */
function projectionsOf({ configMap, secret, downwardAPI, projected }: Volume): readonly Projection[] | null {
  if (configMap !== undefined) return [{ configMap }]
  if (secret !== undefined) {
    const { secretName, items, optional } = secret
    return [{ secret: { name: secretName, items, optional } }]
  }
  if (downwardAPI !== undefined) return [{ downwardAPI }]
  return projected === undefined ? null : (projected.sources ?? [])
}

function filesOf(
  { configMap, secret, downwardAPI }: Projection,
  mode: number,
  facts: FieldFacts,
  sources: Sources,
): readonly ProjectedFile[] | string {
  if (configMap !== undefined) return chosen(mapOf(sources, configMap), configMap, mode)
  if (secret !== undefined) return chosen(secretOf(sources, secret), secret, mode)
  if (downwardAPI !== undefined) return downwardFiles(downwardAPI.items ?? [], mode, facts)
  return 'this kind of projection is not supported by this version'
}

interface Choice {
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[]
  readonly optional?: boolean
}

/** All keys, or the items asked for, under their paths. */
function chosen(
  contents: Contents | string | null,
  { items, optional }: Choice,
  mode: number,
): readonly ProjectedFile[] | string {
  if (typeof contents === 'string') return contents
  if (items === undefined || items.length === 0) {
    return [...(contents ?? [])].map(([name, data]) => ({ name, data, mode }))
  }
  const files: ProjectedFile[] = []
  for (const { key, path, mode: own } of items) {
    const data = contents?.get(key)
    if (!staysInside(path)) return `the path "${path}" leads out of the volume`
    if (data !== undefined) files.push({ name: path, data, mode: own ?? mode })
    else if (optional !== true) return `references non-existent config key: ${key}`
  }
  return files
}

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

const encoder = new TextEncoder()

function downwardFiles(
  items: readonly DownwardFile[],
  mode: number,
  facts: FieldFacts,
): readonly ProjectedFile[] | string {
  const files: ProjectedFile[] = []
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    if (!staysInside(path)) return `the path "${path}" leads out of the volume`
    const text =
      fieldRef !== undefined
        ? fieldOf(fieldRef.fieldPath, facts)
        : resourceFieldRef !== undefined && resourceOf(resourceFieldRef, facts.pod, null, facts.place)
    if (typeof text !== 'string') return `${path}: its source cannot be read here`
    files.push({ name: path, data: encoder.encode(text), mode: own ?? mode })
  }
  return files
}

function staysInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').some((step) => step.startsWith('..'))
}

// ---- Mounts ------------------------------------------------------------------------------------------------------

/** A mount of a container; with `part`, only a part of the source shows, and must be pinned first. */
export type PlannedMount = Mount & {
  readonly part: null | {
    readonly path: string
    /** Null: nobody but the daemon writes into the volume. */
    readonly at: string | null
  }
}

export type PlannedMounts =
  | { readonly mounts: readonly PlannedMount[]; readonly error: null }
  | { readonly mounts: null; readonly error: string }

/** Where volumes show in a container. `expanded` puts variables into `subPathExpr`. */
export function plannedMounts(
  root: string,
  pod: Pod,
  container: Container,
  expanded: (text: string) => string,
): PlannedMounts {
  const uid = pod.metadata.uid ?? ''
  const mounts: PlannedMount[] = []
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
    if (volume === undefined) return { mounts: null, error: `volume ${mount.name} is not one of the pod's` }
    const written = volume.emptyDir !== undefined || volume.hostPath !== undefined
    const source = volume.hostPath?.path ?? volumePath(root, uid, volume.name)
    const path = expanded(mount.subPathExpr ?? '') || (mount.subPath ?? '')
    if (path !== '' && !staysInside(path)) return { mounts: null, error: `subPath ${path} leads out of its volume` }
    const at = written ? `${podFolder(root, uid)}/parts/${container.name}/${i}` : null
    const part = path === '' ? null : { path, at }
    // What is projected is the daemon's to write.
    mounts.push({ source, target: mount.mountPath, readOnly: mount.readOnly === true || !written, part })
  }
  return { mounts, error: null }
}

/** What a path of the host must be for a hostPath volume, by its type; null: it need not be looked at. */
export const hostPathKinds: Readonly<Record<string, 'folder' | 'file' | 'socket' | 'device' | null>> = {
  '': null,
  DirectoryOrCreate: 'folder',
  Directory: 'folder',
  FileOrCreate: 'file',
  File: 'file',
  Socket: 'socket',
  CharDevice: 'device',
  BlockDevice: 'device',
}
