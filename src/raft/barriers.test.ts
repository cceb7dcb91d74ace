import { describe, expect, test } from 'vitest'
import { newBarriers, type Waiter } from './barriers.ts'

interface Asker {
  readonly tokens: string[]
  readonly outcomes: Record<string, string>
  readonly barriers: ReturnType<typeof newBarriers>
  wait(name: string): Waiter
  ask(answer?: boolean): void
}

function asker(overrides: Partial<Parameters<typeof newBarriers>[0]> = {}): Asker {
  const tokens: string[] = []
  const outcomes: Record<string, string> = {}
  const barriers = newBarriers({
    barriersMax: 3,
    readRetryTicks: 5,
    readTimeoutTicks: 20,
    tokenPrefix: 'p',
    timedOut: () => new Error('nobody answers'),
    ...overrides,
  })
  return {
    tokens,
    outcomes,
    barriers,
    wait(name) {
      const waiter: Waiter = {
        resolve: () => void Object.assign(outcomes, { [name]: 'read' }),
        reject: (reason) => void Object.assign(outcomes, { [name]: reason.message }),
      }
      if (!barriers.add(waiter)) outcomes[name] = 'full'
      return waiter
    },
    ask: (answer = true) => barriers.ask((token) => (answer ? tokens.push(token) > 0 : false)),
  }
}

test('all that wait are covered by one question, and released when its index is applied', () => {
  const { wait, ask, barriers, tokens, outcomes } = asker()
  wait('one')
  wait('two')
  ask()
  ask()
  expect(tokens).toEqual(['p-1'])
  barriers.answered({ token: 'p-1', index: 7 })
  barriers.applied(6)
  expect(outcomes).toEqual({})
  barriers.applied(7)
  expect(outcomes).toEqual({ one: 'read', two: 'read' })
})

test('who came after the question waits for the next', () => {
  const { wait, ask, barriers, tokens, outcomes } = asker()
  barriers.applied(9)
  wait('before')
  ask()
  wait('after')
  barriers.answered({ token: 'p-1', index: 7 })
  expect(outcomes).toEqual({ before: 'read' })
  ask()
  expect(tokens).toEqual(['p-1', 'p-2'])
  barriers.answered({ token: 'p-2', index: 7 })
  expect(outcomes).toEqual({ before: 'read', after: 'read' })
})

test('it is asked again under a fresh token; a late answer to the first still counts for those it covered', () => {
  const { wait, ask, barriers, tokens, outcomes } = asker()
  wait('one')
  ask()
  for (let i = 0; i < 5; i++) barriers.tick()
  wait('two')
  ask()
  expect(tokens).toEqual(['p-1', 'p-2'])
  barriers.applied(9)
  barriers.answered({ token: 'p-1', index: 3 })
  expect(outcomes).toEqual({ one: 'read' })
  barriers.answered({ token: 'p-1', index: 3 })
  expect(outcomes).toEqual({ one: 'read' })
})

describe('nobody waits for ever, and not too many', () => {
  test('without an answer', () => {
    const { wait, ask, barriers, outcomes } = asker()
    wait('one')
    ask(false)
    for (let i = 0; i < 20; i++) barriers.tick()
    expect(outcomes).toEqual({ one: 'nobody answers' })
  })

  test('with an answer that is never applied', () => {
    const { wait, ask, barriers, outcomes } = asker()
    wait('one')
    ask()
    barriers.answered({ token: 'p-1', index: 5 })
    for (let i = 0; i < 20; i++) barriers.tick()
    expect(outcomes).toEqual({ one: 'nobody answers' })
  })

  test('the limit, removal, and the end', () => {
    const { wait, barriers, outcomes } = asker()
    const gone = wait('one')
    wait('two')
    wait('three')
    wait('four')
    barriers.remove(gone)
    wait('five')
    barriers.rejectAll(new Error('stopped'))
    expect(outcomes).toEqual({ four: 'full', two: 'stopped', three: 'stopped', five: 'stopped' })
  })
})
