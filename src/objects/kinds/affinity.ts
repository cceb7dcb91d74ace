// biome-ignore-all format: the columns are aligned by hand
import { LabelSelector } from '../meta.ts'
import { qualifiedName, weight } from '../rules.ts'
import { atomic, check, explicit, int32, int64, is, list, object, oneOf, required, string } from '../schema.ts'
import { tolerationRules } from './podrules.ts'

const NodeSelectorRequirement = object('NodeSelectorRequirement', 'A condition on one label or field.', {
  key:      [1, string,                        'The key.',                   required],
  operator: [2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'), 'How key and values relate.', required],
  values:   [3, list(string),                  'What it compares with.'],
})

const NodeSelectorTerm = object('NodeSelectorTerm',
  'Conditions on one node that must all hold; an empty term holds for none.', {
  matchExpressions: [1, list(NodeSelectorRequirement), 'Conditions on labels.'],
  matchFields:      [2, list(NodeSelectorRequirement), 'Conditions on fields.'],
}, atomic)

export const NodeSelector = object('NodeSelector', 'A choice of nodes; one of its terms must hold.', {
  nodeSelectorTerms: [1, list(NodeSelectorTerm), 'The terms.', required],
}, atomic)

const PreferredSchedulingTerm = object('PreferredSchedulingTerm', 'A term and how much it counts.', {
  weight:     [1, int32,            'From 1 to 100.', required, is(weight)],
  preference: [2, NodeSelectorTerm, 'The term.',      required],
})

const NodeAffinity = object('NodeAffinity', 'Which nodes suit, by their labels.', {
  requiredDuringSchedulingIgnoredDuringExecution:  [1, NodeSelector,                  'What a node must fulfil.'],
  preferredDuringSchedulingIgnoredDuringExecution: [2, list(PreferredSchedulingTerm), 'What speaks for a node.'],
})

const PodAffinityTerm = object('PodAffinityTerm', 'A choice of pods, and what near them means.', {
  labelSelector:     [1, LabelSelector, 'The pods, by label.'],
  namespaces:        [2, list(string),  'The namespaces they are in, beside those of namespaceSelector.'],
  topologyKey:       [3, string,        'The node label whose equal values mean near.', required],
  namespaceSelector: [4, LabelSelector, 'The namespaces they are in, by label.'],
  matchLabelKeys:    [5, list(string),  'Labels of the new pod that theirs must equal.'],
  mismatchLabelKeys: [6, list(string),  'Labels of the new pod that theirs must not equal.'],
})

const WeightedPodAffinityTerm = object('WeightedPodAffinityTerm', 'A term and how much it counts.', {
  weight:          [1, int32,           'From 1 to 100.', required, is(weight)],
  podAffinityTerm: [2, PodAffinityTerm, 'The term.',      required],
})

const PodAffinity = object('PodAffinity', 'Which pods to be near.', {
  requiredDuringSchedulingIgnoredDuringExecution:  [1, list(PodAffinityTerm),         'What must be fulfilled.'],
  preferredDuringSchedulingIgnoredDuringExecution: [2, list(WeightedPodAffinityTerm), 'What speaks for a node.'],
})

const PodAntiAffinity = object('PodAntiAffinity', 'Which pods to be away from.', {
  requiredDuringSchedulingIgnoredDuringExecution:  [1, list(PodAffinityTerm),         'What must be fulfilled.'],
  preferredDuringSchedulingIgnoredDuringExecution: [2, list(WeightedPodAffinityTerm), 'What speaks against a node.'],
})

export const Affinity = object('Affinity', 'Where a pod would like to run, and where it must.', {
  nodeAffinity:    [1, NodeAffinity,    "By the nodes' labels."],
  podAffinity:     [2, PodAffinity,     'Near other pods.'],
  podAntiAffinity: [3, PodAntiAffinity, 'Away from other pods.'],
})

/** What a taint does to pods that do not tolerate it. */
export const TaintEffect = oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')

export const Toleration = object('Toleration', 'A taint that does not keep the pod away.', {
  key:               [1, string, "The taint's key; empty for all.", is(qualifiedName)],
  operator:          [2, oneOf('Equal', 'Exists'), 'Whether the value counts too.'],
  value:             [3, string, "The taint's value."],
  effect:            [4, TaintEffect, "The taint's effect; empty for all."],
  tolerationSeconds: [5, int64,  'How long a NoExecute taint is borne; absent for ever.', explicit],
}, check(tolerationRules))

export const TopologySpreadConstraint = object('TopologySpreadConstraint',
  'How evenly pods are spread over nodes, zones or the like.', {
  maxSkew:            [1, int32, 'The largest difference allowed between two domains.', required],
  topologyKey:        [2, string,                        'The node label that makes the domains.', required],
  whenUnsatisfiable:  [3, oneOf('DoNotSchedule', 'ScheduleAnyway'), 'What to do when it cannot be fulfilled.',
                       required],
  labelSelector:      [4, LabelSelector,                 'The pods that are counted.'],
  minDomains:         [5, int32,                         'The least number of domains.', explicit],
  nodeAffinityPolicy: [6, string,                        'Whether nodes that node affinity rules out count.', explicit],
  nodeTaintsPolicy:   [7, string,                        'Whether nodes that taints rule out count.', explicit],
  matchLabelKeys:     [8, list(string),                  "Labels of the new pod that the counted pods' must equal."],
})
