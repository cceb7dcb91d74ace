// biome-ignore-all format: the columns are aligned by hand

import {
  always, bool, by, explicit, int32, int64, list, map, object, quantity, retainKeys, set, string, time,
} from '../schema.ts'
import { ResourceRequirements } from './references.ts'

export const PodCondition = object('PodCondition', 'Something that holds for a pod or not.', {
  type:               [1, string, 'What.',                   always],
  observedGeneration: [7, int64,  'The generation that this tells of.'],
  status:             [2, string, 'True, False or Unknown.', always],
  lastProbeTime:      [3, time,   'When it was last looked at.'],
  lastTransitionTime: [4, time,   'Since when it is so.'],
  reason:             [5, string, 'Why, in a word.'],
  message:            [6, string, 'Why, for people.'],
})

const HostIP = object('HostIP', 'An address of the node.', {
  ip: [1, string, 'The address.', always],
})

const PodIP = object('PodIP', 'An address of the pod.', {
  ip: [1, string, 'The address.', always],
})

const ContainerStateWaiting = object('ContainerStateWaiting', 'A container that is not yet running.', {
  reason:  [1, string, 'Why, in a word.'],
  message: [2, string, 'Why, for people.'],
})

const ContainerStateRunning = object('ContainerStateRunning', 'A container that runs.', {
  startedAt: [1, time, 'Since when.'],
})

export const ContainerStateTerminated = object('ContainerStateTerminated', 'A container that has ended.', {
  exitCode:    [1, int32,  'Its exit code.', always],
  signal:      [2, int32,  'The signal that ended it.'],
  reason:      [3, string, 'Why, in a word.'],
  message:     [4, string, 'Its last words.'],
  startedAt:   [5, time,   'When it had started.'],
  finishedAt:  [6, time,   'When it ended.'],
  containerID: [7, string, "The engine's id for it."],
})

export const ContainerState = object('ContainerState', 'What a container is; one of these.', {
  waiting:    [1, ContainerStateWaiting,    'It is not yet running.'],
  running:    [2, ContainerStateRunning,    'It runs.'],
  terminated: [3, ContainerStateTerminated, 'It has ended.'],
})

const ImageVolumeStatus = object('ImageVolumeStatus', 'An image as a volume.', {
  imageRef: [1, string, 'The exact image.'],
})

const VolumeStatus = object('VolumeStatus', 'A volume as it is.', {
  image: [1, ImageVolumeStatus, "An image's."],
})

const VolumeMountStatus = object('VolumeMountStatus', 'A mount as it is.', {
  name:              [1, string,       'The volume.',                                 always],
  mountPath:         [2, string,       'Where it appears.',                           always],
  readOnly:          [3, bool,         'Whether it may only be read.'],
  recursiveReadOnly: [4, string,       'Whether that holds for mounts below it too.', explicit],
  volumeStatus:      [5, VolumeStatus, 'The volume as it is.'],
})

const LinuxContainerUser = object('LinuxContainerUser', 'A Linux user.', {
  uid:                [1, int64,       'The user.',        always],
  gid:                [2, int64,       'The first group.', always],
  supplementalGroups: [3, list(int64), 'Further groups.'],
})

const ContainerUser = object('ContainerUser', 'The user a container was started as.', {
  linux: [1, LinuxContainerUser, 'On Linux.'],
})

const ResourceHealth = object('ResourceHealth', 'How a device is.', {
  resourceID: [1, string, 'The device.',      always],
  health:     [2, string, 'Healthy, Unhealthy or Unknown.'],
  message:    [6, string, 'Why, for people.', explicit],
})

const ResourceStatus = object('ResourceStatus', 'How the devices of one resource are.', {
  name:      [1, string,               'The resource.', always],
  resources: [2, list(ResourceHealth), 'Its devices.',  by('resourceID')],
})

export const ContainerStatus = object('ContainerStatus', 'What a container was last seen to be.', {
  name:                     [ 1, string,                  'Its name.',                             always],
  state:                    [ 2, ContainerState,          'What it is now.'],
  lastState:                [ 3, ContainerState,          'What it was before its last start.'],
  ready:                    [ 4, bool,                    'Whether it may get traffic.',           always],
  restartCount:             [ 5, int32,                   'How often it was started again.',       always],
  image:                    [ 6, string,                  'Its image.',                            always],
  imageID:                  [ 7, string,                  'The exact image.',                      always],
  containerID:              [ 8, string,                  "The engine's id for it."],
  started:                  [ 9, bool,                    'Whether it is past its startup probe.', explicit],
  allocatedResources:       [10, map(quantity),           'What its node has set aside for it.'],
  resources:                [11, ResourceRequirements,    'What is in force for it.'],
  volumeMounts:             [12, list(VolumeMountStatus), 'Its mounts.',                           by('mountPath')],
  user:                     [13, ContainerUser,           'The user it was started as.'],
  allocatedResourcesStatus: [14, list(ResourceStatus),    'How its devices are.',                  by('name')],
  stopSignal:               [15, string,                  'The signal it is told to stop with.',   explicit],
})

