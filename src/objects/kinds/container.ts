// biome-ignore-all format: the columns are aligned by hand

import { dnsLabel, envName, portName, portNumber } from '../rules.ts'
import {
  bool, by, check, explicit, fill, inline, int32, is, list, object, oneOf, or, orFrom, type
  Rows,required, set, string, 
} from '../schema.ts'
import { containerDefaults, pullPolicy } from './poddefaults.ts'
import { containerRules } from './podrules.ts'
import { Lifecycle, Probe } from './probe.ts'
import {
  ConfigMapKeySelector, FileKeySelector, LocalObjectReference, ObjectFieldSelector, ResourceFieldSelector,
  ResourceRequirements, SecretKeySelector,
} from './references.ts'
import { SecurityContext } from './security.ts'
import { exactlyOne, fieldPathRules, resourceFieldRules, valueOrSource } from './sourcerules.ts'

export const ContainerPort = object('ContainerPort', 'A port that a container listens on.', {
  name:          [1, string, 'A name, unique in the pod, by which others refer to it.', is(portName)],
  hostPort:      [2, int32,                       'The same port on the node.', is(portNumber)],
  containerPort: [3, int32,                       "The port at the pod's address.", required, is(portNumber)],
  protocol:      [4, oneOf('TCP', 'UDP', 'SCTP'), 'Its transport.',                                          or('TCP')],
  hostIP:        [5, string,                      "The node's address to which hostPort is bound."],
})

const ConfigMapEnvSource = object('ConfigMapEnvSource', 'A ConfigMap as variables.', {
  localObjectReference: [1, LocalObjectReference, 'The ConfigMap.',             inline],
  optional:             [2, bool,                 'Whether it may be missing.', explicit],
})

const SecretEnvSource = object('SecretEnvSource', 'A Secret as variables.', {
  localObjectReference: [1, LocalObjectReference, 'The Secret.',                inline],
  optional:             [2, bool,                 'Whether it may be missing.', explicit],
})

const EnvFromSource = object('EnvFromSource', 'A map whose every key becomes a variable.', {
  prefix:       [1, string,             'Set before each name.'],
  configMapRef: [2, ConfigMapEnvSource, 'A ConfigMap.'],
  secretRef:    [3, SecretEnvSource,    'A Secret.'],
}, check(exactlyOne('configMapRef', 'secretRef')))

const EnvVarSource = object('EnvVarSource', "Where a variable's value comes from; one of these.", {
  fieldRef:         [1, ObjectFieldSelector,   'A field of the pod.'],
  resourceFieldRef: [2, ResourceFieldSelector, 'A resource of a container.'],
  configMapKeyRef:  [3, ConfigMapKeySelector,  'A key of a ConfigMap.'],
  secretKeyRef:     [4, SecretKeySelector,     'A key of a Secret.'],
  fileKeyRef:       [5, FileKeySelector,       'A key of a file in a volume.'],
}, check(exactlyOne('fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef')),
  check(fieldPathRules(false)), check(resourceFieldRules(false)))

export const EnvVar = object('EnvVar', 'An environment variable.', {
  name:      [1, string,       'Its name.', required, is(envName)],
  value:     [2, string,       'Its value; $(NAME) stands for a variable defined before.'],
  valueFrom: [3, EnvVarSource, 'Where its value comes from, instead of value.'],
}, check(valueOrSource))

const ContainerResizePolicy = object('ContainerResizePolicy', 'What a change of one resource costs.', {
  resourceName:  [1, string,                        'The resource.',                   required],
  restartPolicy: [2, oneOf('NotRequired', 'RestartContainer'), 'Whether the container restarts.', required],
})

const ContainerRestartRuleOnExitCodes = object('ContainerRestartRuleOnExitCodes', 'A set of exit codes.', {
  operator: [1, string,      'In or NotIn.'],
  values:   [2, list(int32), 'The codes.', set],
})

const ContainerRestartRule = object('ContainerRestartRule',
  'What to do when a container ends in a certain way.', {
  action:    [1, string,                        'What to do.'],
  exitCodes: [2, ContainerRestartRuleOnExitCodes, 'The exit codes it is about.'],
})

