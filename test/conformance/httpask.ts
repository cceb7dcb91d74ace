import { describe, expect, it } from 'vitest'
import type { Http, HttpQuestion } from '../../src/host/host.ts'

/** One form of the device, and a server of its world. */
export interface HttpAskSetting {
  readonly http: Http
  /** Serves at 127.0.0.1 until the setting ends; gives the port. */
  serve(answer: (question: Asked) => { readonly status: number; readonly body: string }): Promise<number>
  /** A port where something listens that says nothing sensible. */
  readonly babbler: number
  /** A port that nobody has. */
  readonly closed: number
  end(): Promise<void>
}

export interface Asked {
  readonly method: string
  readonly path: string
  /** In lower case; several of one name joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
}

/** What every `Http.ask` keeps to. */
export function httpAskSuite(form: string, make: () => Promise<HttpAskSetting>): void {
  describe(`http ask, ${form}`, () => {
    const never = new AbortController().signal

    async function using(run: (setting: HttpAskSetting) => Promise<void>): Promise<void> {
      const setting = await make()
      try {
        await run(setting)
      } finally {
        await setting.end()
      }
    }

    function question(port: number, more: Partial<HttpQuestion> = {}): HttpQuestion {
      return { scheme: 'http', address: '127.0.0.1', port, method: 'GET', path: '/', headers: [], ...more }
    }

    it('hands over what was asked, and brings the answer', () =>
      using(async ({ http, serve }) => {
        const asked: Asked[] = []
        const port = await serve((one) => {
          asked.push(one)
          return { status: 201, body: 'mäde' }
        })
        const headers = [
          ['User-Agent', 'kube-probe/1.30'],
          ['X-Many', 'a'],
          ['X-Many', 'b'],
          ['Host', 'web.example'],
        ] as const
        const answer = await http.ask(question(port, { path: '/healthz?x=1&y=%20', headers }), never)
        expect(answer).toEqual({ status: 201, body: 'mäde' })
        expect(asked).toHaveLength(1)
        expect(asked[0]).toMatchObject({ method: 'GET', path: '/healthz?x=1&y=%20' })
        expect(asked[0]?.headers).toMatchObject({
          'user-agent': 'kube-probe/1.30',
          'x-many': 'a, b',
          host: 'web.example',
        })
      }))

    it('takes any status for an answer, and follows no redirect', () =>
      using(async ({ http, serve }) => {
        let count = 0
        for (const status of [200, 204, 302, 404, 503]) {
          const port = await serve(() => {
            count++
            return { status, body: '' }
          })
          expect(await http.ask(question(port), never)).toEqual({ status, body: '' })
        }
        expect(count).toBe(5)
      }))

    it('keeps 10 KiB of a body', () =>
      using(async ({ http, serve }) => {
        const port = await serve(() => ({ status: 200, body: 'x'.repeat(1024 * 1024) }))
        expect((await http.ask(question(port), never)).body).toBe('x'.repeat(10 * 1024))
      }))

    it('says why there is no answer', () =>
      using(async ({ http, closed, babbler }) => {
        await expect(http.ask(question(closed), never)).rejects.toMatchObject({
          name: 'DeviceError',
          code: 'unavailable',
          message: `GET "http://127.0.0.1:${closed}/": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
        })
        await expect(http.ask(question(babbler), never)).rejects.toMatchObject({ code: 'unavailable' })
      }))

    it('answers many at once', () =>
      using(async ({ http, serve }) => {
        const port = await serve(({ path }) => ({ status: 200, body: path }))
        const paths = Array.from({ length: 100 }, (_, i) => `/${i}`)
        const answers = await Promise.all(paths.map((path) => http.ask(question(port, { path }), never)))
        expect(answers.map(({ body }) => body)).toEqual(paths)
      }))

    it('stops asking when it is told to', () =>
      using(async ({ http, serve }) => {
        const reason = new Error('enough')
        const port = await serve(() => ({ status: 200, body: '' }))
        await expect(http.ask(question(port), AbortSignal.abort(reason))).rejects.toBe(reason)
        const giveUp = new AbortController()
        const asking = http.ask(question(port), giveUp.signal)
        giveUp.abort(reason)
        await expect(asking).rejects.toBe(reason)
      }))
  })
}
