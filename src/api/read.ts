import type { HttpResponse } from '../host/host.ts'
import { keyOf } from '../objects/stored.ts'
import type { Call } from './call.ts'
import { lensOf } from './lens.ts'
import { readOptions } from './query.ts'
import { jsonResponse, renderThrough } from './render.ts'
import { notFound } from './status.ts'
import { awaitFreshness, type World } from './world.ts'

export async function get(world: World, call: Call): Promise<HttpResponse> {
  const { kind, namespace, name, subresource, form } = call
  const options = readOptions(call.query)
  await awaitFreshness(world, options.resourceVersion, call.signal)
  const version = world.view.get(keyOf(kind, namespace, name))
  if (version === undefined) throw notFound(kind, name)
  const rendering = { kind, form, includeObject: options.includeObject }
  return jsonResponse(200, renderThrough(world, lensOf(kind, subresource), rendering, version))
}
