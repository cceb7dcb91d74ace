import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostsError, ipAsk } from './command.ts'
import { placeOf, root } from './names.ts'

/**
 * The addresses of a set of hosts: a /24 out of 198.18.0.0/15. That block is set aside for tests of network devices
 * (RFC 2544, RFC 6890): no private network, no container engine and no cluster has it, unlike 10/8, 172.16/12 and
 * 192.168/16. Host i is .i, the machine itself .254.
 */
export interface Range {
  /** `198.18.0`: the first three bytes. */
  readonly base: string
  readonly machineAddress: string
  addressOf(index: number): string
  /** A hardware address that stays: a host that was powered off comes back under the one that its peers remember. */
  hardwareAddressOf(index: number): string
}

const claimsFolder = join(root, '.ranges')
/** A claim without a set is one that is about to be made, or after so long one that never was. */
const beginningMsMax = 60_000

export function rangeOf(number: number): Range {
  const [second, third] = [18 + Math.floor(number / 256), number % 256]
  const base = `198.${second}.${third}`
  const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
  return {
    base,
    machineAddress: `${base}.254`,
    addressOf: (index) => `${base}.${index}`,
    hardwareAddressOf: (index) => `02:00:c6:${hex(second)}:${hex(third)}:${hex(index)}`,
  }
}

/** Takes a range that no other set has and that the machine has no route to; its number. */
export async function claimRange(prefix: string): Promise<number> {
  const routes = await ipAsk<{ dst: string }[]>(null, ['-4', 'route', 'show', 'table', 'all'])
  const inTheWay = routes.map(({ dst }) => dst).filter((dst) => dst !== 'default')
  mkdirSync(claimsFolder, { recursive: true, mode: 0o700 })
  for (let number = 0; number < 512; number++) {
    const { base } = rangeOf(number)
    if (!inTheWay.some((dst) => overlaps(`${base}.0/24`, dst)) && take(String(number), prefix)) return number
  }
  const some = inTheWay.filter((dst) => overlaps('198.18.0.0/15', dst)).join(', ')
  throw new HostsError(
    'no address range is free for the hosts: 198.18.0.0/15 is in use on this machine',
    some === '' ? `see ${claimsFolder}` : `these routes are in the way: ${some}`,
  )
}

/** Gives back one range, or all that a set has. */
export function releaseRange(prefix: string, number?: number): void {
  if (!existsSync(claimsFolder)) return
  for (const name of readdirSync(claimsFolder)) {
    const path = join(claimsFolder, name)
    if (readFileSync(path, 'utf8') === prefix && (number === undefined || name === String(number))) rmSync(path)
  }
  if (readdirSync(claimsFolder).length === 0) rmSync(claimsFolder, { recursive: true })
}

function take(name: string, prefix: string): boolean {
  const path = join(claimsFolder, name)
  try {
    writeFileSync(path, prefix, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const held = existsSync(placeOf(readFileSync(path, 'utf8')).folder)
  if (held || Date.now() - statSync(path).mtimeMs < beginningMsMax) return false
  writeFileSync(path, prefix)
  return true
}

/** Whether two IPv4 networks, as `a.b.c.d` or `a.b.c.d/n`, have an address in common. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)]
  const bits = Math.min(a.bits, b.bits)
  const top = (address: number): number => Math.floor(address / 2 ** (32 - bits))
  return top(a.address) === top(b.address)
}

function parse(network: string): { address: number; bits: number } {
  const [address = '', bits = '32'] = network.split('/')
  return { address: address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0), bits: Number(bits) }
}
