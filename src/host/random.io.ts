import { randomBytes } from 'node:crypto'
import type { Entropy } from './host.ts'

export function newEntropy(): Entropy {
  return { bytes: (count) => new Uint8Array(randomBytes(count)) }
}
