import type { ContainerSpec } from '../host/host.ts'
import type { Container, Pod } from '../objects/types.ts'

/** What a container's processes may do: the container's own word wins over the pod's. */
export type Rights =
  | {
      readonly given: Pick<
        ContainerSpec,
        'user' | 'privileged' | 'readOnlyRoot' | 'capabilities' | 'noNewPrivileges' | 'unconfined' | 'groups'
      >
      readonly error: null
    }
  | { readonly given: null; readonly error: string }

export function rightsOf({ spec }: Pod, { securityContext: own = {} }: Container): Rights {
  const { securityContext: shared = {} } = spec
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup
  const nonRoot = own.runAsNonRoot ?? shared.runAsNonRoot ?? false
  const seccomp = own.seccompProfile ?? shared.seccompProfile
  const { capabilities, privileged, readOnlyRootFilesystem, allowPrivilegeEscalation } = own
  const groups = shared.supplementalGroups ?? []
  if (nonRoot && user === 0) return refused("container's runAsUser breaks non-root policy")
  // Whom an image names is known to the engine alone.
  if (nonRoot && user === undefined) return refused('runAsNonRoot needs runAsUser to be set')
  if (group !== undefined && user === undefined) return refused('runAsGroup needs runAsUser to be set')
  return {
    error: null,
    given: {
      ...(user !== undefined && { user: group === undefined ? String(user) : `${user}:${group}` }),
      ...(privileged === true && { privileged }),
      ...(readOnlyRootFilesystem === true && { readOnlyRoot: true }),
      ...(capabilities !== undefined && {
        capabilities: { add: capabilities.add ?? [], drop: capabilities.drop ?? [] },
      }),
      ...(allowPrivilegeEscalation === false && { noNewPrivileges: true }),
      ...(seccomp?.type === 'Unconfined' && { unconfined: true }),
      ...(groups.length > 0 && { groups }),
    },
  }
}

function refused(error: string): Rights {
  return { given: null, error }
}
