/** What a pod's containers need to know of the node that they run on. */
export interface Place {
  readonly clusterId: string
  readonly node: string
  /** The node's own address. */
  readonly hostIP: string
  /** What the node has in all; 0 until the engine has said so. */
  readonly cpuMillis: number
  readonly memoryBytes: number
}
