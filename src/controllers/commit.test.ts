import { describe, expect, it } from 'vitest'
import type { Log } from '../host/host.ts'
import { InvalidTxnError, type StoreWriter, type Txn } from '../store/types.ts'
import { commitSteps } from './commit.driver.ts'
import { type PlanStep, planStep } from './plan.ts'

const ignore = (): void => undefined
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore } as unknown as Log
const signal = new AbortController().signal
const stepOf = (key: string, bytes = 10): PlanStep =>
  planStep('step', { type: 'put', key, expect: { type: 'absent' }, value: new Uint8Array(bytes) })

/** Takes every transaction that no bad key is in. */
function writer(bad: (key: string) => boolean): { readonly writer: StoreWriter; readonly txns: (readonly string[])[] } {
  const txns: (readonly string[])[] = []
  const commit = async ({ writes }: Txn) => {
    const keys = writes.map(({ key }) => key)
    txns.push(keys)
    if (keys.includes('huge')) throw new InvalidTxnError('too large')
    if (keys.some(bad)) return { type: 'refused' as const, refusals: [] }
    return { type: 'done' as const, revisions: keys.map((_, i) => i + 1) }
  }
  return { writer: { commit, barrier: async () => undefined }, txns }
}

describe('committing steps', () => {
  it('puts many into one transaction', async () => {
    const { writer: to, txns } = writer(() => false)
    const steps = Array.from({ length: 150 }, (_, i) => stepOf(`k${i}`))
    const ends = await commitSteps({ writer: to, log }, steps, () => true, signal)
    expect(ends).toEqual(steps.map(() => 'done'))
    expect(txns.map(({ length }) => length)).toEqual([64, 64, 22])
  })

  it('keeps transactions small where the steps are large', async () => {
    const { writer: to, txns } = writer(() => false)
    const steps = ['a', 'b', 'c'].map((key) => stepOf(key, 200_000))
    await commitSteps({ writer: to, log }, steps, () => true, signal)
    expect(txns).toEqual([['a', 'b'], ['c']])
  })

  it('takes apart what is refused, so that one does not keep the others', async () => {
    const { writer: to, txns } = writer((key) => key === 'b')
    const ends = await commitSteps(
      { writer: to, log },
      ['a', 'b', 'c'].map((key) => stepOf(key)),
      () => true,
      signal,
    )
    expect(ends).toEqual(['done', 'refused', 'done'])
    expect(txns).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']])
  })

  it('what no store would take is refused, and the rest goes on', async () => {
    const { writer: to } = writer(() => false)
    const ends = await commitSteps(
      { writer: to, log },
      ['a', 'huge'].map((key) => stepOf(key)),
      () => true,
      signal,
    )
    expect(ends).toEqual(['done', 'refused'])
  })

  it('begins nothing once the term is over', async () => {
    const { writer: to, txns } = writer(() => false)
    expect(await commitSteps({ writer: to, log }, [stepOf('a')], () => false, signal)).toEqual(['skipped'])
    expect(txns).toEqual([])
  })
})
