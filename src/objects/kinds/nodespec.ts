// biome-ignore-all format: the columns are aligned by hand

import { labelValue, qualifiedName } from '../rules.ts'
import {
  always, bool, by, explicit, int32, int64, is, list, map, object, quantity, required, set, string, time,
} from '../schema.ts'
import { TaintEffect } from './affinity.ts'

export const Taint = object('Taint', 'What keeps pods away that do not tolerate it.', {
  key:       [1, string,                        'Its key.',              required, is(qualifiedName)],
  value:     [2, string,                        'Its value.',            is(labelValue)],
  effect:    [3, TaintEffect, 'What it does to pods.', required],
  timeAdded: [4, time,                          'When it was added.'],
})

const ConfigMapNodeConfigSource = object('ConfigMapNodeConfigSource', 'A configuration in a ConfigMap.', {
  namespace:        [1, string, 'Its namespace.', always],
  name:             [2, string, 'Its name.',      always],
  uid:              [3, string, 'Its uid.'],
  resourceVersion:  [4, string, 'Its revision.'],
  kubeletConfigKey: [5, string, 'The key in it.', always],
})

const NodeConfigSource = object('NodeConfigSource', 'Where a configuration comes from.', {
  configMap: [2, ConfigMapNodeConfigSource, 'A ConfigMap.'],
})

const NodePodPreemptionPolicy = object('NodePodPreemptionPolicy', 'What may displace pods on a node.', {
  disableResizePreemption: [1, list(string), 'Who may not, by growing.'],
})

export const NodeSpec = object('NodeSpec', 'What a node shall be.', {
  podCIDR:             [1, string,                  'The addresses of its pods.'],
  podCIDRs:            [7, list(string),            'All of them, by address family.', set],
  providerID:          [3, string,                  'Who the machine is: skein:// and the identity of its daemon.'],
  unschedulable:       [4, bool,                    'Whether new pods are kept away.'],
  taints:              [5, list(Taint),             'What keeps pods away that do not tolerate it.'],
  configSource:        [6, NodeConfigSource,        'Unused; kept for old clients.'],
  externalID:          [2, string,                  'Unused; kept for old clients.'],
  podPreemptionPolicy: [8, NodePodPreemptionPolicy, 'What may displace pods on it.'],
})

export const NodeCondition = object('NodeCondition', 'Something that holds for a node or not.', {
  type:               [1, string, 'What.',                   always],
  status:             [2, string, 'True, False or Unknown.', always],
  lastHeartbeatTime:  [3, time,   'When it was last heard of.'],
  lastTransitionTime: [4, time,   'Since when it is so.'],
  reason:             [5, string, 'Why, in a word.'],
  message:            [6, string, 'Why, for people.'],
})

const NodeAddress = object('NodeAddress', 'An address of a node.', {
  type:    [1, string, 'Hostname, InternalIP, ExternalIP and the like.', always],
  address: [2, string, 'The address.',                                   always],
})

const DaemonEndpoint = object('DaemonEndpoint', 'A port of a daemon.', {
  Port: [1, int32, 'The port.', always],
})

const NodeDaemonEndpoints = object('NodeDaemonEndpoints', "The ports of a node's daemons.", {
  kubeletEndpoint: [1, DaemonEndpoint, 'Where its own daemon answers.'],
})

const NodeSwapStatus = object('NodeSwapStatus', "A node's swap.", {
  capacity: [1, int64, 'Its size in bytes.', explicit],
})

export const NodeSystemInfo = object('NodeSystemInfo', 'What a node is made of.', {
  machineID:               [ 1, string,         "The machine's id.",                           always],
  systemUUID:              [ 2, string,         "The hardware's id.",                          always],
  bootID:                  [ 3, string,         'The id of its last start.',                   always],
  kernelVersion:           [ 4, string,         'The kernel.',                                 always],
  osImage:                 [ 5, string,         'The distribution.',                           always],
  containerRuntimeVersion: [ 6, string,         'The container engine.',                       always],
  kubeletVersion:          [ 7, string,         "The daemon's version, as clients expect it.", always],
  kubeProxyVersion:        [ 8, string,         "The proxy's version.",                        always],
  operatingSystem:         [ 9, string,         'The operating system.',                       always],
  architecture:            [10, string,         "The processor's architecture.",               always],
  swap:                    [11, NodeSwapStatus, 'Its swap.'],
})

const ContainerImage = object('ContainerImage', 'An image that a node has.', {
  names:     [1, list(string), 'Its names.', always],
  sizeBytes: [2, int64,        'Its size.'],
})

const AttachedVolume = object('AttachedVolume', 'A volume attached to a node.', {
  name:       [1, string, 'Its name.',   always],
  devicePath: [2, string, 'Its device.', always],
})

const NodeConfigStatus = object('NodeConfigStatus', "The state of a node's configuration.", {
  assigned:      [1, NodeConfigSource, 'The one it shall use.'],
  active:        [2, NodeConfigSource, 'The one it uses.'],
  lastKnownGood: [3, NodeConfigSource, 'The one it would fall back to.'],
  error:         [4, string,           'What went wrong.'],
})

const NodeRuntimeHandlerFeatures = object('NodeRuntimeHandlerFeatures', 'What a runtime can do.', {
  recursiveReadOnlyMounts: [1, bool, 'Mounts that are read-only all the way down.', explicit],
  userNamespaces:          [2, bool, "User ids of a pod's own.",                    explicit],
})

const NodeRuntimeHandler = object('NodeRuntimeHandler', 'A runtime that a node offers.', {
  name:     [1, string,                     'Its name.', always],
  features: [2, NodeRuntimeHandlerFeatures, 'What it can do.'],
})

const NodeFeatures = object('NodeFeatures', "What a node's runtime can do.", {
  supplementalGroupsPolicy: [1, bool, "Whether it can leave out an image's groups.", explicit],
})

export const NodeStatus = object('NodeStatus', 'What a node was last seen to be.', {
  capacity:         [ 1, map(quantity),            'What it has, by resource.'],
  allocatable:      [ 2, map(quantity),            'What of it is for pods.'],
  phase:            [ 3, string,                   'Unused; kept for old clients.'],
  conditions:       [ 4, list(NodeCondition),      'What holds for it, and since when.', by('type')],
  addresses:        [ 5, list(NodeAddress),        'Where it can be reached.',           by('type')],
  daemonEndpoints:  [ 6, NodeDaemonEndpoints,      'The ports of its daemons.'],
  nodeInfo:         [ 7, NodeSystemInfo,           'What it is made of.'],
  images:           [ 8, list(ContainerImage),     'The images it has.'],
  volumesInUse:     [ 9, list(string),             'Volumes that its pods use.'],
  volumesAttached:  [10, list(AttachedVolume),     'Volumes attached to it.'],
  config:           [11, NodeConfigStatus,         'Unused; kept for old clients.'],
  runtimeHandlers:  [12, list(NodeRuntimeHandler), 'The runtimes it offers.'],
  features:         [13, NodeFeatures,             'What its runtime can do.'],
  declaredFeatures: [14, list(string),             'What it says it can do.'],
})
