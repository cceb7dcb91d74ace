import type { HttpResponse } from '../host/host.ts'
import { keyOf } from '../objects/stored.ts'
import type { Call } from './call.ts'
import { readOptions } from './query.ts'
import { jsonResponse, renderObject } from './render.ts'
import { notFound } from './status.ts'
import { awaitFreshness, type World } from './world.ts'

export async function get(world: World, call: Call): Promise<HttpResponse> {
  const { kind, namespace, name, form } = call
  const options = readOptions(call.query)
  await awaitFreshness(world, options.resourceVersion, call.signal)
  const version = world.view.get(keyOf(kind, namespace, name))
  if (version === undefined) throw notFound(kind, name)
  return jsonResponse(200, renderObject(world, { kind, form, includeObject: options.includeObject }, version))
}
