import { writeFileSync } from 'node:fs'
import { command, ip, ipAsk } from './command.ts'
import type { HostPlace, Place } from './names.ts'
import type { Range } from './ranges.ts'

/**
 * The network between the hosts: two switches in a namespace of their own, where no rule of the machine's firewall
 * reaches. All are plugged into the first; who is partitioned off is plugged into the second. Its link stays up, so
 * that it sees what a failed switch somewhere in between lets one see: silence.
 */
export const switches = { joined: 'joined', cut: 'cut' } as const
export type Side = keyof typeof switches

/** The switches, and the machine's own link to them. */
export async function makeLan({ lan, machineLink }: Place, { machineAddress }: Range): Promise<void> {
  await command('ip', ['netns', 'add', lan])
  await ip(
    lan,
    Object.values(switches).flatMap((name) => [`link add ${name} type bridge`, `link set ${name} up`]),
  )
  await ip(null, [`link add ${machineLink} type veth peer name machine netns ${lan}`])
  // The hosts' default route ends at the machine, which passes nothing on: no packet of a test leaves it.
  writeFileSync(`/proc/sys/net/ipv4/conf/${machineLink}/forwarding`, '0')
  await ip(null, [`addr add ${machineAddress}/24 dev ${machineLink}`, `link set ${machineLink} up`])
  await ip(lan, [`link set machine master ${switches.joined} up`])
}

/** A host's network as it is at power-on: nothing in it but its own link. */
export async function plugIn({ lan }: Place, host: HostPlace, range: Range, side: Side): Promise<void> {
  const { mark, plug, index } = host
  const hardware = range.hardwareAddressOf(index)
  await command('ip', ['netns', 'add', mark])
  await ip(lan, [
    `link add ${plug} type veth peer name eth0 address ${hardware} netns ${mark}`,
    `link set ${plug} master ${switches[side]} up`,
  ])
  await ip(mark, [
    'link set lo up',
    `addr add ${range.addressOf(index)}/24 dev eth0`,
    'link set eth0 up',
    // Without a default route a connect to a service's address fails before any rule sees it.
    `route add default via ${range.machineAddress}`,
  ])
}

/** Pulls the cable: from here on its peers hear nothing of it, neither FIN nor RST. */
export async function unplug({ lan }: Place, { plug }: HostPlace): Promise<void> {
  await ip(lan, [`link set ${plug} down`])
}

export async function move({ lan }: Place, hosts: readonly HostPlace[], side: Side): Promise<void> {
  await ip(
    lan,
    hosts.map(({ plug }) => `link set ${plug} master ${switches[side]}`),
  )
}

/** Where each plug is; unplugged ones are down. */
export async function plugs({ lan }: Place): Promise<ReadonlyMap<string, Side | 'unplugged'>> {
  const links = await ipAsk<{ ifname: string; master?: string; flags: string[] }[]>(lan, [
    'link',
    'show',
    'type',
    'veth',
  ])
  return new Map(
    links.map(({ ifname, master, flags }) => [
      ifname,
      !flags.includes('UP') ? 'unplugged' : master === switches.cut ? 'cut' : 'joined',
    ]),
  )
}
