import type { ObjectOf } from './kind.ts'
import type { configMap } from './kinds/configmap.ts'
import type * as container from './kinds/container.ts'
import type { joinToken } from './kinds/jointoken.ts'
import type { namespace } from './kinds/namespace.ts'
import type { node } from './kinds/node.ts'
import type * as nodespec from './kinds/nodespec.ts'
import type { pod } from './kinds/pod.ts'
import type * as podspec from './kinds/podspec.ts'
import type * as podstatus from './kinds/podstatus.ts'
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
