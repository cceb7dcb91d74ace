import { expect, test } from 'vitest'
import { authorityForm, clientForm, lifetimes, renewAtMs, servingForm } from './ca.ts'

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const dayMs = 86_400_000

test('a serving certificate covers every name by which a node is asked', () => {
  const form = servingForm('n1', ['host.example'], ['10.0.0.5', '127.0.0.1'], nowMs)
  expect(form.dnsNames).toEqual([
    'n1',
    'host.example',
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ])
  expect(form.ipAddresses).toEqual(['10.0.0.5', '127.0.0.1', '::1'])
})

test('certificates begin an hour back, in whole seconds', () => {
  for (const form of [authorityForm('c', nowMs), servingForm('n', [], [], nowMs), clientForm('u', [], dayMs, nowMs)]) {
    expect(form.notBeforeMs).toBe(nowMs - 678 - lifetimes.backDatedMs)
    expect(form.notAfterMs % 1000).toBe(0)
  }
})

test('a client is its user and groups', () => {
  const form = clientForm('ann', ['ops', 'system:masters'], dayMs, nowMs)
  expect(form).toMatchObject({ kind: 'client', commonName: 'ann', organizations: ['ops', 'system:masters'] })
  expect(form.notAfterMs).toBe(nowMs - 678 + dayMs)
})

test('renewal is due at two thirds of the life', () => {
  expect(renewAtMs({ notBeforeMs: 0, notAfterMs: 30 * dayMs })).toBe(20 * dayMs)
  const form = servingForm('n1', [], [], nowMs)
  expect(renewAtMs(form)).toBeGreaterThan(nowMs + 19 * dayMs)
  expect(renewAtMs(form)).toBeLessThan(nowMs + 21 * dayMs)
})
