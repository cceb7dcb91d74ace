import { describe, expect, it } from 'vitest'
import { newRandom } from '../lib/random.ts'
import type { Message } from './codec.ts'
import type { Member, MemberState, Update } from './member.ts'
import { lan } from './preset.ts'
import type { Action } from './state.ts'
import { newSwim, type Swim } from './swim.ts'

const roster = ['a', 'b', 'c', 'd', 'e'].map((identity) => ({ identity, name: `node-${identity}` }))

/** Member `a` of five, of which none is new. */
function newA(joinGraceMs = 0): Swim {
  const preset = { ...lan, joinGraceMs }
  const swim = newSwim({ self: { identity: 'a', name: 'node-a' }, preset, random: newRandom(1), nowMs: 0 })
  swim.roster(roster, 0)
  return swim
}

const say = (identity: string, state: MemberState, incarnation: number, from = 'b'): Message => ({
  type: 'gossip',
  updates: [{ identity, state, incarnation, from }],
})
const find = (swim: Swim, identity: string): Member => {
  const member = swim.members().find((one) => one.identity === identity)
  if (member === undefined) throw new Error(`${identity} is no member`)
  return member
}
const sends = (actions: readonly Action[]) => actions.filter((action) => action.type === 'send')
const changes = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => (action.type === 'changed' ? [`${action.member.identity} ${action.member.state}`] : []))

/** Ticks at each alarm up to `untilMs`; `answer` may speak for the others. */
function runUntil(
  swim: Swim,
  untilMs: number,
  answer: (to: string, message: Message) => Message | null = () => null,
): Action[] {
  const all: Action[] = []
  const take = (actions: readonly Action[], nowMs: number): void => {
    all.push(...actions)
    for (const action of actions) {
      if (action.type !== 'send') continue
      const reply = answer(action.to, action.message)
      if (reply !== null) take(swim.receive(action.to, reply, nowMs), nowMs)
    }
  }
  while (swim.wakeAtMs <= untilMs) {
    const nowMs = swim.wakeAtMs
    take(swim.tick(nowMs), nowMs)
  }
  return all
}

const ack = (_: string, message: Message): Message | null =>
  message.type === 'ping' ? { type: 'ack', sequence: message.sequence, updates: [] } : null

