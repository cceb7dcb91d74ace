import { parseJson } from '../json.ts'
import { configKey } from '../rules.ts'
import type { Check, Fill, Loose, Report } from '../schema.ts'
import { isRecord } from '../value.ts'

const dataBytesMax = 1024 * 1024

/** Texts are bytes too: what was sent as text wins over what lies under its key. */
export const foldStringData: Fill = (secret) => {
  const { stringData, ...rest } = secret
  if (stringData === undefined) return secret
  const given: [string, unknown][] = Object.keys(stringData).map((key) => [key, base64(String(stringData[key]))])
  const all = new Map<string, unknown>([...Object.entries(rest.data ?? {}), ...given])
  if (all.size === 0) return rest
  return { ...rest, data: Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

export const secretRules: Check = (secret, report) => {
  const data: Loose = secret.data ?? {}
  let bytes = 0
  for (const key of Object.keys(data)) {
    for (const detail of configKey(key)) report('Invalid value', `data[${key}]`, key, detail)
    bytes += lengthOf(data[key])
  }
  if (bytes > dataBytesMax) report('Too long', 'data', undefined, `may not be more than ${dataBytesMax} bytes`)
  const { type = 'Opaque' } = secret
  const wanted = Object.hasOwn(wantedKeys, type) ? wantedKeys[type] : undefined
  for (const key of wanted ?? []) if (!Object.hasOwn(data, key)) report('Required value', `data[${key}]`)
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    report('Required value', 'data[username]')
    report('Required value', 'data[password]')
  }
  if (type === 'kubernetes.io/dockerconfigjson') json(data, '.dockerconfigjson', report)
  if (type === 'kubernetes.io/dockercfg') json(data, '.dockercfg', report)
  if (type === 'kubernetes.io/service-account-token') {
    const name = secret.metadata?.annotations?.['kubernetes.io/service-account.name'] ?? ''
    if (name === '') report('Required value', 'metadata.annotations[kubernetes.io/service-account.name]')
  }
}

/** Which keys a secret of a known type must have. */
const wantedKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
}

function json(data: Loose, key: string, report: Report): void {
  if (!Object.hasOwn(data, key)) return
  const parsed = parseJson(Uint8Array.from(atob(String(data[key])), (char) => char.charCodeAt(0)))
  // The parser's own words would show what was parsed.
  const why = parsed.error !== null ? 'must be valid JSON' : isRecord(parsed.value) ? null : 'must be a JSON object'
  if (why !== null) report('Invalid value', `data[${key}]`, '<secret contents redacted>', why)
}

function lengthOf(text: unknown): number {
  const base64 = String(text)
  return (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0)
}

const chunkBytes = 0x8000

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    binary += String.fromCharCode(...bytes.subarray(at, at + chunkBytes))
  }
  return btoa(binary)
}
