import type { ObjectOf } from './kind.ts'
import type { configMap } from './kinds/configmap.ts'
import type * as container from './kinds/container.ts'
import type { controllerRevision } from './kinds/controllerrevision.ts'
import type { deployment } from './kinds/deployment.ts'
import type * as endpointsKind from './kinds/endpoints.ts'
import type * as sliceKind from './kinds/endpointslice.ts'
import type { event } from './kinds/event.ts'
import type { joinToken } from './kinds/jointoken.ts'
import type { lease } from './kinds/lease.ts'
import type { namespace } from './kinds/namespace.ts'
import type { node } from './kinds/node.ts'
import type * as nodespec from './kinds/nodespec.ts'
import type { ObjectReference as Reference } from './kinds/objectreference.ts'
import type { pod } from './kinds/pod.ts'
import type * as podspec from './kinds/podspec.ts'
import type * as podstatus from './kinds/podstatus.ts'
import type { PodTemplateSpec as Template } from './kinds/podtemplate.ts'
import type * as probe from './kinds/probe.ts'
import type { replicaSet } from './kinds/replicaset.ts'
import type { secret } from './kinds/secret.ts'
import type { service } from './kinds/service.ts'
import type { serviceAccount } from './kinds/serviceaccount.ts'
import type * as servicespec from './kinds/servicespec.ts'
import type * as volume from './kinds/volume.ts'
import type * as workloadspec from './kinds/workloadspec.ts'
import type * as meta from './meta.ts'
import type { ValueOf } from './schema.ts'
import type * as value from './value.ts'

/**
 * The Kubernetes objects as the rooms read them. Each type is that of its declaration in `kinds/`, so that none can say
 * what the other does not. Fields are named as upstream names them; times are RFC 3339 text, quantities canonical text.
 */

export type Json = value.Json
export type JsonObject = value.JsonObject
/** Any object of any kind. `metadata.name` is there once the object is admitted, `resourceVersion` once it is read. */
export type KubeObject = value.KubeObject
export type ObjectMeta = KubeObject['metadata']

export type Namespace = ObjectOf<typeof namespace>
export type ConfigMap = ObjectOf<typeof configMap>
export type JoinToken = ObjectOf<typeof joinToken>
export type Node = ObjectOf<typeof node>
export type Pod = ObjectOf<typeof pod>

export type Deployment = ObjectOf<typeof deployment>
export type ReplicaSet = ObjectOf<typeof replicaSet>
export type ControllerRevision = ObjectOf<typeof controllerRevision>
export type Service = ObjectOf<typeof service>
export type Endpoints = ObjectOf<typeof endpointsKind.endpoints>
export type EndpointSlice = ObjectOf<typeof sliceKind.endpointSlice>
export type Secret = ObjectOf<typeof secret>
export type ServiceAccount = ObjectOf<typeof serviceAccount>
export type Event = ObjectOf<typeof event>
export type Lease = ObjectOf<typeof lease>

export type OwnerReference = ValueOf<typeof meta.OwnerReference>
export type LabelSelector = ValueOf<typeof meta.LabelSelector>
export type ObjectReference = ValueOf<typeof Reference>

export type PodTemplateSpec = ValueOf<typeof Template>
export type DeploymentSpec = ValueOf<typeof workloadspec.DeploymentSpec>
export type DeploymentStatus = ValueOf<typeof workloadspec.DeploymentStatus>
export type DeploymentCondition = NonNullable<DeploymentStatus['conditions']>[number]
export type ReplicaSetSpec = ValueOf<typeof workloadspec.ReplicaSetSpec>
export type ReplicaSetStatus = ValueOf<typeof workloadspec.ReplicaSetStatus>
export type ServiceSpec = ValueOf<typeof servicespec.ServiceSpec>
export type ServicePort = ValueOf<typeof servicespec.ServicePort>
export type EndpointSubset = ValueOf<typeof endpointsKind.EndpointSubset>
export type EndpointAddress = ValueOf<typeof endpointsKind.EndpointAddress>
/** One backend in an EndpointSlice. */
export type Endpoint = ValueOf<typeof sliceKind.Endpoint>
export type EndpointPort = NonNullable<EndpointSlice['ports']>[number]

export type NodeSpec = ValueOf<typeof nodespec.NodeSpec>
export type NodeStatus = ValueOf<typeof nodespec.NodeStatus>
export type NodeSystemInfo = ValueOf<typeof nodespec.NodeSystemInfo>
export type Taint = ValueOf<typeof nodespec.Taint>

export type PodSpec = ValueOf<typeof podspec.PodSpec>
export type PodStatus = ValueOf<typeof podstatus.PodStatus>
export type Container = ValueOf<typeof container.Container>
export type ContainerPort = ValueOf<typeof container.ContainerPort>
export type EnvVar = ValueOf<typeof container.EnvVar>
export type ContainerStatus = ValueOf<typeof podstatus.ContainerStatus>
export type ContainerState = ValueOf<typeof podstatus.ContainerState>
export type ContainerStateTerminated = ValueOf<typeof podstatus.ContainerStateTerminated>
export type Probe = ValueOf<typeof probe.Probe>
export type Lifecycle = ValueOf<typeof probe.Lifecycle>
export type Volume = ValueOf<typeof volume.Volume>
export type VolumeMount = NonNullable<Container['volumeMounts']>[number]
export type SecurityContext = NonNullable<Container['securityContext']>
export type Toleration = NonNullable<PodSpec['tolerations']>[number]
export type ResourceRequirements = NonNullable<Container['resources']>

/** What the conditions of all kinds have in common. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** Amounts by resource name: `cpu`, `memory`, `pods` …, as quantities in canonical form. */
export type ResourceList = Readonly<Record<string, string>>
