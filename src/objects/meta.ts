// biome-ignore-all format: the columns are aligned by hand
import {
  any, atomic, bool, by, explicit, int64, list, map, object, oneOf, required, set, string, time,
} from './schema.ts'

export const OwnerReference = object('OwnerReference',
  'A reference to an owner in the same namespace, or to a cluster-scoped one.', {
  apiVersion:         [5, string, "The owner's API version.",                                        required],
  kind:               [1, string, "The owner's kind.",                                               required],
  name:               [3, string, "The owner's name.",                                               required],
  uid:                [4, string, "The owner's uid.",                                                required],
  controller:         [6, bool,   'Whether the owner is the one that controls this object.',         explicit],
  blockOwnerDeletion: [7, bool,   'Whether foreground deletion of the owner waits for this object.', explicit],
}, atomic)

const ManagedFieldsEntry = object('ManagedFieldsEntry', 'The fields that one client set in one way.', {
  manager:     [1, string, 'The client.'],
  operation:   [2, string, 'Apply or Update.'],
  apiVersion:  [3, string, 'The version that the fields are named in.'],
  time:        [4, time,   'When it last did so.'],
  fieldsType:  [6, string, 'The form of fieldsV1; FieldsV1 is the only one.'],
  fieldsV1:    [7, any,    'The fields, as a tree of keys.'],
  subresource: [8, string, 'The subresource it wrote through.'],
})

export const ObjectMeta = object('ObjectMeta',
  'What every object carries: its name, its identity, its labels and its history.', {
  name:                       [ 1, string, "The name, unique among the kind's objects of one namespace."],
  generateName:               [ 2, string, 'A prefix; the server completes it when there is no name.'],
  namespace:                  [ 3, string, 'The namespace it lives in; empty for cluster-scoped kinds.'],
  selfLink:                   [ 4, string,                   'Unused; kept for old clients.'],
  uid:                        [ 5, string, 'Unique in time and space; tells apart objects that had the same name.'],
  resourceVersion:            [ 6, string, "The store's revision of its last write; for watches and safe updates."],
  generation:                 [ 7, int64,                    'Counts the changes of what is desired.'],
  creationTimestamp:          [ 8, time,                     'When the server created it.'],
  deletionTimestamp:          [ 9, time,                     'When it was, or at the latest will be, deleted.'],
  deletionGracePeriodSeconds: [10, int64,                    'How long it may take to end gracefully.', explicit],
  labels:                     [11, map(string),              'Keys and values to select objects by.'],
  annotations:                [12, map(string), 'Keys and values for tools and people; never selected by.'],
  ownerReferences:            [13, list(OwnerReference), 'The objects it belongs to; it goes when all of them are gone.', by('uid')],
  finalizers:                 [14, list(string),             'Who must still act before the object may go.', set],
  managedFields:              [17, list(ManagedFieldsEntry), 'Which client last set which fields.'],
})

const LabelSelectorRequirement = object('LabelSelectorRequirement', 'A condition on one label.', {
  key:      [1, string,                        "The label's key.",           required],
  operator: [2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), 'How key and values relate.', required],
  values:   [3, list(string),                  'What it compares with; empty for Exists and DoesNotExist.'],
})

export const LabelSelector = object('LabelSelector',
  'A condition on labels; all parts must hold, and an empty one holds for all.', {
  matchLabels:      [1, map(string),                   'Labels that must be there with these values.'],
  matchExpressions: [2, list(LabelSelectorRequirement), 'Further conditions.'],
}, atomic)

const Preconditions = object('Preconditions', 'What must be so for a deletion to happen.', {
  uid:             [1, string, "The object's uid.",             explicit],
  resourceVersion: [2, string, "The object's resourceVersion.", explicit],
})

/** The body of a DELETE. */
export const DeleteOptions = object('DeleteOptions', 'How something is deleted.', {
  gracePeriodSeconds: [1, int64,         'How long it may take to end; 0 for at once.', explicit],
  preconditions:      [2, Preconditions, 'What must be so for it to happen.'],
  orphanDependents:   [3, bool,          'Whether what it owns stays; by its old name.', explicit],
  propagationPolicy:  [4, string,        'What happens to what it owns: Orphan, Background or Foreground.', explicit],
  dryRun:             [5, list(string),  'All: nothing is done, but the answer is as if it were.'],
  ignoreStoreReadErrorWithClusterBreakingPotential:
                      [6, bool,          'Whether what cannot be read is deleted all the same.', explicit],
})
