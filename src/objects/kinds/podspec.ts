// biome-ignore-all format: the columns are aligned by hand

import { activeDeadline, dnsLabel, dnsSubdomain, ipAddress, nonNegative, qualifiedName } from '../rules.ts'
import {
  atomic, bool, by, check, explicit, fill, int32, int64, is, list, map, object, oneOf, or, quantity, required,
  retainKeys, string,
} from '../schema.ts'
import { Affinity, Toleration, TopologySpreadConstraint } from './affinity.ts'
import { Container, EphemeralContainer } from './container.ts'
import { podNotYet } from './notyet.ts'
import { podSpecDefaults } from './poddefaults.ts'
import { podSpecRules } from './podrules.ts'
import { LocalObjectReference, ResourceRequirements } from './references.ts'
import { PodSecurityContext } from './security.ts'
import { Volume } from './volume.ts'

const HostAlias = object('HostAlias', 'A line of the hosts file.', {
  ip:        [1, string,       'The address.', is(ipAddress)],
  hostnames: [2, list(string), 'Names for it.'],
})

const PodDNSConfigOption = object('PodDNSConfigOption', 'An option of the resolver.', {
  name:  [1, string, 'Its name.'],
  value: [2, string, 'Its value.', explicit],
})

const PodDNSConfig = object('PodDNSConfig', 'Resolver settings.', {
  nameservers: [1, list(string),             'Name servers.'],
  searches:    [2, list(string),             'Search domains.'],
  options:     [3, list(PodDNSConfigOption), 'Options.'],
})

const PodReadinessGate = object('PodReadinessGate', 'A condition that others set.', {
  conditionType: [1, string, "The condition's type.", required, is(qualifiedName)],
})

const PodOS = object('PodOS', 'An operating system.', {
  name: [1, oneOf('linux', 'windows'), 'Either linux or windows.', required],
})

const PodSchedulingGate = object('PodSchedulingGate', 'Something that must go before the pod is placed.', {
  name: [1, string, 'Its name.', required, is(qualifiedName)],
})

const PodResourceClaim = object('PodResourceClaim', 'A claim to devices; one of the two.', {
  name:                      [1, string, 'Its name in the pod.',                  required, is(dnsLabel)],
  resourceClaimName:         [3, string, 'A claim that exists.',                  explicit],
  resourceClaimTemplateName: [4, string, 'A template that a claim is made from.', explicit],
})

const PodSchedulingGroup = object('PodSchedulingGroup', 'The group a pod is placed with.', {
  podGroupName: [1, string, "The group's name.", explicit],
})

const EvictionResponder = object('EvictionResponder', 'One who is asked before an eviction.', {
  name:     [1, string, 'Its name.',            required],
  priority: [2, int32,  'The order of asking.', required, explicit],
})

const RestartPolicy = oneOf('Always', 'OnFailure', 'Never')
const DNSPolicy = oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None')
const PreemptionPolicy = oneOf('PreemptLowerPriority', 'Never')

export const PodSpec = object('PodSpec', 'What a pod shall be.', {
  volumes:                       [ 1, list(Volume), 'The volumes its containers can mount.', by('name'), retainKeys],
  initContainers:                [20, list(Container), 'Run one after another, each to its end, before the others.', by('name')],
  containers:                    [ 2, list(Container),               'Its containers.', required, by('name')],
  ephemeralContainers:           [34, list(EphemeralContainer),      'Added while it runs, to look at it.', by('name')],
  restartPolicy:                 [ 3, RestartPolicy, 'When its containers are started again.', or('Always')],
  terminationGracePeriodSeconds: [ 4, int64, 'How long its containers may take to end.',
                                  explicit, or(30), is(nonNegative)],
  activeDeadlineSeconds:         [ 5, int64, 'How long it may run in all.', explicit, is(activeDeadline)],
  dnsPolicy:                     [ 6, DNSPolicy, 'Where its names are resolved.', or('ClusterFirst')],
  nodeSelector:                  [ 7, map(string),                   'Labels that its node must have.', atomic],
  serviceAccountName:            [ 8, string, 'The service account it acts as.', is(dnsSubdomain)],
  serviceAccount:                [ 9, string,                        'The same, by its old name.'],
  automountServiceAccountToken:  [21, bool, "Whether the account's token is mounted.", explicit],
  nodeName:                      [10, string,                        'The node it is bound to.', is(dnsSubdomain)],
  hostNetwork:                   [11, bool,                          "Whether it uses the node's network."],
  hostPID:                       [12, bool,                          "Whether it sees the node's processes."],
  hostIPC:                       [13, bool,                          "Whether it shares the node's IPC."],
  shareProcessNamespace:         [27, bool, "Whether its containers see each other's processes.", explicit],
  securityContext:               [14, PodSecurityContext, 'Which rights all its containers run with.', or({})],
  imagePullSecrets:              [15, list(LocalObjectReference),    'Secrets to pull its images with.', by('name')],
  hostname:                      [16, string, 'Its host name, instead of its own name.', is(dnsLabel)],
  subdomain:                     [17, string,                        'The subdomain of its DNS name.', is(dnsLabel)],
  affinity:                      [18, Affinity,                      'Where it would like to run, and where it must.'],
  schedulerName:                 [19, string,                        'Who places it.', or('default-scheduler')],
  tolerations:                   [22, list(Toleration),              'Taints that do not keep it away.'],
  hostAliases:                   [23, list(HostAlias),               'Further lines of its hosts file.', by('ip')],
  priorityClassName:             [24, string,                        'Its priority by name.'],
  priority:                      [25, int32, 'Its priority; higher goes first.', explicit],
  dnsConfig:                     [26, PodDNSConfig,                  'Resolver settings, beside those of dnsPolicy.'],
  readinessGates:                [28, list(PodReadinessGate),        'Further conditions for it to be ready.'],
  runtimeClassName:              [29, string, 'The class of runtime that runs it.', explicit, is(dnsSubdomain)],
  enableServiceLinks:            [30, bool, 'Whether services are told as variables.', explicit],
  preemptionPolicy:              [31, PreemptionPolicy, 'Whether it may displace pods of lower priority.', explicit],
  overhead:                      [32, map(quantity),                 'What running it costs beside its containers.'],
  topologySpreadConstraints:     [33, list(TopologySpreadConstraint), 'How evenly it and its like are spread.',
                                  by('topologyKey', 'whenUnsatisfiable')],
  setHostnameAsFQDN:             [35, bool, 'Whether its host name is the full one.', explicit],
  os:                            [36, PodOS,                         'The operating system it is for.'],
  hostUsers:                     [37, bool,                          "Whether it uses the node's user ids.", explicit],
  schedulingGates:               [38, list(PodSchedulingGate), 'What must go before it is placed; only ever shrinks.',
                                  by('name')],
  resourceClaims:                [39, list(PodResourceClaim), 'Claims to devices, for its containers to use.',
                                  by('name'), retainKeys],
  resources:                     [40, ResourceRequirements,          'The resources of the pod as a whole.'],
  hostnameOverride:              [41, string,                        'Its host name, over all other rules.', explicit],
  schedulingGroup:               [43, PodSchedulingGroup,            'The group it is placed with.'],
  evictionResponders:            [44, list(EvictionResponder),       'Who is asked before it is evicted.', by('name')],
}, check(podSpecRules), check(podNotYet), fill(podSpecDefaults))
