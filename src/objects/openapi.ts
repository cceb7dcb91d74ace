import { isScalable, scale } from './kinds/scale.ts'
import { kinds } from './kinds.ts'
import { DeleteOptions } from './meta.ts'
import { pathsOf } from './openapipaths.ts'
import { schemaName, schemasOf } from './openapischemas.ts'
import type { JsonObject } from './value.ts'

/** OpenAPI documents: what `apply` and `explain` ask for. */

/** The v3 document of one group version: `('', 'v1')`. Undefined: not served. */
export function openApiDocument(group: string, version: string): JsonObject | undefined {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version)
  if (served.length === 0) return undefined
  const schemas = schemasOf(served, [DeleteOptions, ...(served.some(isScalable) ? [scale.type] : [])])
  return {
    openapi: '3.0.0',
    info: { title: 'Skein', version: 'v1' },
    paths: Object.assign({}, ...served.map((kind) => pathsOf(kind, schemaName(kind.type, kind.group)))),
    components: { schemas },
  }
}

/** The smallest v2 document that kubectl before 1.29 takes: `swagger`, `info`, and no path. In protobuf. */
export const openApiV2: Uint8Array = message(
  [1, text('2.0')],
  [2, message([1, text('Skein')], [2, text('v1.0.0')])],
  [8, message()],
)

function message(...fields: readonly (readonly [number: number, value: Uint8Array])[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => [number * 8 + 2, value.length, ...value])
  return Uint8Array.from(parts)
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
