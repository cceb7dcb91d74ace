import type { Entropy } from '../host/host.ts'
import type { FieldError } from '../objects/field.ts'
import type { Kind, Pool } from '../objects/kind.ts'
import { reservationKey, reservationName } from '../objects/reserve.ts'
import type { KubeObject } from '../objects/types.ts'
import type { Refusal } from '../store/types.ts'
import type { World } from './world.ts'

/** How often what was drawn may turn out to be somebody else's: each time somebody else has got on. */
export const drawsMax = 64

/** With what it needs for itself alone, or why it cannot have what it asks for. */
export function allocate(
  world: World,
  kind: Kind,
  object: KubeObject,
  held: readonly string[],
): { readonly object: KubeObject; readonly errors: readonly FieldError[] } {
  if (kind.allocate === null) return { object, errors: [] }
  const pool: Pool = {
    has: (name) => world.view.get(reservationKey(name)) !== undefined,
    draw: (below) => drawBelow(world.entropy, below),
  }
  const allocated = kind.allocate(object, held, pool)
  return 'errors' in allocated ? { object, errors: allocated.errors } : { object: allocated.object, errors: [] }
}

/** Whether all that stood in the way is that somebody else was first to take a name. */
export function lostRace(refusals: readonly Refusal[]): boolean {
  const conflicts = refusals.filter((refusal) => refusal.type === 'conflict')
  return conflicts.length > 0 && conflicts.every(({ key }) => reservationName(key) !== null)
}

const drawRange = 2 ** 32

/** Evenly: numbers that would make some likelier than others are drawn again. */
function drawBelow(entropy: Entropy, below: number): number {
  const end = drawRange - (drawRange % below)
  for (;;) {
    const bytes = entropy.bytes(4)
    const drawn = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    if (drawn < end) return drawn % below
  }
}
