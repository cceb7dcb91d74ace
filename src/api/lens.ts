import type { Kind } from '../objects/kind.ts'
import { isScalable, scale, scaleOf, withScale } from '../objects/kinds/scale.ts'
import type { KubeObject } from '../objects/types.ts'

/** What a subresource shows of an object, and what writing it does to the object. */
export interface Lens {
  /** Of what is shown. */
  readonly kind: Kind
  show(object: KubeObject): KubeObject
  change(object: KubeObject, shown: KubeObject): KubeObject
}

export function lensOf(kind: Kind, subresource: string): Lens {
  if (subresource === 'scale' && isScalable(kind)) return { kind: scale, show: scaleOf, change: withScale }
  return { kind, show: (object) => object, change: (_object, shown) => shown }
}
