import type { Fill } from '../schema.ts'

/** Some at a time is how pods are replaced, unless it is said otherwise; then it is also said how fast. */
export const strategyDefaults: Fill = (strategy) => {
  const { type = 'RollingUpdate', rollingUpdate } = strategy
  if (type !== 'RollingUpdate' || rollingUpdate !== undefined) return strategy
  return { ...strategy, type, rollingUpdate: {} }
}
