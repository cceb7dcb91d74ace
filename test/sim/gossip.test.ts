import { expect, it } from 'vitest'
import { driveGossip, type Gossip, newGossip } from '../../src/gossip/driver.ts'
import { lan } from '../../src/gossip/preset.ts'
import type { Network } from '../../src/host/host.ts'
import { newRandom } from '../../src/lib/random.ts'
import { newSimClock, newSimMachineClock } from './host/clock.ts'
import { newSimLinks } from './host/links.ts'
import { newSimLog, type SimLogLine } from './host/log.ts'
import { newSimNetwork } from './host/network.ts'
import { newSimProcess, type SimProcess } from './process.ts'
import { newWorld } from './world.ts'

/** Gossip's driver, several times, on simulated devices; the roster is what the store would say. */
function newRing(seed: number, size: number) {
  const world = newWorld(seed)
  const links = newSimLinks()
  const network = newSimNetwork(world, links)
  const lines: SimLogLine[] = []
  let roster = Array.from({ length: size }, (_, i) => ({
    identity: `i${i}`,
    name: `n${i}`,
    addresses: [`10.0.0.${i}:7946`],
  }))
  const lives = new Map<string, { process: SimProcess; gossip: Gossip; network: Network; stop: AbortController }>()

  function start(index: number): void {
    const self = roster[index]
    if (self === undefined) throw new RangeError('no such member')
    const life = (lives.get(self.identity)?.process.life ?? 0) + 1
    const process = newSimProcess(world, self.name, life)
    const own = network.attach(process, self.identity, self.addresses)
    own.admit((peer) => roster.some((member) => member.identity === peer))
    const gossip = newGossip({
      self,
      network: own,
      clock: newSimClock(world, process, newSimMachineClock(world)),
      random: newRandom(seed * 31 + index + life),
      log: newSimLog(world, process, (line) => lines.push(line)),
      preset: lan,
    })
    const stop = new AbortController()
    driveGossip(gossip, { members: () => roster }, stop.signal).catch((error: Error) => world.fail(error))
    lives.set(self.identity, { process, gossip, network: own, stop })
  }
  for (let i = 0; i < size; i++) start(i)

  return {
    world,
    links,
    lines,
    start,
    life: (index: number) => {
      const life = lives.get(`i${index}`)
      if (life === undefined) throw new RangeError('no such member')
      return life
    },
    remove(index: number) {
      roster = roster.filter((member) => member.identity !== `i${index}`)
      for (const life of lives.values()) life.network.recheck()
    },
    /** What the living say of this member. */
    views: (index: number) =>
      [...lives.values()]
        .filter(({ process }) => process.alive)
        .map(({ gossip }) => gossip.heard.members().find((member) => member.identity === `i${index}`)?.state),
  }
}

it.each([1, 2, 3, 4, 5])('finds the dead, takes them back, hears farewells; seed %d', async (seed) => {
  const ring = newRing(seed, 5)
  await ring.world.run(12_000)
  expect(ring.lines.filter(({ message }) => /suspect|dead|left/.test(message))).toEqual([])

  const changes: string[] = []
  ring.life(0).gossip.heard.subscribe((member) => changes.push(`${member.identity} ${member.state}`))
  const crashedMs = ring.world.nowMs
  ring.life(3).process.kill()
  await ring.world.run(crashedMs + 15_000, () => ring.views(3).every((state) => state === 'dead'))
  expect(ring.world.nowMs - crashedMs).toBeLessThan(4_000)
  expect(changes).toEqual(['i3 suspect', 'i3 dead'])
  expect(ring.lines).toContainEqual(
    expect.objectContaining({
      level: 'info',
      message: 'member dead',
      fields: { peer: 'i3', name: 'n3', incarnation: 0 },
    }),
  )

  ring.start(3)
  const restartedMs = ring.world.nowMs
  await ring.world.run(restartedMs + 15_000, () => ring.views(3).every((state) => state === 'alive'))
  expect(ring.world.nowMs - restartedMs).toBeLessThan(5_000)

  ring.life(4).stop.abort(new Error('the daemon stops'))
  await ring.world.run(ring.world.nowMs + 2_000)
  ring.life(4).process.kill()
  expect(ring.views(4)).toEqual(['left', 'left', 'left', 'left'])

  ring.remove(4)
  await ring.world.run(ring.world.nowMs + 2_000)
  expect(ring.views(4)).toEqual([undefined, undefined, undefined, undefined])
})

it.each([1, 2, 3])('falls apart at a partition and is whole again soon after it; seed %d', async (seed) => {
  const ring = newRing(seed, 5)
  await ring.world.run(12_000)
  for (const minority of [0, 1]) {
    for (const other of [2, 3, 4]) {
      ring.links.cut(`n${minority}`, `n${other}`)
      ring.links.cut(`n${other}`, `n${minority}`)
    }
  }
  await ring.world.run(60_000)
  expect(ring.views(0)).toEqual(['alive', 'alive', 'dead', 'dead', 'dead'])
  expect(ring.views(4)).toEqual(['dead', 'dead', 'alive', 'alive', 'alive'])
  ring.links.mend()
  const whole = (): boolean => [0, 1, 2, 3, 4].every((index) => ring.views(index).every((state) => state === 'alive'))
  await ring.world.run(90_000, whole)
  expect(ring.world.nowMs - 60_000).toBeLessThan(10_000)
})

it('goes on through loss, repetition and disorder', async () => {
  const ring = newRing(9, 6)
  Object.assign(ring.links, { lossChance: 0.1, repeatChance: 0.1, reorderChance: 0.3, delaySpreadMs: 50 })
  await ring.world.run(60_000)
  expect(ring.lines.filter(({ message }) => message === 'member dead')).toEqual([])
})

it('pauses and comes back: it refutes, and blames nobody', async () => {
  const ring = newRing(11, 5)
  await ring.world.run(12_000)
  ring.life(2).process.pause()
  await ring.world.run(20_000)
  expect(ring.views(2).filter((state) => state === 'dead').length).toBe(4)
  ring.life(2).process.resume()
  await ring.world.run(30_000)
  expect(ring.views(2)).toEqual(['alive', 'alive', 'alive', 'alive', 'alive'])
  expect(ring.lines.filter(({ message, fields }) => message === 'member dead' && fields.peer !== 'i2')).toEqual([])
})
