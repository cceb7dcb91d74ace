import type { EngineInfo } from '../host/host.ts'
import { conditionOf, withCondition } from '../objects/conditions.ts'
import { type Member, memberNode, nodeLabels } from '../objects/member.ts'
import type { Condition, Node, NodeStatus, ResourceList } from '../objects/types.ts'

/** What a daemon knows of its own node. */
export interface NodeFacts {
  readonly member: Member
  readonly labels: Readonly<Record<string, string>>
  readonly zone?: string
  readonly podsMax: number
  readonly version: string
  readonly internalIp: string
  /** Null while it does not answer. */
  readonly engine: EngineInfo | null
}

/**
 * The node's own object as it should stand: what the daemon knows, over what others wrote. The same object when nothing
 * changed. While the engine is away its figures stay; what the leader declared of the node stays until it takes it back.
 */
export function reconcileNode(node: Node, facts: NodeFacts, wallMs: number): Node {
  const { metadata, spec } = memberNode(facts.member, { ...nodeLabels(facts), ...engineLabels(facts.engine) })
  return {
    ...node,
    metadata: {
      ...node.metadata,
      labels: { ...node.metadata.labels, ...metadata.labels },
      annotations: { ...node.metadata.annotations, ...metadata.annotations },
    },
    spec: { ...node.spec, ...spec },
    status: statusOf(node, facts, wallMs),
  }
}

/** The leader found the node dead; only it takes that back. */
export function isDeclaredLost(node: Node): boolean {
  return conditionOf(node.status?.conditions, 'Ready')?.status === 'Unknown'
}

function engineLabels(engine: EngineInfo | null): Readonly<Record<string, string>> {
  return engine === null ? {} : { 'kubernetes.io/arch': engine.arch, 'kubernetes.io/os': engine.os }
}

function statusOf(node: Node, facts: NodeFacts, wallMs: number): NodeStatus {
  const { engine, internalIp, member } = facts
  const status = node.status ?? {}
  return {
    ...status,
    ...(engine !== null && figures(engine, facts)),
    conditions: isDeclaredLost(node)
      ? status.conditions
      : withCondition(status.conditions, { type: 'Ready', ...readiness(engine) }, wallMs),
    addresses: [
      { type: 'InternalIP', address: internalIp },
      { type: 'Hostname', address: member.name },
    ],
  }
}

function readiness(engine: EngineInfo | null): Omit<Condition, 'type'> {
  if (engine !== null) return { status: 'True', reason: 'KubeletReady', message: 'the container engine answers' }
  return { status: 'False', reason: 'KubeletNotReady', message: 'the container engine does not answer' }
}

function figures(engine: EngineInfo, { podsMax, version, member }: NodeFacts): Partial<NodeStatus> {
  const amounts = (memoryBytes: number): ResourceList => ({
    cpu: cpuQuantity(engine.cpuMillis),
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    pods: String(podsMax),
  })
  return {
    capacity: amounts(engine.memoryBytes),
    allocatable: amounts(Math.max(0, engine.memoryBytes - memoryKeptBytes)),
    nodeInfo: {
      machineID: member.identity,
      systemUUID: member.identity,
      bootID: '',
      kernelVersion: engine.kernelVersion,
      osImage: engine.osImage,
      containerRuntimeVersion: engine.version,
      kubeletVersion: version,
      kubeProxyVersion: version,
      operatingSystem: engine.os,
      architecture: engine.arch,
    },
  }
}

/** Not for pods: the host and its daemon need some too. */
const memoryKeptBytes = 100 * 1024 ** 2

function cpuQuantity(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`
}
