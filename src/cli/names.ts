/** What people type, judged: names, addresses, labels, durations. */

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export function isDnsLabel(text: string): boolean {
  return dnsLabel.test(text)
}

/** A host's name made a DNS label: what stands before the first dot, in lower case, strange letters as dashes. Null when nothing remains. */
export function dnsLabelOf(hostname: string): string | null {
  const label = (hostname.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
  return isDnsLabel(label) ? label : null
}

/** An IPv4 or IPv6 address, without port or brackets. */
export function isAddress(text: string): boolean {
  return isIp4(text) || isIp6(text)
}

function isIp4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
}

export function isIp6(text: string): boolean {
  if (!/^[0-9a-fA-F:]+$/.test(text)) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : groups.length === 8
}

/** `10.0.0.1`, 6443: `10.0.0.1:6443`; an IPv6 address in brackets. */
export function hostPort(host: string, port: number): string {
  return isIp6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`; null when it is none of these. */
export function parseHostPort(
  text: string,
  portDefault: number,
): { readonly host: string; readonly port: number } | null {
  if (isIp6(text)) return { host: text, port: portDefault }
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?))(?::([0-9]{1,5}))?$/.exec(text)
  if (match === null) return null
  const host = match[1] ?? match[2] ?? ''
  const port = match[4] === undefined ? portDefault : Number(match[4])
  if (port < 1 || port > 65_535) return null
  if (match[1] !== undefined && !isIp6(host)) return null
  if (match[1] === undefined && /^[0-9.]+$/.test(host) && !isIp4(host)) return null
  return { host, port }
}

/** Why Kubernetes would refuse this label; null when it would not. */
export function labelProblem(key: string, value: string): string | null {
  const [first = '', second, ...more] = key.split('/')
  const name = second ?? first
  const part = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
  const prefixGood = second === undefined || (first.length <= 253 && first.split('.').every(isDnsLabel))
  if (more.length > 0 || !part.test(name) || !prefixGood) {
    return 'is not a label key: letters, digits, - _ and . with an optional DNS prefix before a /'
  }
  if (value !== '' && !part.test(value))
    return 'has a value that is no label value: at most 63 letters, digits, - _ and .'
  return null
}

/** `90s`, `30m`, `24h`, `7d` in milliseconds; null when it is none, or more than a year. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9][0-9]{0,8})(s|m|h|d)$/.exec(text)
  if (match === null) return null
  const ms = Number(match[1]) * ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? ''] ?? 0)
  return ms > 365 * 86_400_000 ? null : ms
}

/** The text as one word of a shell command. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
