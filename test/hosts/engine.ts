import { request } from 'node:http'
import type { Readable } from 'node:stream'

const silenceMs = 60_000

/** One call of the Docker Engine's API over its socket, as tests look at it from outside. `archive` is sent as a tar file. */
export function engineCall(
  socketPath: string,
  method: string,
  path: string,
  archive?: Readable,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = archive === undefined ? {} : { 'content-type': 'application/x-tar' }
    const call = request({ socketPath, method, path, headers, timeout: silenceMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`${socketPath} says nothing for ${silenceMs} ms`)))
    call.on('error', reject)
    if (archive === undefined) call.end()
    else archive.on('error', reject).pipe(call)
  })
}
