import type { Check, Loose } from '../schema.ts'

/**
 * What Kubernetes knows of pods and this version does not do yet. All of it decodes, so that manifests are read as they
 * are; what would be wrong to ignore silently is refused here. A line goes when its feature comes.
 */

const WORDS = 'not supported yet by this version'

const POD_FIELDS = [
  'initContainers',
  'ephemeralContainers',
  'volumes',
  'hostPID',
  'hostIPC',
  'shareProcessNamespace',
  'securityContext',
  'hostAliases',
  'dnsConfig',
  'readinessGates',
  'runtimeClassName',
  'schedulingGates',
  'resourceClaims',
  'resources',
]

const CONTAINER_FIELDS = [
  'envFrom',
  'volumeMounts',
  'volumeDevices',
  'securityContext',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'restartPolicy',
  'restartPolicyRules',
]

export const podNotYet: Check = (spec, report) => {
  const refuse = (path: string, words = WORDS): void => report('Forbidden', path, undefined, words)
  for (const name of POD_FIELDS) if (isSet(spec[name])) refuse(name)
  if ((spec.containers ?? []).length > 1) refuse('containers', `more than one container is ${WORDS}`)
  if (spec.os?.name === 'windows') refuse('os.name')
  if (spec.hostUsers === false) refuse('hostUsers')
  for (const name of ['nodeAffinity', 'podAffinity', 'podAntiAffinity']) {
    const must = 'requiredDuringSchedulingIgnoredDuringExecution'
    if (isSet(spec.affinity?.[name]?.[must])) refuse(`affinity.${name}.${must}`)
  }
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    if (constraint.whenUnsatisfiable === 'DoNotSchedule') refuse(`topologySpreadConstraints[${i}]`)
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const path of containerNotYet(container, spec)) refuse(`containers[${i}].${path}`)
  }
}

function containerNotYet(container: Loose, spec: Loose): string[] {
  const fields = CONTAINER_FIELDS.filter((name) => isSet(container[name]))
  const env: Loose[] = container.env ?? []
  const sources = env.flatMap(({ valueFrom = {} }, i) =>
    Object.keys(valueFrom).flatMap((source) => (source === 'fieldRef' ? [] : [`env[${i}].valueFrom.${source}`])),
  )
  const ports: Loose[] = spec.hostNetwork === true ? [] : (container.ports ?? [])
  return [...fields, ...sources, ...ports.flatMap(({ hostPort }, i) => (hostPort ? [`ports[${i}].hostPort`] : []))]
}

/** Given, and saying something: `{}`, `[]` and `false` ask for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
