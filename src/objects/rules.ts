import type { Rule } from './schema.ts'

/** What single values must look like, and upstream's words for where they do not. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const NAME_PART = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const CONFIG_KEY = '[-._a-zA-Z0-9]+'

const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const NAME_PART_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const LABEL_VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

/** A part of a DNS name: `my-name`. */
export const dnsLabel: Rule = text((value) => [
  ...atMost(value, 63),
  ...(matches(LABEL, value)
    ? []
    : matches(SUBDOMAIN, value)
      ? ['must not contain dots']
      : [pattern(LABEL_WORDS, LABEL, 'my-name', '123-abc')]),
])

/** A DNS name: `example.com`. */
export const dnsSubdomain: Rule = text((value) => [
  ...atMost(value, 253),
  ...(matches(SUBDOMAIN, value) ? [] : [pattern(SUBDOMAIN_WORDS, SUBDOMAIN, 'example.com')]),
])

/** The key of a label: `example.com/MyName`. */
export const qualifiedName: Rule = text((value) => {
  const parts = value.split('/')
  if (parts.length > 2) {
    const words = pattern(NAME_PART_WORDS, NAME_PART, 'MyName', 'my.name', '123-abc')
    return [`a valid label key ${words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? parts[0] : undefined
  const prefixFaults = prefix === undefined ? [] : prefix === '' ? ['must be non-empty'] : dnsSubdomain(prefix)
  const nameFaults = [
    ...(name === '' ? ['must be non-empty'] : atMost(name, 63)),
    ...(matches(NAME_PART, name) ? [] : [pattern(NAME_PART_WORDS, NAME_PART, 'MyName', 'my.name', '123-abc')]),
  ]
  return [...prefixFaults.map((fault) => `prefix part ${fault}`), ...nameFaults.map((fault) => `name part ${fault}`)]
})

/** The value of a label; may be empty. */
export const labelValue: Rule = text((value) => [
  ...atMost(value, 63),
  ...(matches(`(${NAME_PART})?`, value)
    ? []
    : [pattern(LABEL_VALUE_WORDS, `(${NAME_PART})?`, 'MyValue', 'my_value', '12345')]),
])

/** A key of a ConfigMap or Secret. */
export const configKey: Rule = text((value) => [
  ...atMost(value, 253),
  ...(matches(CONFIG_KEY, value)
    ? []
    : [
        pattern(
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
          CONFIG_KEY,
          'key.name',
          'KEY_NAME',
          'key-name',
        ),
      ]),
  ...(value === '.' || value === '..'
    ? [`must not be '${value}'`]
    : value.startsWith('..')
      ? ["must not start with '..'"]
      : []),
])

/** A variable's name: anything printable but the sign that ends it. */
export const envName: Rule = text((value) =>
  /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
)

/** An IANA service name. */
export const portName: Rule = text((value) => [
  ...atMost(value, 15),
  ...(/^[-a-z0-9]+$/.test(value) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
  ...(/[a-z]/.test(value) ? [] : ['must contain at least one letter (a-z)']),
  ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(value.startsWith('-') || value.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
])

/** An IPv4 or IPv6 address, without a zone. */
export const ipAddress: Rule = text((value) =>
  isIPv4(value) || isIPv6(value) ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
)

/** An address that something can be behind: not of the machine itself, nor of a link, nor of many. */
export const endpointAddress: Rule = text((value) => {
  if (ipAddress(value).length > 0) return ipAddress(value)
  if (value === '0.0.0.0' || value === '::') return ['may not be unspecified (0.0.0.0 or ::)']
  if (value.startsWith('127.') || value === '::1') return ['may not be in the loopback range (127.0.0.0/8, ::1/128)']
  if (value.startsWith('169.254.') || /^fe[89ab]/i.test(value)) {
    return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
  }
  return /^(22[4-9]|23\d)\./.test(value) || /^ff/i.test(value) ? ['may not be a multicast address'] : []
})

/** SHA-256 in hexadecimal. */
export const sha256Hex: Rule = text((value) =>
  /^[0-9a-f]{64}$/.test(value) ? [] : ['must be 64 lower case hexadecimal digits'],
)

export const portNumber: Rule = between(1, 65_535)
export const weight: Rule = (value) =>
  typeof value === 'number' && value >= 1 && value <= 100 ? [] : ['must be in the range 1-100']
export const nonNegative: Rule = (value) =>
  typeof value === 'number' && value >= 0 ? [] : ['must be greater than or equal to 0']
export const positive: Rule = (value) => (typeof value === 'number' && value > 0 ? [] : ['must be greater than zero'])
/** Seconds that fit 32 bits and are at least one. */
export const activeDeadline: Rule = between(1, 2_147_483_647)

export function between(least: number, most: number): Rule {
  return (value) =>
    typeof value === 'number' && value >= least && value <= most
      ? []
      : [`must be between ${least} and ${most}, inclusive`]
}

function text(rule: (value: string) => readonly string[]): Rule {
  return (value) => (typeof value === 'string' ? rule(value) : ['must be a string'])
}

function atMost(value: string, bytesMax: number): string[] {
  return new TextEncoder().encode(value).length > bytesMax ? [`must be no more than ${bytesMax} bytes`] : []
}

const compiled = new Map<string, RegExp>()

function matches(source: string, value: string): boolean {
  // Texts that are far too long have been refused for that; no pattern needs to look at them.
  if (value.length > 1000) return false
  const known = compiled.get(source) ?? new RegExp(`^(?:${source})$`)
  compiled.set(source, known)
  return known.test(value)
}

function pattern(words: string, source: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ')
  return `${words} (e.g. ${shown}regex used for validation is '${source}')`
}

export function isIPv4(value: string): boolean {
  const parts = value.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
}

export function isIPv6(value: string): boolean {
  const halves = value.split('::')
  if (halves.length > 2 || value.length > 45) return false
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)?.at(-1) ?? ''
  const mapped = last.includes('.')
  if (mapped && !isIPv4(last)) return false
  const all = groups.flat()
  const count = all.length + (mapped ? 1 : 0)
  const words = mapped ? all.slice(0, -1) : all
  return words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word)) && (halves.length === 2 ? count < 8 : count === 8)
}
