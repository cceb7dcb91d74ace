import type { Container, Pod } from '../objects/types.ts'

/**
 * What is not honoured. The door refuses it too (`objects/kinds/notyet.ts`); here stands what a pod may still say that
 * another version let in.
 */
export function unsupported(pod: Pod, container: Container): string | null {
  const { securityContext: shared, containers } = pod.spec
  const field =
    firstSet(pod.spec, podFields) ??
    firstSet(shared, ['sysctls', 'fsGroup', ...foreignRights]) ??
    firstSet(container, containerFields) ??
    firstSet(container.securityContext, ['procMount', ...foreignRights]) ??
    probesOf(container).flatMap((probe) => firstSet(probe, ['grpc']) ?? [])[0] ??
    hooksOf(container).flatMap((hook) => firstSet(hook, ['tcpSocket']) ?? [])[0]
  if (field !== undefined) return `${field} is not supported by this version`
  if (containers.includes(container) && container.restartPolicy !== undefined) {
    return 'restartPolicy of a container is not supported by this version'
  }
  const profiles = [shared?.seccompProfile, container.securityContext?.seccompProfile]
  if (profiles.some((profile) => profile?.type === 'Localhost')) {
    return 'seccompProfile of type Localhost is not supported by this version'
  }
  const port = container.ports?.find(({ hostPort }) => hostPort !== undefined && hostPort !== 0)
  if (port !== undefined && pod.spec.hostNetwork !== true) return 'hostPort is not supported by this version'
  const mount = (container.volumeMounts ?? []).find(
    ({ mountPropagation = 'None', recursiveReadOnly = 'Disabled' }) =>
      mountPropagation !== 'None' || recursiveReadOnly !== 'Disabled',
  )
  return mount === undefined ? null : `mountPropagation and recursiveReadOnly are not supported by this version`
}

const podFields = ['readinessGates', 'runtimeClassName', 'resourceClaims', 'resources']
const containerFields = ['volumeDevices', 'restartPolicyRules']
const foreignRights = ['seLinuxOptions', 'windowsOptions', 'appArmorProfile']

function probesOf({ startupProbe, livenessProbe, readinessProbe }: Container): readonly object[] {
  return [startupProbe, livenessProbe, readinessProbe].filter((probe) => probe !== undefined)
}

function hooksOf({ lifecycle }: Container): readonly object[] {
  return [lifecycle?.postStart, lifecycle?.preStop].filter((hook) => hook !== undefined)
}

function firstSet(object: object | undefined, names: readonly string[]): string | undefined {
  return object === undefined ? undefined : names.find((name) => isSet(object, name))
}

/** The schema lets through all of Kubernetes' fields, also those that no room reads. */
function isSet(object: object, field: string): boolean {
  const value = (object as Readonly<Record<string, unknown>>)[field]
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
