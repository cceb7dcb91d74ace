import { DeviceError, type Files, type Mount } from '../host/host.ts'
import type { FieldFacts } from './fields.ts'
import type { Sources } from './sources.ts'
import type { Troubles } from './troubles.ts'
import { hostPathKinds, type PlannedMount, podFolder, type VolumePlan, volumePlans } from './volumes.ts'

/** Puts a pod's volumes there, and brings them up to date. Null when all are, else why not. */
export async function fillVolumes(
  facts: FieldFacts,
  sources: Sources,
  files: Files,
  troubles: Troubles,
): Promise<string | null> {
  const planned = volumePlans(files.root, facts, sources)
  if (planned.error !== null) return planned.error
  try {
    for (const plan of planned.plans) {
      const error = await fill(plan, files, troubles)
      if (error !== null) return error
    }
    return null
  } catch (cause) {
    if (cause instanceof DeviceError) return cause.message
    throw cause
  }
}

/** Everybody in the pod may write there, as Kubernetes has it. */
const sharedFolderMode = 0o777
const readFolderMode = 0o755
/** Of hostPath's `…OrCreate`, as documented. */
const hostFileMode = 0o644

async function fill(plan: VolumePlan, files: Files, troubles: Troubles): Promise<string | null> {
  switch (plan.type) {
    case 'folder':
      if (plan.memory) await inMemory(plan.path, sharedFolderMode, plan.bytesMax, files, troubles)
      else await files.makeFolder(plan.path, sharedFolderMode)
      return null
    case 'files':
      if (plan.secret) await inMemory(plan.path, readFolderMode, null, files, troubles)
      else await files.makeFolder(plan.path, readFolderMode)
      await files.project(plan.path, plan.files)
      return null
    case 'host':
      return hostPath(plan.path, plan.kind, files)
  }
}

async function inMemory(
  path: string,
  mode: number,
  bytesMax: number | null,
  files: Files,
  troubles: Troubles,
): Promise<void> {
  if ((await files.makeMemoryFolder(path, mode, bytesMax)) === 'memory') return
  const cause = new DeviceError('invalid', 'mounting memory takes root')
  troubles.failed('memory', 'volumes that belong in memory are on disk, in folders of their owner only', cause)
}

async function hostPath(path: string, kind: string, files: Files): Promise<string | null> {
  const wanted = hostPathKinds[kind]
  if (wanted === null) return null
  if (wanted === undefined) return `hostPath type ${kind} is not known`
  const found = await files.look(path)
  if (found === null && kind === 'DirectoryOrCreate') await files.makeFolder(path, readFolderMode)
  else if (found === null && kind === 'FileOrCreate') await files.writeFile(path, new Uint8Array(), hostFileMode)
  else if (found !== wanted) return `hostPath type check failed: ${path} is not a ${kind}`
  return null
}

/** What the engine is to mount. Rejects with the files' fault when a part cannot be shown. */
export async function pinned(mounts: readonly PlannedMount[], files: Files): Promise<readonly Mount[]> {
  const ready: Mount[] = []
  for (const { source, target, readOnly, part } of mounts) {
    const shown = part === null ? source : await files.pin(source, part.path, part.at)
    ready.push({ source: shown, target, readOnly })
  }
  return ready
}

/** Removes all that a pod had on this host's disk. What cannot be removed is said, and tried again by the next daemon. */
export async function removeVolumes(uid: string, files: Files, troubles: Troubles): Promise<void> {
  const path = podFolder(files.root, uid)
  try {
    await files.removeTree(path)
  } catch (cause) {
    if (!(cause instanceof DeviceError)) throw cause
    troubles.failed(`volumes ${uid}`, 'the volumes of a pod that is gone cannot be removed', cause, { path })
  }
}
