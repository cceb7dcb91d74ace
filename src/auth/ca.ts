/**
 * What the cluster's certificates say. One authority per cluster, made by the node that founds it and handed to each
 * full node that joins; every node issues its own serving certificate, so that no node waits for another to serve.
 *
 * Decides only: a form goes in at the device that signs (`host/certificates.io.ts`), a certificate comes out. Usages
 * follow what Go's and OpenSSL's verifiers ask for: names in the SAN alone, one purpose per leaf, a path length of 0.
 */

/** A certificate as it shall be. Times are milliseconds since the epoch. */
export interface CertificateForm {
  readonly kind: 'authority' | 'server' | 'client'
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export const lifetimes = {
  /** Certificates begin a little before they are made, for hosts whose clocks run behind. */
  backDatedMs: hourMs,
  authorityMs: 20 * 365 * dayMs,
  /** Short, and renewed by the running daemon: a key that leaks is of use for weeks, not years. */
  servingMs: 30 * dayMs,
  adminMs: 365 * dayMs,
  /** For one command of `skein` on a node's own host. */
  sessionMs: hourMs,
} as const

/** The group whose members may do everything, as Kubernetes names it. */
export const adminGroup = 'system:masters'
export const adminUser = 'skein:admin'

export function authorityForm(clusterId: string, nowMs: number): CertificateForm {
  return {
    kind: 'authority',
    commonName: `skein-${clusterId}`,
    organizations: ['skein'],
    dnsNames: [],
    ipAddresses: [],
    ...valid(nowMs, lifetimes.authorityMs),
  }
}

/** `addresses` are the IP addresses at which this host may be reached; `names` its names beside the node's own. */
export function servingForm(
  nodeName: string,
  names: readonly string[],
  addresses: readonly string[],
  nowMs: number,
): CertificateForm {
  return {
    kind: 'server',
    commonName: nodeName,
    organizations: ['skein:nodes'],
    dnsNames: unique([nodeName, ...names, 'localhost', ...inClusterNames]),
    ipAddresses: unique([...addresses, '127.0.0.1', '::1']),
    ...valid(nowMs, lifetimes.servingMs),
  }
}

/** Names by which pods ask for the API. */
const inClusterNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
]

/** A person or program: the common name is the user, each organization a group. */
export function clientForm(
  user: string,
  groups: readonly string[],
  lifetimeMs: number,
  nowMs: number,
): CertificateForm {
  return {
    kind: 'client',
    commonName: user,
    organizations: [...groups],
    dnsNames: [],
    ipAddresses: [],
    ...valid(nowMs, lifetimeMs),
  }
}

/** When a certificate should be replaced: at two thirds of its life, which leaves a third for what may hinder it. */
export function renewAtMs(form: Pick<CertificateForm, 'notBeforeMs' | 'notAfterMs'>): number {
  return form.notBeforeMs + Math.floor(((form.notAfterMs - form.notBeforeMs) * 2) / 3)
}

/** X.509 counts in whole seconds. */
function valid(nowMs: number, lifetimeMs: number): { notBeforeMs: number; notAfterMs: number } {
  const wholeMs = Math.floor(nowMs / 1000) * 1000
  return { notBeforeMs: wholeMs - lifetimes.backDatedMs, notAfterMs: wholeMs + lifetimeMs }
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)]
}
