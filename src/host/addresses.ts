/** Where a host listens, as people write it: `10.0.0.7:7946`, `[fd00::7]:7946`, `n1.example:7946`. */
export interface HostPort {
  readonly host: string
  readonly port: number
  readonly family: 'ip4' | 'ip6' | 'dns'
}

/** Null when the text is not `host:port`. An IPv6 address stands in brackets. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) return null
  const [, ip6, name, digits] = match
  const port = Number(digits)
  if (port > 65_535) return null
  if (ip6 !== undefined) return ip6.includes(':') ? { host: ip6, port, family: 'ip6' } : null
  if (name === undefined) return null
  if (isIp4(name)) return { host: name, port, family: 'ip4' }
  return /^[0-9.]+$/.test(name) ? null : { host: name, port, family: 'dns' }
}

export function formatHostPort({ host, port, family }: HostPort): string {
  return family === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address in libp2p's words. */
export function toMultiaddrText({ host, port, family }: HostPort): string {
  return `/${family}/${host}/tcp/${port}`
}

/** Whether it stands for every address of the machine: good to listen on, no use to anyone who wants to connect. */
export function isWildcard({ host, family }: HostPort): boolean {
  return family === 'ip4' ? host === '0.0.0.0' : family === 'ip6' && /^[0:]+$/.test(host)
}

function isIp4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)
}
