import { parseTime } from '../../lib/rfc3339.ts'
import { column, humanDuration, nameColumn } from '../columns.ts'
import { kind } from '../kind.ts'
import { dnsSubdomain, nonNegative, sha256Hex } from '../rules.ts'
import { always, explicit, immutable, int32, is, object, oneOf, required, string, time } from '../schema.ts'

const JoinTokenSpec = object('JoinTokenSpec', 'What the token permits.', {
  scope: [
    1,
    oneOf('full', 'worker'),
    'What may join: nodes that hold the state, or that only run pods.',
    required,
    immutable,
  ],
  secretHash: [
    2,
    string,
    'SHA-256 of the secret, hexadecimal; the secret itself is kept nowhere.',
    required,
    immutable,
    is(sha256Hex),
  ],
  expiresAt: [3, time, 'When it ends; never when absent.'],
  usesLeft: [4, int32, 'How many nodes may still join with it; any number when absent.', explicit, is(nonNegative)],
})

export const joinToken = kind(
  {
    group: 'skein.dev',
    version: 'v1',
    name: 'JoinToken',
    plural: 'jointokens',
    doc: 'A permission to join the cluster.',
    namespaced: false,
    status: false,
    rows: {
      spec: [2, JoinTokenSpec, 'What it permits.', always],
    },
    nameRule: dnsSubdomain,
  },
  {
    columns: [
      nameColumn,
      column('Scope', 'What may join with it.', ({ spec }) => spec.scope),
      column('Expires', 'How long it still holds.', ({ spec }, nowMs) => expires(spec.expiresAt, nowMs)),
      column('Uses', 'How many nodes may still join with it.', ({ spec }) => String(spec.usesLeft ?? '<any>')),
    ],
  },
)

function expires(at: string | undefined, nowMs: number): string {
  const ms = at === undefined ? null : parseTime(at)
  if (ms === null) return '<never>'
  return ms <= nowMs ? 'expired' : humanDuration(ms - nowMs)
}