const VolumeMount = object('VolumeMount', "A volume at a place in a container's file system.", {
  name:              [1, string,       "The volume's name in the pod.",                         required],
  readOnly:          [2, bool,         'Whether it may only be read.'],
  recursiveReadOnly: [7, string,       'Whether that holds for mounts below it too.',           explicit],
  mountPath:         [3, string,       'The path where it appears.',                            required],
  subPath:           [4, string,       'The part of the volume that appears there.'],
  mountPropagation:  [5, string,       'Whether mounts made later are seen on the other side.', explicit],
  subPathExpr:       [6, string,       'As subPath, with $(NAME) standing for variables.'],
  bindMountOptions:  [8, list(string), 'Options of the mount.'],
})

const VolumeDevice = object('VolumeDevice', 'A raw volume as a device.', {
  name:       [1, string, "The claim's name in the pod.", required],
  devicePath: [2, string, 'The path where it appears.',   required],
})

const PullPolicy = oneOf('Always', 'IfNotPresent', 'Never')
const MessagePolicy = oneOf('File', 'FallbackToLogsOnError')

const containerRows = {
  name:                     [ 1, string,                        'Its name, unique in the pod.', required, is(dnsLabel)],
  image:                    [ 2, string,                        'The image it runs.'],
  command:                  [ 3, list(string),                  "The program and its first arguments, instead of the image's."],
  args:                     [ 4, list(string),                  "Arguments, instead of the image's."],
  workingDir:               [ 5, string,                        "The directory it starts in, instead of the image's."],
  ports:                    [ 6, list(ContainerPort), 'Ports it listens on; for information and for others to name.',
                             by('containerPort', 'protocol')],
  envFrom:                  [19, list(EnvFromSource),           'Maps whose every key becomes a variable.'],
  env:                      [ 7, list(EnvVar),                  'Its environment variables.', by('name')],
  resources:                [ 8, ResourceRequirements,          'The resources it needs and may use.'],
  resizePolicy:             [23, list(ContainerResizePolicy),   'What a change of each resource costs.'],
  restartPolicy:            [24, string, "Its own restart policy instead of the pod's.", explicit],
  restartPolicyRules:       [25, list(ContainerRestartRule),    'What to do by exit code.'],
  volumeMounts:             [ 9, list(VolumeMount), 'Where volumes of the pod appear in its file system.',
                             by('mountPath')],
  volumeDevices:            [21, list(VolumeDevice), 'Where raw volumes of the pod appear as devices.',
                             by('devicePath')],
  livenessProbe:            [10, Probe,                         'When it fails, the container is restarted.'],
  readinessProbe:           [11, Probe,                         'While it fails, the container gets no traffic.'],
  startupProbe:             [22, Probe,                         'Until it succeeds, the other probes wait.'],
  lifecycle:                [12, Lifecycle,                     'What to do after its start and before its stop.'],
  terminationMessagePath:   [13, string, 'The file in which it may leave its last words.', or('/dev/termination-log')],
  terminationMessagePolicy: [20, MessagePolicy, 'Where its last words are looked for.',
                             or('File')],
  imagePullPolicy:          [14, PullPolicy, 'When the image is pulled.',
                             orFrom(pullPolicy)],
  securityContext:          [15, SecurityContext,               'Which rights it runs with.'],
  stdin:                    [16, bool,                          'Whether its standard input is kept open.'],
  stdinOnce:                [17, bool, 'Whether standard input is closed after the first client.'],
  tty:                      [18, bool,                          'Whether it gets a terminal.'],
} as const satisfies Rows

export const Container = object(
  'Container', 'A process in a file system of its own, with what it needs and may do.',
  containerRows, check(containerRules), fill(containerDefaults),
)

const EphemeralContainerCommon = object('EphemeralContainerCommon', 'What it has in common with others.', containerRows)

export const EphemeralContainer = object('EphemeralContainer', 'A container added to a running pod, to look at it.', {
  EphemeralContainerCommon: [1, EphemeralContainerCommon, 'What it is, as of any container.', inline],
  targetContainerName:      [2, string,                   'The container whose processes it sees.'],
})
