import { expect, it } from 'vitest'
import { newHealth } from './health.ts'

it('local health goes down with failures to a ninth of its pace, and comes back step by step', () => {
  const health = newHealth()
  expect(health.multiplier).toBe(1)
  health.improve()
  expect(health.multiplier).toBe(1)
  health.worsen(3)
  expect(health.multiplier).toBe(4)
  health.worsen(100)
  expect(health.multiplier).toBe(9)
  for (let i = 0; i < 8; i++) health.improve()
  expect(health.multiplier).toBe(1)
})
