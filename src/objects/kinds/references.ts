// biome-ignore-all format: the columns are aligned by hand

import {
  atomic, bool, by, check, explicit, inline, int32, int64, list, map, object, or, quantity, required, string,
} from '../schema.ts'
import { requestsWithinLimits } from './podrules.ts'

export const LocalObjectReference = object('LocalObjectReference', 'A reference by name within the same namespace.', {
  name: [1, string, 'The name of the object.'],
}, atomic)

export const TypedLocalObjectReference = object('TypedLocalObjectReference',
  'A reference to an object of any kind in the same namespace.', {
  apiGroup: [1, string, "The kind's group; absent for the core group.", explicit],
  kind:     [2, string, 'The kind.',                                    required],
  name:     [3, string, 'The name.',                                    required],
}, atomic)

export const TypedObjectReference = object('TypedObjectReference',
  'A reference to an object of any kind, perhaps in another namespace.', {
  apiGroup:  [1, string, "The kind's group; absent for the core group.", explicit],
  kind:      [2, string, 'The kind.',                                    required],
  name:      [3, string, 'The name.',                                    required],
  namespace: [4, string, 'The namespace; absent for the same one.',      explicit],
})

export const ObjectFieldSelector = object('ObjectFieldSelector', 'A field of the pod itself.', {
  apiVersion: [1, string, 'The version that the path is written in.', or('v1')],
  fieldPath:  [2, string, 'The path of the field, as metadata.name.', required],
}, atomic)

export const ResourceFieldSelector = object('ResourceFieldSelector',
  'A resource of a container: a limit or a request.', {
  containerName: [1, string,   'The container; in its own environment it may be left out.'],
  resource:      [2, string,   'The resource, as limits.cpu.', required],
  divisor:       [3, quantity, 'The unit in which it is told.'],
}, atomic)

export const ConfigMapKeySelector = object('ConfigMapKeySelector', 'One key of a ConfigMap.', {
  localObjectReference: [1, LocalObjectReference, 'The ConfigMap.',                     inline],
  key:                  [2, string,               'The key.',                           required],
  optional:             [3, bool,                 'Whether map or key may be missing.', explicit],
}, atomic)

export const SecretKeySelector = object('SecretKeySelector', 'One key of a Secret.', {
  localObjectReference: [1, LocalObjectReference, 'The Secret.',                           inline],
  key:                  [2, string,               'The key.',                              required],
  optional:             [3, bool,                 'Whether Secret or key may be missing.', explicit],
}, atomic)

export const FileKeySelector = object('FileKeySelector', 'One key of a file of variables in a volume.', {
  volumeName: [1, string, 'The volume that holds the file.',     required],
  path:       [2, string, "The file's path in the volume.",      required],
  key:        [3, string, "The variable's name in the file.",    required],
  optional:   [4, bool,   'Whether file or key may be missing.', explicit],
}, atomic)

export const KeyToPath = object('KeyToPath', 'Where in a volume one key is written.', {
  key:  [1, string, 'The key.',                       required],
  path: [2, string, 'The relative path of its file.', required],
  mode: [3, int32,  "The file's permission bits.",    explicit],
  user: [4, int64,  'The user who owns the file.',    explicit],
})

const ResourceClaim = object('ResourceClaim', "One of the pod's resource claims, used by a container.", {
  name:    [1, string, "The claim's name in the pod.", required],
  request: [2, string, 'The request within the claim; all when empty.'],
})

export const ResourceRequirements = object('ResourceRequirements',
  'What something needs (requests) and may not exceed (limits).', {
  limits:   [1, map(quantity),       'The most it may use, by resource.'],
  requests: [2, map(quantity),       'What is set aside for it, by resource; a limit without a request is both.'],
  claims:   [3, list(ResourceClaim), "Devices it uses, by the names of the pod's resource claims.", by('name')],
}, check(requestsWithinLimits))

export const VolumeResourceRequirements = object('VolumeResourceRequirements', 'What a volume claim asks for.', {
  limits:   [1, map(quantity), 'The most it may be, by resource.'],
  requests: [2, map(quantity), 'The least it must be, by resource.'],
})
