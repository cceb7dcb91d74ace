import type { Check, Loose } from '../schema.ts'

/**
 * What Kubernetes knows of pods and this version does not do yet. All of it decodes, so that manifests are read as they
 * are; what would be wrong to ignore silently is refused here. A line goes when its feature comes.
 */

const WORDS = 'not supported yet by this version'

const POD_FIELDS = [
  'ephemeralContainers',
  'readinessGates',
  'runtimeClassName',
  'schedulingGates',
  'resourceClaims',
  'resources',
]

const CONTAINER_FIELDS = ['volumeDevices', 'restartPolicyRules']

/** Of the pod and of its containers: what concerns other systems than the engine's own. */
const SECURITY_FIELDS = ['seLinuxOptions', 'windowsOptions', 'appArmorProfile']
const POD_SECURITY_FIELDS = [...SECURITY_FIELDS, 'sysctls', 'fsGroup']
const CONTAINER_SECURITY_FIELDS = [...SECURITY_FIELDS, 'procMount']

const VOLUME_SOURCES = ['emptyDir', 'hostPath', 'configMap', 'secret', 'downwardAPI', 'projected']
const PROJECTED_SOURCES = ['configMap', 'secret', 'downwardAPI']

export const podNotYet: Check = (spec, report) => {
  const paths = [
    ...given(spec, POD_FIELDS),
    ...(spec.os?.name === 'windows' ? ['os.name'] : []),
    ...(spec.hostUsers === false ? ['hostUsers'] : []),
    ...placementNotYet(spec),
    ...securityNotYet(spec.securityContext, POD_SECURITY_FIELDS),
    ...each(spec.volumes, 'volumes', volumeNotYet),
    ...each(spec.initContainers, 'initContainers', (container) => containerNotYet(container, spec)),
    ...each(spec.containers, 'containers', (container) => [
      ...containerNotYet(container, spec),
      ...given(container, ['restartPolicy']),
    ]),
  ]
  for (const path of paths) report('Forbidden', path, undefined, WORDS)
}

function placementNotYet({ affinity = {}, topologySpreadConstraints = [] }: Loose): string[] {
  const must = 'requiredDuringSchedulingIgnoredDuringExecution'
  const affinities = ['nodeAffinity', 'podAffinity', 'podAntiAffinity'].filter((name) => isSet(affinity[name]?.[must]))
  const binding = (constraint: Loose): string[] => (constraint.whenUnsatisfiable === 'DoNotSchedule' ? [''] : [])
  return [
    ...affinities.map((name) => `affinity.${name}.${must}`),
    ...each(topologySpreadConstraints, 'topologySpreadConstraints', binding),
  ]
}

function containerNotYet(container: Loose, spec: Loose): string[] {
  const ports = spec.hostNetwork === true ? [] : container.ports
  return [
    ...given(container, CONTAINER_FIELDS),
    ...each(container.env, 'env', ({ valueFrom = {} }) => within('valueFrom', given(valueFrom, ['fileKeyRef']))),
    ...each(container.volumeMounts, 'volumeMounts', mountNotYet),
    ...securityNotYet(container.securityContext, CONTAINER_SECURITY_FIELDS),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((name) =>
      within(name, given(container[name], ['grpc'])),
    ),
    ...['postStart', 'preStop'].flatMap((name) =>
      within(`lifecycle.${name}`, given(container.lifecycle?.[name], ['tcpSocket'])),
    ),
    ...each(ports, 'ports', (port) => given(port, ['hostPort'])),
  ]
}

function mountNotYet(mount: Loose): string[] {
  const { mountPropagation = 'None', recursiveReadOnly = 'Disabled' } = mount
  return [
    ...given(mount, ['bindMountOptions']),
    ...(mountPropagation === 'None' ? [] : ['mountPropagation']),
    ...(recursiveReadOnly === 'Disabled' ? [] : ['recursiveReadOnly']),
  ]
}

function volumeNotYet({ name: _name, ...sources }: Loose): string[] {
  return [
    ...Object.keys(sources).filter((source) => !VOLUME_SOURCES.includes(source)),
    ...each(sources.projected?.sources, 'projected.sources', (source) =>
      Object.keys(source).filter((name) => !PROJECTED_SOURCES.includes(name)),
    ),
  ]
}

function securityNotYet(context: Loose | undefined, fields: readonly string[]): string[] {
  const local = context?.seccompProfile?.type === 'Localhost' ? ['seccompProfile.type'] : []
  return within('securityContext', [...given(context, fields), ...local])
}

function given(object: Loose | undefined, names: readonly string[]): string[] {
  return object === undefined ? [] : names.filter((name) => isSet(object[name]))
}

function within(parent: string, paths: readonly string[]): string[] {
  return paths.map((path) => `${parent}.${path}`)
}

function each(list: readonly Loose[] | undefined, name: string, notYet: (item: Loose) => readonly string[]): string[] {
  return (list ?? []).flatMap((item, i) =>
    notYet(item).map((path) => (path === '' ? `${name}[${i}]` : `${name}[${i}].${path}`)),
  )
}

/** Given, and saying something: `{}`, `[]` and `false` ask for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
