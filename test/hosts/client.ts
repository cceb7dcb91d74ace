import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'

/** A small client of a node's API with the rights of its kubeconfig, for what kubectl is too slow to measure. */
export interface ApiClient {
  /** Rejects when the connection fails or nothing is answered within `timeoutMs`. */
  call(method: string, path: string, body?: unknown, timeoutMs?: number): Promise<{ status: number; body: unknown }>
  close(): void
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
  }[]
  readonly users: readonly { readonly user: Readonly<Record<'client-certificate-data' | 'client-key-data', string>> }[]
}

export function newApiClient(kubeconfigPath: string): ApiClient {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig
  const cluster = config.clusters[0]?.cluster
  const user = config.users[0]?.user
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfigPath}: no cluster or no user`)
  const pem = (data: string): string => Buffer.from(data, 'base64').toString('utf8')
  const agent = new Agent({
    keepAlive: true,
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  })
  return {
    call(method, path, body, timeoutMs = 15_000) {
      return new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json' }
        const call = request(
          new URL(path, cluster.server),
          { method, agent, headers, timeout: timeoutMs },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('error', reject)
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8')
              const json = response.headers['content-type']?.includes('json') === true
              resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text })
            })
          },
        )
        call.on('timeout', () => call.destroy(new Error(`no answer from ${cluster.server} in ${timeoutMs} ms`)))
        call.on('error', reject)
        call.end(body === undefined ? undefined : JSON.stringify(body))
      })
    },
    close: () => agent.destroy(),
  }
}