const PodResourceClaimStatus = object('PodResourceClaimStatus', 'A claim made for a pod.', {
  name:              [1, string, "The claim's name in the pod.", always],
  resourceClaimName: [2, string, "The claim's own name.",        explicit],
})

const ContainerExtendedResourceRequest = object('ContainerExtendedResourceRequest',
  "A container's resource and its request.", {
  containerName: [1, string, 'The container.',            always],
  resourceName:  [2, string, 'The resource.',             always],
  requestName:   [3, string, 'The request in the claim.', always],
})

const PodExtendedResourceClaimStatus = object('PodExtendedResourceClaimStatus',
  'A claim made for extended resources.', {
  requestMappings:   [1, list(ContainerExtendedResourceRequest), "Which container's resource is which request.",
                      always],
  resourceClaimName: [2, string,                        "The claim's own name.",                        always],
})

const NodeAllocatableMappedResources = object('NodeAllocatableMappedResources', 'An amount of one resource.', {
  name:     [1, string,   'The resource.', always],
  quantity: [2, quantity, 'The amount.',   always],
})

const NodeAllocatableOverheadResources = object('NodeAllocatableOverheadResources',
  'What one resource costs beside.', {
  name:         [1, string,   'The resource.', always],
  perPod:       [2, quantity, 'For each pod.'],
  perContainer: [3, quantity, 'For each container.'],
})

const NodeAllocatableResourceClaimStatus = object('NodeAllocatableResourceClaimStatus',
  'What a claim takes from a node.', {
  resourceClaimName: [1, string,                        'The claim.',                         always],
  containers:        [2, list(string),                  'The containers that use it.',        set],
  mapping:           [4, list(NodeAllocatableMappedResources), 'What it takes, by resource.',        by('name')],
  overhead:          [5, list(NodeAllocatableOverheadResources), 'What it costs beside, by resource.', by('name')],
})

const VolumeHealthCondition = object('VolumeHealthCondition', 'Something that holds for a volume.', {
  status:  [1, string, 'What.',           always],
  reason:  [2, string, 'Why, in a word.', always],
  message: [3, string, 'Why, for people.'],
})

const PodVolumeHealth = object('PodVolumeHealth', 'How a volume is.', {
  name:               [1, string,                      'The volume.',        always],
  healthConditions:   [2, list(VolumeHealthCondition), 'What holds for it.', by('status')],
  lastTransitionTime: [3, time,                        'Since when it is so.'],
})

export const PodStatus = object('PodStatus', 'What a pod was last seen to be.', {
  observedGeneration:                   [17, int64,                         'The generation that this tells of.'],
  phase:                                [ 1, string, 'Pending, Running, Succeeded, Failed or Unknown.'],
  conditions:                           [ 2, list(PodCondition), 'What holds for it, and since when.', by('type')],
  message:                              [ 3, string,                        'Why it is as it is, for people.'],
  reason:                               [ 4, string,                        'Why it is as it is, in a word.'],
  nominatedNodeName:                    [11, string,                        'The node that makes room for it.'],
  hostIP:                               [ 5, string,                        "Its node's address."],
  hostIPs:                              [16, list(HostIP),                  "All its node's addresses.", by('ip')],
  podIP:                                [ 6, string,                        'Its address.'],
  podIPs:                               [12, list(PodIP),                   'All its addresses.', by('ip')],
  startTime:                            [ 7, time,                          'When its node took it up.'],
  initContainerStatuses:                [10, list(ContainerStatus),         'Its init containers.'],
  containerStatuses:                    [ 8, list(ContainerStatus),         'Its containers.'],
  qosClass:                             [ 9, string,                        'Guaranteed, Burstable or BestEffort.'],
  ephemeralContainerStatuses:           [13, list(ContainerStatus),         'Its ephemeral containers.'],
  resize:                               [14, string,                        'How far a change of resources has come.'],
  resourceClaimStatuses:                [15, list(PodResourceClaimStatus), 'Claims made for it.',
                                         by('name'), retainKeys],
  extendedResourceClaimStatus:          [18, PodExtendedResourceClaimStatus, 'The claim for its extended resources.'],
  allocatedResources:                   [19, map(quantity),                 'What its node has set aside for it.'],
  resources:                            [20, ResourceRequirements,          'What is in force for the pod as a whole.'],
  nodeAllocatableResourceClaimStatuses: [21, list(NodeAllocatableResourceClaimStatus), 'What its claims take from it.',
                                         by('resourceClaimName')],
  volumeHealth:                         [22, list(PodVolumeHealth),         'How its volumes are.'],
})
