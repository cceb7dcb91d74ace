// biome-ignore-all format: the columns are aligned by hand
import { dnsLabel, portNumber, qualifiedName } from '../rules.ts'
import {
  always, atomic, bool, by, check, explicit, fill, int32, int64, intOrString, is, list, map, object, oneOf, or, orFrom,
  required, string, time,
} from '../schema.ts'
import { Protocol } from './endpoints.ts'
import { serviceDefaults } from './servicedefaults.ts'
import { serviceRules } from './servicerules.ts'

export const ServicePort = object('ServicePort', 'A port of a service.', {
  name:        [1, string,      'Its name, unique in the service.', is(dnsLabel)],
  protocol:    [2, Protocol,    'Its transport.', or('TCP')],
  appProtocol: [6, string,      'What is spoken there.', explicit, is(qualifiedName)],
  port:        [3, int32,       'Its number at the address of the service.', required, is(portNumber)],
  targetPort:  [4, intOrString, 'The port of the pods, by number or by name.', orFrom(({ port }) => port)],
  nodePort:    [5, int32,       'Its number at every node.'],
})

const ClientIPConfig = object('ClientIPConfig', 'How long a client keeps its backend.', {
  timeoutSeconds: [1, int32, 'So long after its last connection.', explicit],
})

const SessionAffinityConfig = object('SessionAffinityConfig', 'How clients keep their backends.', {
  clientIP: [1, ClientIPConfig, 'By their address.'],
})

const Traffic = oneOf('Cluster', 'Local')

export const ServiceSpec = object('ServiceSpec', 'What a service shall be.', {
  ports:                         [ 1, list(ServicePort), 'Its ports.', by('port', 'protocol')],
  selector:                      [ 2, map(string),  'The labels of the pods behind it; none: somebody else says what is.', atomic],
  clusterIP:                     [ 3, string,       'Its address in the cluster; None for a headless one.'],
  clusterIPs:                    [18, list(string), 'The same, of each family.'],
  type:                          [ 4, oneOf('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
                                  'Where it can be reached.', or('ClusterIP')],
  externalIPs:                   [ 5, list(string), 'Further addresses; refused, for anybody could take any.'],
  sessionAffinity:               [ 7, oneOf('ClientIP', 'None'), 'Whether a client keeps its backend.', or('None')],
  loadBalancerIP:                [ 8, string,       'The address wanted of a load balancer.'],
  loadBalancerSourceRanges:      [ 9, list(string), 'Who may use the load balancer.'],
  externalName:                  [10, string,       'The DNS name that it stands for.'],
  externalTrafficPolicy:         [11, Traffic, 'Which backends take what comes from outside.'],
  healthCheckNodePort:           [12, int32,        'Where load balancers ask whether a node has backends.'],
  publishNotReadyAddresses:      [13, bool,         'Whether its DNS names backends that are not ready too.'],
  sessionAffinityConfig:         [14, SessionAffinityConfig, 'How clients keep their backends.'],
  ipFamilies:                    [19, list(oneOf('IPv4', 'IPv6')), 'The families of its addresses.'],
  ipFamilyPolicy:                [17, oneOf('PreferDualStack', 'RequireDualStack', 'SingleStack'),
                                  'Whether it has addresses of both families.', explicit],
  allocateLoadBalancerNodePorts: [20, bool,         'Whether a load balancer reaches it by ports of the nodes.', explicit],
  loadBalancerClass:             [21, string,       'Who balances.', explicit, is(qualifiedName)],
  internalTrafficPolicy:         [22, Traffic, 'Which backends take what comes from inside.', explicit],
  trafficDistribution:           [23, string,       'Which backends are preferred.', explicit],
}, fill(serviceDefaults), check(serviceRules))

const PortStatus = object('PortStatus', 'A port of a load balancer.', {
  port:     [1, int32,  'Its number.',            always],
  protocol: [2, string, 'Its transport.',         always],
  error:    [3, string, 'Why it does not work.',  explicit],
})

const LoadBalancerIngress = object('LoadBalancerIngress', 'Where a load balancer can be reached.', {
  ip:       [1, string,           'By address.'],
  hostname: [2, string,           'By name.'],
  ipMode:   [3, string,           'How what comes there is passed on.', explicit],
  ports:    [4, list(PortStatus), 'Its ports.'],
})

const LoadBalancerStatus = object('LoadBalancerStatus', 'What a load balancer was last seen to be.', {
  ingress: [1, list(LoadBalancerIngress), 'Where it can be reached.'],
})

/** Of meta/v1: what newer kinds use. */
const Condition = object('Condition', 'Something that holds for an object or not.', {
  type:               [1, string, 'What.',                   required],
  status:             [2, string, 'True, False or Unknown.', required],
  observedGeneration: [3, int64,  'The generation that this tells of.'],
  lastTransitionTime: [4, time,   'Since when it is so.'],
  reason:             [5, string, 'Why, in a word.',         always],
  message:            [6, string, 'Why, for people.',        always],
})

export const ServiceStatus = object('ServiceStatus', 'What a service was last seen to be.', {
  loadBalancer: [1, LoadBalancerStatus, 'Its load balancer.', always],
  conditions:   [2, list(Condition),    'What holds for it, and since when.', by('type')],
})
