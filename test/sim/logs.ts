import type { Random } from '../../src/lib/random.ts'
import { type ApiObject, apiPort, idle, newApiClient } from './client.ts'
import type { SimHttp } from './host/http.ts'
import { firstWords } from './host/program.ts'
import { Violation } from './violation.ts'
import { nameOf } from './watches.ts'
import type { World } from './world.ts'

/** The one who reads pods' logs at any node, whole or following for a while, and knows what must be in them. */
export interface LogReader {
  step(): Promise<void>
  /** When all is at rest: every pod that serves has said so, and every node can tell. */
  readAll(): Promise<void>
  readonly counts: { read: number; followed: number; refused: number }
}

const podsPath = '/api/v1/namespaces/default/pods'
const triesMax = 10
/** What a pod of the workload says: those that serve, once at each start; the others nothing. */
const statusesAllowed = new Set([200, 204, 400, 404, 429, 503, 504])

export function newLogReader(world: World, http: SimHttp, nodes: readonly string[], random: Random): LogReader {
  const client = newApiClient(http, 'l1')
  const counts = { read: 0, followed: 0, refused: 0 }

  async function list(): Promise<readonly ApiObject[]> {
    const answer = await client.ask(random.pick(nodes), 'GET', podsPath)
    return answer?.status === 200 ? (answer.body.items ?? []) : []
  }

  /** What came until it ended, or for so long; null when it broke off or could not be had. */
  async function log(node: string, pod: string, followMs: number | null): Promise<string | null> {
    if (followMs !== null) return await followed(node, pod, followMs)
    const answer = await client.ask(node, 'GET', `${podsPath}/${pod}/log`)
    if (answer === null) return null
    if (!statusesAllowed.has(answer.status)) {
      throw new Violation('a log is told or refused', `${pod} at ${node}: ${answer.status} ${answer.body.message}`)
    }
    if (answer.status !== 200) counts.refused++
    return answer.status === 200 ? (answer.body.message ?? '') : null
  }

  async function followed(node: string, pod: string, followMs: number): Promise<string | null> {
    const target = `${podsPath}/${pod}/log?follow=true`
    const call = { node, port: apiPort, method: 'GET', target, client: client.identity, timeoutMs: 15_000 }
    const exchange = http.request(call)
    let text = ''
    exchange.onChunk = (chunk) => {
      text += new TextDecoder().decode(chunk)
    }
    const ended = new Promise<void>((resolve) => {
      exchange.onEnd = () => resolve()
    })
    const status = await exchange.response.then(
      (head) => head.status,
      () => 0,
    )
    if (status !== 200) return null
    world.after(followMs, () => exchange.abort())
    await ended
    counts.followed++
    return text
  }

  return {
    counts,
    async step() {
      const pods = await list()
      if (pods.length > 0) {
        const [node, pod] = [random.pick(nodes), random.pick(pods)]
        const text = await log(node, nameOf(pod), random.chance(0.3) ? 500 + random.next() * 5_000 : null)
        const said = serves(pod) ? firstWords : ''
        if (text !== null && text !== said && text !== '') {
          throw new Violation('a log holds what was printed', `${nameOf(pod)} at ${node}: ${JSON.stringify(text)}`)
        }
        if (text === said) counts.read++
      }
      await idle(world, random, 200, 3_000)
    },
    async readAll() {
      for (const pod of await list()) {
        if ((pod.status as { phase?: string } | undefined)?.phase !== 'Running' || !serves(pod)) continue
        for (const node of nodes) {
          let text = await log(node, nameOf(pod), null)
          for (let tries = 1; text !== firstWords && tries < triesMax; tries++) {
            await idle(world, random, 500, 500)
            text = await log(node, nameOf(pod), null)
          }
          if (text !== firstWords) {
            throw new Violation('every node can tell a log', `${nameOf(pod)} at ${node}: ${JSON.stringify(text)}`)
          }
        }
      }
    },
  }
}

function serves({ spec }: ApiObject): boolean {
  const [container] = (spec?.containers ?? []) as readonly { readonly command?: readonly string[] }[]
  return container?.command?.some((word) => word.endsWith('serve')) === true
}
