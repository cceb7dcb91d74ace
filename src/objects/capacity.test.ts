import { expect, test } from 'vitest'
import { podRequests } from './capacity.ts'
import type { Container, Pod } from './types.ts'

const cpu = (amount: string, more: Partial<Container> = {}): Container => ({
  name: 'c',
  resources: { requests: { cpu: amount } },
  ...more,
})
const lasting: Partial<Container> = { restartPolicy: 'Always' }

function asked(containers: readonly Container[], initContainers: readonly Container[] = []): number | undefined {
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers, initContainers } }
  return podRequests(pod).cpu
}

test.each<[string, readonly Container[], readonly Container[], number | undefined]>([
  ['nothing', [{ name: 'c' }], [], undefined],
  ['all at once', [cpu('100m'), cpu('200m')], [], 300],
  ['an init container that needs less', [cpu('300m')], [cpu('200m')], 300],
  ['an init container that needs more', [cpu('300m')], [cpu('500m')], 500],
  ['init containers run one at a time', [cpu('1m')], [cpu('500m'), cpu('400m')], 500],
  ['one that goes on running counts beside', [cpu('300m')], [cpu('200m', lasting)], 500],
  ['beside those after it', [cpu('100m')], [cpu('200m', lasting), cpu('400m')], 600],
  ['not beside those before it', [cpu('100m')], [cpu('400m'), cpu('200m', lasting)], 400],
])('%s', (_, containers, initContainers, expected) => expect(asked(containers, initContainers)).toBe(expected))

test('limits count where nothing is requested; each pod is one; disks are not counted', () => {
  const containers = [
    {
      name: 'a',
      resources: { limits: { cpu: '1', memory: '1Ki' }, requests: { cpu: '500m', 'ephemeral-storage': '1Gi' } },
    },
  ]
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers, overhead: { memory: '1Ki' } } }
  expect(podRequests(pod)).toEqual({ cpu: 500, memory: 2048, pods: 1 })
})
