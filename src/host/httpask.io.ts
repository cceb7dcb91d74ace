import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { addressText, unreachable } from './dialfault.ts'
import { DeviceError, type HttpQuestion } from './host.ts'

/** As much of an answer as a probe may want to show; the rest is not read. */
export const answerBytesMax = 10 * 1024

/** `Http.ask`: each question on a connection of its own, so that it also tries the server's door. */
export async function askHttp(
  question: HttpQuestion,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  signal.throwIfAborted()
  const { scheme, method } = question
  const url = `${scheme}://${addressText(question)}${question.path}`
  try {
    const answer = await headOf(question, signal)
    return { status: answer.statusCode ?? 0, body: await bodyOf(answer) }
  } catch (cause) {
    signal.throwIfAborted()
    const dialling = (cause as { syscall?: string }).syscall === 'connect'
    throw unreachable(`${method} ${JSON.stringify(url)}${dialling ? `: dial tcp ${addressText(question)}` : ''}`, cause)
  }
}

function headOf({ scheme, address, port, method, path, headers }: HttpQuestion, signal: AbortSignal) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    // A certificate is not asked for whom it was made: a probe wants to know whether a server answers, not who it is.
    const tls = scheme === 'https' ? { rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] } : {}
    const ask = scheme === 'https' ? requestHttps : requestHttp
    const options = { host: address, port, method, path, headers: grouped(headers), agent: false, signal, ...tls }
    try {
      const request = ask(options, resolve)
      request.on('error', reject)
      request.end()
    } catch (cause) {
      // What cannot be sent as it stands: a line break in a header, a space in a path.
      reject(new DeviceError('invalid', (cause as Error).message, cause))
    }
  })
}

/** Several headers of one name go out as several. */
function grouped(headers: HttpQuestion['headers']): Record<string, string | string[]> {
  const all = new Map<string, string[]>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    all.set(key, [...(all.get(key) ?? []), value])
  }
  return Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? String(values[0]) : values]))
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early closes the connection.
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= answerBytesMax) break
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, answerBytesMax))
}
