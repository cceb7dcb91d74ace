import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { authorityForm } from '../../src/auth/ca.ts'
import { issueCertificate } from '../../src/host/certificates.io.ts'
import type { Clock, Log } from '../../src/host/host.ts'
import { openServing } from '../../src/host/serving.io.ts'

const dayMs = 86_400_000
const nothing = (): void => undefined
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent }

/** A clock that stands still until it is told to go on. */
function newStillClock(): Clock & { readonly waits: { readonly ms: number; readonly callback: () => void }[] } {
  const waits: { ms: number; callback: () => void }[] = []
  const nowMs = Date.now()
  return {
    waits,
    nowMs: () => nowMs,
    monotonicMs: () => 0,
    after(ms, callback) {
      const wait = { ms, callback }
      waits.push(wait)
      return () => {
        waits.splice(waits.indexOf(wait), 1)
      }
    },
  }
}

function serialAt(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'n1' }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('the serving certificate is renewed while the server runs, again and again, and no longer once it has stopped', async () => {
  const clock = newStillClock()
  const ca = await issueCertificate(authorityForm('c1', clock.nowMs()), null)
  const stop = new AbortController()
  const http = await openServing({ nodeName: 'n1', addresses: () => [], ca, clock, log: silent }, stop.signal)
  const answer = async () => ({ status: 200, headers: {}, body: new Uint8Array() })
  const { port } = await http.serve({ address: '127.0.0.1', port: 0, bodyBytesMax: 1 }, answer, stop.signal)
  const serials = [await serialAt(port, ca.certificatePem)]
  for (let i = 0; i < 2; i++) {
    const wait = clock.waits.shift()
    expect(wait?.ms).toBeGreaterThan(19 * dayMs)
    expect(wait?.ms).toBeLessThan(21 * dayMs)
    wait?.callback()
    await expect.poll(() => clock.waits.length).toBe(1)
    serials.push(await serialAt(port, ca.certificatePem))
  }
  expect(new Set(serials).size).toBe(3)
  stop.abort(new Error('over'))
  expect(clock.waits).toEqual([])
})
