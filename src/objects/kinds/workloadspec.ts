// biome-ignore-all format: the columns are aligned by hand
import { LabelSelector } from '../meta.ts'
import { nonNegative } from '../rules.ts'
import {
  always, bool, by, check, explicit, fill, immutable, int32, int64, intOrString, is, list, object, oneOf, or,
  retainKeys, string, time,
} from '../schema.ts'
import { PodTemplateSpec } from './podtemplate.ts'
import { strategyDefaults } from './workloaddefaults.ts'
import { deploymentRules, strategyRules, workloadRules } from './workloadrules.ts'

const RollingUpdateDeployment = object('RollingUpdateDeployment', 'How fast pods are replaced.', {
  maxUnavailable: [1, intOrString, 'How many may be missing meanwhile: a number, or a share of the replicas.',
                   explicit, or('25%')],
  maxSurge:       [2, intOrString, 'How many there may be too many meanwhile: a number, or a share of the replicas.',
                   explicit, or('25%')],
})

const DeploymentStrategy = object('DeploymentStrategy', 'How pods are replaced by new ones.', {
  type:          [1, oneOf('Recreate', 'RollingUpdate'), 'All at once, or some at a time.', or('RollingUpdate')],
  rollingUpdate: [2, RollingUpdateDeployment, 'How fast, when some at a time.'],
}, fill(strategyDefaults), check(strategyRules))

export const DeploymentSpec = object('DeploymentSpec', 'What a deployment shall be.', {
  replicas:                [1, int32, 'How many pods there shall be.', explicit, or(1), is(nonNegative)],
  selector:                [2, LabelSelector,      'Which pods are its own.', always, immutable],
  template:                [3, PodTemplateSpec,    'What its pods are made from.', always],
  strategy:                [4, DeploymentStrategy, 'How pods are replaced when the template changes.', or({}), retainKeys],
  minReadySeconds:         [5, int32, 'How long a pod must have been ready to count as available.', is(nonNegative)],
  revisionHistoryLimit:    [6, int32, 'How many old replica sets are kept, to go back to.',
                            explicit, or(10), is(nonNegative)],
  paused:                  [7, bool,               'Whether changes of the template wait.'],
  progressDeadlineSeconds: [9, int32, 'How long it may stand still before it says that it has failed.',
                            explicit, or(600), is(nonNegative)],
}, check(workloadRules('deployment')), check(deploymentRules))

const DeploymentCondition = object('DeploymentCondition', 'Something that holds for a deployment or not.', {
  type:               [1, string, 'What.',                   always],
  status:             [2, string, 'True, False or Unknown.', always],
  lastUpdateTime:     [6, time,   'When it was last told.'],
  lastTransitionTime: [7, time,   'Since when it is so.'],
  reason:             [4, string, 'Why, in a word.'],
  message:            [5, string, 'Why, for people.'],
})

export const DeploymentStatus = object('DeploymentStatus', 'What a deployment was last seen to be.', {
  observedGeneration:  [1, int64, 'The generation that this tells of.'],
  replicas:            [2, int32, 'How many pods there are.'],
  updatedReplicas:     [3, int32, 'How many of them are of the present template.'],
  readyReplicas:       [7, int32, 'How many of them are ready.'],
  availableReplicas:   [4, int32, 'How many of them have been ready for long enough.'],
  unavailableReplicas: [5, int32, 'How many are still missing.'],
  terminatingReplicas: [9, int32, 'How many are going.', explicit],
  conditions:          [6, list(DeploymentCondition), 'What holds for it, and since when.', by('type')],
  collisionCount:      [8, int32, 'How often the name of a replica set was taken by another.', explicit],
})

export const ReplicaSetSpec = object('ReplicaSetSpec', 'What a replica set shall be.', {
  replicas:        [1, int32, 'How many pods there shall be.', explicit, or(1), is(nonNegative)],
  minReadySeconds: [4, int32, 'How long a pod must have been ready to count as available.', is(nonNegative)],
  selector:        [2, LabelSelector,   'Which pods are its own.', always, immutable],
  template:        [3, PodTemplateSpec, 'What its pods are made from.', always],
}, check(workloadRules('replicaset')))

const ReplicaSetCondition = object('ReplicaSetCondition', 'Something that holds for a replica set or not.', {
  type:               [1, string, 'What.',                   always],
  status:             [2, string, 'True, False or Unknown.', always],
  lastTransitionTime: [3, time,   'Since when it is so.'],
  reason:             [4, string, 'Why, in a word.'],
  message:            [5, string, 'Why, for people.'],
})

export const ReplicaSetStatus = object('ReplicaSetStatus', 'What a replica set was last seen to be.', {
  replicas:             [1, int32, 'How many pods there are.', always],
  fullyLabeledReplicas: [2, int32, "How many of them have all of the template's labels."],
  readyReplicas:        [4, int32, 'How many of them are ready.'],
  availableReplicas:    [5, int32, 'How many of them have been ready for long enough.'],
  terminatingReplicas:  [7, int32, 'How many are going.', explicit],
  observedGeneration:   [3, int64, 'The generation that this tells of.'],
  conditions:           [6, list(ReplicaSetCondition), 'What holds for it, and since when.', by('type')],
})
