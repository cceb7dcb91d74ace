import { DeviceError, type HttpResponse } from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { findKindByName } from '../objects/kinds.ts'
import { memberOf } from '../objects/member.ts'
import type { AccessAnswer, PodAccess, PodLogOptions } from '../objects/podaccess.ts'
import { keyOf, readStored } from '../objects/stored.ts'
import type { Node, Pod } from '../objects/types.ts'
import type { Call } from './call.ts'
import { logOptions } from './logoptions.ts'
import { badRequest, notFound, unavailable } from './status.ts'
import { catchUp, type World, withDeadline } from './world.ts'

const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')

const limits = {
  /** To ask the pod's node, and to open the way. */
  reachMs: 10_000,
  /** A pod that is made anew under its name while somebody asks for its log. */
  triesMax: 3,
}

/** `GET …/pods/NAME/log`: what a container has printed, from whichever node it runs on. */
export async function podLog(world: World, call: Call): Promise<HttpResponse> {
  const options = logOptions(call.query, call.name)
  const asked = call.query.get('container') ?? ''
  for (let tries = 1; ; tries++) {
    const pod = await findPod(world, call)
    const container = containerOf(pod, asked)
    // As upstream: nowhere yet, and so nothing printed.
    if (pod.spec.nodeName === undefined) return { status: 204, headers: {}, body: new Uint8Array() }
    const node = identityOf(world, pod)
    const way = { world, call, node, pod }
    const answer = await ask(way, accessTo(call, pod, container, options))
    if (answer.type === 'granted') return await open(way, answer.grant)
    if (answer.type === 'refused') throw badRequest(answer.message)
    if (answer.type === 'unable') throw unavailable(answer.message, null)
    // One of the two nodes is behind. When it is not this one, the other will know the pod in a moment.
    await catchUp(world, call.signal)
    const same = podOf(world, call)?.metadata.uid === pod.metadata.uid
    if (same) throw badRequest(`container ${quoted(container)} in pod ${quoted(call.name)} is ${creating}`)
    if (tries >= limits.triesMax) throw unavailable(`pod ${quoted(call.name)} is being made anew`, 1)
  }
}

const creating = 'waiting to start: ContainerCreating'

/** What this node holds is good enough, but for what it does not know or what may have moved on. */
async function findPod(world: World, call: Call): Promise<Pod> {
  const known = podOf(world, call)
  if (known?.spec.nodeName !== undefined) return known
  await catchUp(world, call.signal)
  const pod = podOf(world, call)
  if (pod === null) throw notFound(call.kind, call.name)
  return pod
}

function podOf({ view }: World, { kind, namespace, name }: Call): Pod | null {
  const version = view.get(keyOf(kind, namespace, name))
  return version === undefined ? null : readStored<Pod>(kind, version)
}

/** The container that was meant; the words are upstream's (`LogLocation`, pkg/registry/core/pod). */
function containerOf({ metadata, spec }: Pod, asked: string): string {
  const names = spec.containers.map(({ name }) => name)
  const initNames = (spec.initContainers ?? []).map(({ name }) => name)
  const [first] = names
  if (asked !== '') {
    if ([...names, ...initNames].includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`)
  }
  if (first !== undefined && names.length === 1) return first
  const init = initNames.length > 0 ? ` or one of the init containers: [${initNames.join(' ')}]` : ''
  const choice = `choose one of: [${names.join(' ')}]${init}`
  throw badRequest(`a container name must be specified for pod ${metadata.name}, ${choice}`)
}

function accessTo(call: Call, pod: Pod, container: string, options: PodLogOptions): PodAccess {
  return {
    verb: 'log',
    user: call.request.client?.user ?? '',
    namespace: call.namespace,
    pod: call.name,
    uid: pod.metadata.uid ?? '',
    container,
    options,
  }
}

/** Of the daemon at the pod's node. */
function identityOf({ view }: World, { metadata, spec }: Pod): string {
  const name = spec.nodeName ?? ''
  const version = view.get(keyOf(nodeKind, '', name))
  const member = version === undefined ? null : memberOf(readStored<Node>(nodeKind, version))
  if (member !== null) return member.identity
  throw unavailable(
    `node ${quoted(name)}, to which pod ${quoted(metadata.name)} is bound, is not of this cluster`,
    null,
  )
}

/** From here to the daemon at the pod's node. */
interface Way {
  readonly world: World
  readonly call: Call
  readonly node: string
  readonly pod: Pod
}

async function ask(way: Way, access: PodAccess): Promise<AccessAnswer> {
  const { world, call, node } = way
  const limited = withDeadline(world.clock, limits.reachMs, call.signal)
  try {
    return await world.reach.ask(node, access, limited.signal)
  } catch (cause) {
    throw reachError(way, cause, limited.signal)
  } finally {
    limited.release()
  }
}

async function open(way: Way, grant: string): Promise<HttpResponse> {
  const { world, call, node } = way
  try {
    const body = await world.reach.open(node, grant, call.signal)
    return { status: 200, headers: { 'content-type': 'text/plain' }, body }
  } catch (cause) {
    throw reachError(way, cause, call.signal)
  }
}

function reachError({ call, pod }: Way, cause: unknown, limited: AbortSignal): unknown {
  if (call.signal.aborted) return cause
  if (!(cause instanceof DeviceError) && !limited.aborted) return cause
  return unavailable(
    `node ${quoted(pod.spec.nodeName ?? '')}, where pod ${quoted(call.name)} runs, does not answer`,
    null,
  )
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