describe('swim', () => {
  it('probes each member once in a round', () => {
    const swim = newA()
    const actions = runUntil(swim, 4 * lan.probeIntervalMs, ack)
    const pinged = sends(actions).flatMap((action) => (action.message.type === 'ping' ? [action.to] : []))
    expect([...pinged].sort()).toEqual(['b', 'c', 'd', 'e'])
    expect(swim.members().every((member) => member.state === 'alive')).toBe(true)
    expect(swim.healthMultiplier).toBe(1)
  })

  it('answers a ping at once', () => {
    const actions = newA().receive('c', { type: 'ping', sequence: 7, updates: [] }, 5)
    expect(actions).toEqual([
      { type: 'send', to: 'c', message: { type: 'ack', sequence: 7, updates: expect.anything() } },
    ])
  })

  it('asks relayers when the direct answer is late, suspects after the period, and declares dead after the suspicion', () => {
    const swim = newA()
    const deaf = (to: string, message: Message): Message | null => {
      if (to === 'c') return null
      if (message.type === 'probe') return { type: 'nack', sequence: message.sequence, updates: [] }
      return ack(to, message)
    }
    let suspectedMs = 0
    while (find(swim, 'c').state === 'alive') {
      const actions = runUntil(swim, swim.wakeAtMs, deaf)
      if (changes(actions).includes('c suspect'))
        suspectedMs = swim.members().find((m) => m.identity === 'c')?.sinceMs ?? 0
    }
    expect(suspectedMs).toBeLessThanOrEqual(6 * lan.probeIntervalMs)
    expect(swim.healthMultiplier).toBe(1)
    // Nobody confirms: the longest suspicion. Then two others do: the shortest.
    swim.receive('b', say('c', 'suspect', 0, 'b'), suspectedMs)
    swim.receive('d', say('c', 'suspect', 0, 'd'), suspectedMs)
    const before = runUntil(swim, suspectedMs + 1_399, deaf)
    expect(changes(before)).toEqual([])
    const after = runUntil(swim, suspectedMs + 1_401, deaf)
    expect(changes(after)).toEqual(['c dead'])
    expect(after).toContainEqual({
      type: 'broadcast',
      updates: [{ identity: 'c', state: 'dead', incarnation: 0, from: 'a' }],
    })
  })

  it('asks three relayers for one probe', () => {
    const swim = newA()
    const actions = runUntil(swim, lan.probeIntervalMs + lan.probeTimeoutMs)
    const probes = sends(actions).filter((action) => action.message.type === 'probe')
    expect(probes.length).toBe(3)
    expect(new Set(probes.map((probe) => probe.to)).size).toBe(3)
    for (const probe of probes) expect(probe.message).not.toMatchObject({ target: probe.to })
  })

  it("takes the answer of a relayer for that of the target, and no stranger's", () => {
    const swim = newA()
    const targets = new Map<number, string>()
    runUntil(swim, 10 * lan.probeIntervalMs, (to, message) => {
      if (message.type === 'ping') targets.set(message.sequence, to)
      return message.type === 'probe' ? { type: 'ack', sequence: message.sequence, updates: [] } : null
    })
    expect(swim.members().every((member) => member.state === 'alive')).toBe(true)
    const other = newA()
    runUntil(other, 1_000, (to, message) => {
      if (message.type === 'ping') {
        const wrong = to === 'b' ? 'c' : 'b'
        other.receive(wrong, { type: 'ack', sequence: message.sequence, updates: [] }, 0)
      }
      return null
    })
    expect(other.members().some((member) => member.state === 'suspect')).toBe(true)
  })

  it('probes for others: passes the answer on, or says in time that it has none', () => {
    const swim = newA()
    const asked = swim.receive('b', { type: 'probe', sequence: 99, target: 'c', updates: [] }, 0)
    const [ping] = sends(asked)
    expect(ping).toMatchObject({ to: 'c', message: { type: 'ping' } })
    const own = ping?.message.type === 'ping' ? ping.message.sequence : -1
    expect(sends(swim.receive('d', { type: 'ack', sequence: own, updates: [] }, 1))).toEqual([])
    const passed = sends(swim.receive('c', { type: 'ack', sequence: own, updates: [] }, 1))
    expect(passed).toMatchObject([{ to: 'b', message: { type: 'ack', sequence: 99 } }])
    swim.receive('b', { type: 'probe', sequence: 100, target: 'd', updates: [] }, 10)
    const nacks = sends(runUntil(swim, 175)).filter((action) => action.message.type === 'nack')
    expect(nacks).toMatchObject([{ to: 'b', message: { sequence: 100 } }])
  })

  it('refutes what is said of it, with a higher incarnation each time, also what is stale', () => {
    const swim = newA()
    const actions = swim.receive('b', say('a', 'suspect', 0), 1)
    const refutation: Update = { identity: 'a', state: 'alive', incarnation: 1, from: 'a' }
    expect(actions).toContainEqual({ type: 'broadcast', updates: [refutation] })
    expect(find(swim, 'a')).toMatchObject({ state: 'alive', incarnation: 1 })
    expect(swim.healthMultiplier).toBe(2)
    swim.receive('b', say('a', 'dead', 7), 2)
    expect(find(swim, 'a').incarnation).toBe(8)
    runUntil(swim, 3_000, ack) // its news is spread, and forgotten
    const [reply] = sends(
      swim.receive(
        'c',
        { type: 'ping', sequence: 1, updates: [{ ...refutation, state: 'suspect', incarnation: 3 }] },
        3_000,
      ),
    )
    expect(reply?.message.updates).toContainEqual({ identity: 'a', state: 'alive', incarnation: 8, from: 'a' })
  })

  it('goes on from the incarnation of a former life', () => {
    const swim = newA()
    swim.receive('b', say('a', 'alive', 5, 'a'), 1)
    expect(find(swim, 'a').incarnation).toBe(5)
    swim.receive('b', say('a', 'left', 5, 'a'), 1)
    expect(find(swim, 'a')).toMatchObject({ state: 'alive', incarnation: 6 })
  })

  it('ignores stale incarnations and believes the member itself', () => {
    const swim = newA()
    expect(changes(swim.receive('b', say('c', 'suspect', 0), 1))).toEqual(['c suspect'])
    expect(changes(swim.receive('b', say('c', 'alive', 0, 'c'), 2))).toEqual([])
    expect(changes(swim.receive('b', say('c', 'alive', 1, 'c'), 3))).toEqual(['c alive'])
    expect(changes(swim.receive('b', say('c', 'suspect', 0), 4))).toEqual([])
    expect(changes(swim.receive('b', say('c', 'dead', 0), 5))).toEqual([])
    expect(find(swim, 'c')).toMatchObject({ state: 'alive', incarnation: 1, sinceMs: 3 })
    expect(changes(swim.receive('b', say('c', 'dead', 1), 6))).toEqual(['c dead'])
    expect(changes(swim.receive('b', say('c', 'alive', 1, 'c'), 7))).toEqual([])
    expect(changes(swim.receive('b', say('c', 'suspect', 1), 8))).toEqual([])
    expect(changes(swim.receive('b', say('c', 'alive', 2, 'c'), 9))).toEqual(['c alive'])
  })

  it('tells a suspect first, that it may refute', () => {
    const swim = newA()
    swim.receive('b', say('c', 'suspect', 4), 1)
    const [reply] = sends(swim.receive('c', { type: 'ping', sequence: 1, updates: [] }, 2))
    expect(reply?.message.updates[0]).toEqual({ identity: 'c', state: 'suspect', incarnation: 4, from: 'a' })
  })

  it('pings the dead now and then, so that they can come back', () => {
    const swim = newA()
    swim.receive('b', say('c', 'dead', 4), 1)
    const pings = sends(runUntil(swim, 2_000, (to, message) => (to === 'c' ? null : ack(to, message))))
    const toDead = pings.filter((action) => action.to === 'c' && action.message.type === 'ping')
    expect(toDead.length).toBeGreaterThan(2)
    expect(toDead[0]?.message.updates[0]).toEqual({ identity: 'c', state: 'dead', incarnation: 4, from: 'a' })
    const back = swim.receive(
      'c',
      { type: 'ack', sequence: 0, updates: [{ identity: 'c', state: 'alive', incarnation: 5, from: 'c' }] },
      2_000,
    )
    expect(changes(back)).toEqual(['c alive'])
    expect(runUntil(swim, 3_000, ack)).toContainEqual({ type: 'sync', with: 'c' })
  })

  it('only suspects whom a sync calls dead, and takes a farewell for one', () => {
    const swim = newA()
    const updates: Update[] = [
      { identity: 'c', state: 'dead', incarnation: 2, from: 'b' },
      { identity: 'd', state: 'left', incarnation: 2, from: 'b' },
      { identity: 'e', state: 'alive', incarnation: 9, from: 'b' },
    ]
    expect(changes(swim.receive('b', { type: 'sync', updates }, 1))).toEqual(['c suspect', 'd left'])
    expect(find(swim, 'e').incarnation).toBe(9)
  })

  it('knows nobody but the roster, and forgets who is removed from it', () => {
    const swim = newA()
    expect(swim.receive('z', { type: 'ping', sequence: 1, updates: [] }, 1)).toEqual([])
    swim.receive('b', say('z', 'alive', 3, 'z'), 1)
    swim.receive('b', say('c', 'suspect', 3, 'z'), 1)
    expect(swim.members().map((member) => `${member.identity} ${member.state}`)).toEqual(
      roster.map((m) => `${m.identity} alive`),
    )
    const actions = swim.roster(
      roster.filter((member) => member.identity !== 'c'),
      2,
    )
    expect(actions).toEqual([{ type: 'removed', identity: 'c' }])
    expect(swim.receive('b', say('c', 'alive', 9, 'c'), 3)).toEqual([])
    expect(sends(runUntil(swim, 5_000, ack)).some((action) => action.to === 'c')).toBe(false)
    expect(changes(swim.roster(roster, 5_000))).toEqual(['c alive'])
  })

  it('gives a new member time to start', () => {
    const swim = newA(lan.joinGraceMs)
    swim.roster([...roster, { identity: 'f', name: 'node-f' }], 0)
    const mute = (to: string, message: Message): Message | null => (to === 'f' ? null : ack(to, message))
    runUntil(swim, lan.joinGraceMs - 100, mute)
    expect(find(swim, 'f').state).toBe('alive')
    runUntil(swim, 2 * lan.joinGraceMs + 20 * lan.probeIntervalMs, mute)
    expect(find(swim, 'f').state).toBe('dead')
  })

  it('suspects itself when it was stalled: nobody dies of it', () => {
    const swim = newA()
    swim.receive('b', say('c', 'suspect', 0, 'b'), 10)
    swim.receive('d', say('c', 'suspect', 0, 'd'), 10)
    swim.receive('e', say('c', 'suspect', 0, 'e'), 10)
    runUntil(swim, 100)
    const actions = swim.tick(10_000)
    expect(changes(actions)).toEqual([])
    expect(find(swim, 'c').state).toBe('suspect')
    expect(swim.healthMultiplier).toBe(9)
    swim.receive('c', say('c', 'alive', 1, 'c'), 10_001)
    expect(find(swim, 'c').state).toBe('alive')
  })

  it('probes more slowly while it fails where its relayers are silent', () => {
    const swim = newA()
    const pings = (actions: readonly Action[]): number => sends(actions).filter((a) => a.message.type === 'ping').length
    const first = pings(runUntil(swim, 2_000))
    const later = pings(runUntil(swim, 4_000))
    expect(swim.healthMultiplier).toBeGreaterThan(3)
    expect(later).toBeLessThan(first)
  })

  it('probes at once when a connection is lost', () => {
    const swim = newA()
    runUntil(swim, 500, ack)
    const actions = swim.hintLost('d', 501)
    expect(sends(actions)).toMatchObject([{ to: 'd', message: { type: 'ping' } }])
    expect(sends(swim.hintLost('d', 502))).toEqual([])
    expect(swim.hintLost('nobody', 503)).toEqual([])
  })

  it('says farewell and is silent', () => {
    const swim = newA()
    const actions = swim.leave(5)
    const farewell: Update = { identity: 'a', state: 'left', incarnation: 0, from: 'a' }
    expect(actions).toContainEqual({ type: 'broadcast', updates: [farewell] })
    expect(
      sends(actions)
        .map((action) => action.to)
        .sort(),
    ).toEqual(['b', 'c', 'd', 'e'])
    for (const action of sends(actions)) expect(action.message.updates).toContainEqual(farewell)
    expect(swim.tick(10_000)).toEqual([])
    expect(swim.receive('b', say('a', 'dead', 3), 10_000)).toEqual([])
    expect(find(swim, 'a').state).toBe('left')
  })
})
