import { hostname } from 'node:os'
import { renewAtMs, servingForm } from '../auth/ca.ts'
import type { KeyPair } from '../config.ts'
import { issueCertificate } from './certificates.io.ts'
import type { Clock, Log } from './host.ts'
import { newTlsHttp, type TlsHttp, type TlsMaterial } from './http.io.ts'

export interface ServingOptions {
  readonly nodeName: string
  /** All addresses at which this host may be reached. Asked anew at each renewal, for they may change. */
  readonly addresses: () => readonly string[]
  readonly ca: KeyPair
  readonly clock: Clock
  readonly log: Log
}

const retryMs = 3_600_000

/** Serves with a certificate that this node issues to itself, and renews it until the signal aborts. */
export async function openServing(options: ServingOptions, signal: AbortSignal): Promise<TlsHttp> {
  const { clock, log } = options
  const first = await issue(options)
  const http = newTlsHttp(first.material, log)
  let cancel = clock.after(first.renewAtMs - clock.nowMs(), renew)
  signal.addEventListener('abort', () => cancel(), { once: true })
  return http

  function renew(): void {
    issue(options).then(
      (next) => {
        http.renew(next.material)
        log.info('serving certificate renewed', { nextAt: new Date(next.renewAtMs).toISOString() })
        cancel = signal.aborted ? cancel : clock.after(next.renewAtMs - clock.nowMs(), renew)
      },
      (error: unknown) => {
        log.error('serving certificate not renewed; trying again in an hour', { error })
        cancel = signal.aborted ? cancel : clock.after(retryMs, renew)
      },
    )
  }
}

async function issue({
  nodeName,
  addresses,
  ca,
  clock,
}: ServingOptions): Promise<{ material: TlsMaterial; renewAtMs: number }> {
  const form = servingForm(nodeName, ownNames(), addresses(), clock.nowMs())
  const { certificatePem, keyPem } = await issueCertificate(form, ca)
  // The authority travels with the leaf, so that a node that joins finds in the chain what its token pins.
  const material = { key: keyPem, cert: certificatePem + ca.certificatePem, ca: ca.certificatePem }
  return { material, renewAtMs: renewAtMs(form) }
}

function ownNames(): string[] {
  return [hostname()].filter((name) => /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(name))
}
