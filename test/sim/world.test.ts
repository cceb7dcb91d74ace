import { describe, expect, it } from 'vitest'
import { newSimProcess } from './process.ts'
import { newWorld } from './world.ts'

describe('virtual time', () => {
  it('runs events in the order of their times, and ties by the seed alone', async () => {
    const orders = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const world = newWorld(seed)
        const order: string[] = []
        for (const [name, ms] of [
          ['late', 30],
          ['early', 10],
          ['a', 20],
          ['b', 20],
          ['c', 20],
          ['d', 20],
          ['e', 20],
        ] as const) {
          world.after(ms, () => order.push(name))
        }
        await world.run(100)
        expect(world.nowMs).toBe(100)
        return order
      }),
    )
    const [first, again, other] = orders
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
    for (const order of orders) {
      expect(order[0]).toBe('early')
      expect(order.at(-1)).toBe('late')
    }
  })

  it('drains every promise that an event woke before the next event', async () => {
    const world = newWorld(1)
    const order: string[] = []
    world.after(1, () => {
      void (async () => {
        for (let i = 0; i < 1_000; i++) await null
        order.push('woken')
      })()
    })
    world.after(1.000001, () => order.push('next'))
    await world.run(2)
    expect(order).toEqual(['woken', 'next'])
  })

  it('stops when it is told, and does not run what was cancelled', async () => {
    const world = newWorld(1)
    let ran = 0
    for (let i = 1; i <= 10; i++) world.after(i, () => ran++)
    world.after(2.5, () => ran++)()
    await world.run(100, () => ran === 4)
    expect([ran, world.nowMs]).toEqual([4, 4])
  })

  it('rejects with the first error that an event threw', async () => {
    const world = newWorld(1)
    world.after(1, () => {
      throw new Error('first')
    })
    world.after(2, () => {
      throw new Error('second')
    })
    await expect(world.run(10)).rejects.toThrow('first')
  })
})

describe('a process', () => {
  it('hears of nothing while it is paused, of all in order when it wakes, and of nothing once it is dead', async () => {
    const world = newWorld(1)
    const process = newSimProcess(world, 'n1')
    const heard: number[] = []
    for (let i = 1; i <= 8; i++) process.enter(i, () => heard.push(i))
    world.after(2.5, () => process.pause())
    world.after(5.5, () => process.resume())
    world.after(7.5, () => process.kill())
    await world.run(5.4)
    expect(heard).toEqual([1, 2])
    await world.run(20)
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})
