import { describe, expect, it } from 'vitest'
import type { ClientIdentity, Http, HttpRequest, HttpResponse } from '../../src/host/host.ts'

/** One form of the device, with a client of its own kind to speak with it. */
export interface HttpFixture {
  readonly http: Http
  /** Resolves with the head of the answer; rejects when there is none. */
  ask(call: HttpCall): Promise<HttpExchange>
  /** Whom a call with `known` comes from. */
  readonly known: ClientIdentity
  pause(ms: number): Promise<void>
  close(): Promise<void>
}

export interface HttpCall {
  readonly port: number
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** With the certificate of `known`. */
  readonly known?: boolean
}

export interface HttpExchange {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The text so far. */
  readonly text: () => string
  /** Resolves when the body is whole, rejects when it broke off. */
  readonly ended: Promise<void>
  abort(): void
}

const bodyBytesMax = 100_000
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const reply = (text: string, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain', 'x-reply': 'yes' },
  body: encode(text),
})

/** What every Http device keeps to. */
export function httpSuite(form: string, make: () => Promise<HttpFixture>): void {
  describe(`http, ${form}`, () => {
    type Handle = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>

    /** Serves, and runs the test against it. */
    async function serving(
      handle: Handle,
      run: (fixture: HttpFixture, port: number, stop: () => void) => Promise<void>,
    ): Promise<void> {
      const fixture = await make()
      const serve = new AbortController()
      try {
        const options = { address: '127.0.0.1', port: 0, bodyBytesMax }
        const { port } = await fixture.http.serve(options, handle, serve.signal)
        await run(fixture, port, () => serve.abort(new Error('the test stops it')))
      } finally {
        serve.abort(new Error('the test is over'))
        await fixture.close()
      }
    }

    async function until(fixture: HttpFixture, what: string, holds: () => boolean): Promise<void> {
      for (let waitedMs = 0; !holds(); waitedMs += 10) {
        if (waitedMs > 10_000) throw new Error(`in vain: ${what}`)
        await fixture.pause(10)
      }
    }

    it('hands a request to the handler as it was sent, and the answer back', async () => {
      const seen: HttpRequest[] = []
      const handle: Handle = async (request) => {
        seen.push(request)
        return reply('made', 201)
      }
      await serving(handle, async ({ ask }, port) => {
        const headers = { 'content-type': 'application/json', 'x-many': 'a, b' }
        const body = encode('{"ü":1}')
        const answer = await ask({ port, method: 'POST', target: '/a/b%2Fc?x=1&y=%20', headers, body })
        await answer.ended
        expect(answer).toMatchObject({ status: 201, headers: { 'content-type': 'text/plain', 'x-reply': 'yes' } })
        expect(answer.text()).toBe('made')
        expect(seen).toHaveLength(1)
        expect(seen[0]).toMatchObject({ method: 'POST', target: '/a/b%2Fc?x=1&y=%20', headers })
        expect(new TextDecoder().decode(seen[0]?.body ?? undefined)).toBe('{"ü":1}')
        expect(seen[0]?.remoteAddress).toMatch(/^[0-9a-f.:]+$/)
        expect(Object.keys(seen[0]?.headers ?? {}).filter((name) => name !== name.toLowerCase())).toEqual([])
      })
    })

    it('gives an empty body where none was sent', async () => {
      await serving(
        async (request) => reply(String(request.body?.byteLength)),
        async ({ ask }, port) => {
          for (const method of ['GET', 'DELETE']) {
            const answer = await ask({ port, method, target: '/' })
            await answer.ended
            expect(answer.text()).toBe('0')
          }
        },
      )
    })

    it('takes a body as large as allowed, and gives null for a larger one', async () => {
      await serving(
        async (request) => reply(request.body === null ? 'too large' : String(request.body.byteLength)),
        async ({ ask }, port) => {
          const said = async (bytes: number): Promise<string> => {
            const answer = await ask({ port, method: 'POST', target: '/', body: new Uint8Array(bytes) })
            await answer.ended
            return answer.text()
          }
          expect(await said(bodyBytesMax)).toBe(String(bodyBytesMax))
          expect(await said(bodyBytesMax + 1)).toBe('too large')
          expect(await said(40 * bodyBytesMax)).toBe('too large')
          expect(await said(1)).toBe('1')
        },
      )
    })

    it('knows a client by its certificate, and others not at all', async () => {
      await serving(
        async (request) => reply(JSON.stringify(request.client ?? null)),
        async ({ ask, known }, port) => {
          const knownAnswer = await ask({ port, target: '/', known: true })
          const otherAnswer = await ask({ port, target: '/' })
          await Promise.all([knownAnswer.ended, otherAnswer.ended])
          expect(JSON.parse(knownAnswer.text())).toEqual(known)
          expect(JSON.parse(otherAnswer.text())).toBeNull()
        },
      )
    })

    it('streams: the head at once, each chunk as it comes, the end when the iterator ends', async () => {
      const gates = [newGate(), newGate(), newGate()]
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (const [index, gate] of gates.entries()) {
          await gate.opened
          yield encode(`${index};`)
        }
      }
      await serving(
        async () => ({ status: 200, headers: {}, body: chunks() }),
        async (fixture, port) => {
          const answer = await fixture.ask({ port, target: '/' })
          expect(answer.status).toBe(200)
          expect(answer.text()).toBe('')
          let expected = ''
          for (const [index, gate] of gates.entries()) {
            gate.open()
            expected += `${index};`
            await until(fixture, `chunk ${index}`, () => answer.text() === expected)
          }
          await answer.ended
        },
      )
    })

    it('tells the handler when the client has gone, and ends its stream', async () => {
      let aborted = false
      let finished = false
      const handle: Handle = async (_request, signal) => {
        async function* forever(): AsyncGenerator<Uint8Array> {
          try {
            yield encode('first;')
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
            aborted = signal.aborted
          } finally {
            finished = true
          }
        }
        return { status: 200, headers: {}, body: forever() }
      }
      await serving(handle, async (fixture, port) => {
        const answer = await fixture.ask({ port, target: '/' })
        await until(fixture, 'the first chunk', () => answer.text() === 'first;')
        const broken = answer.ended.catch(() => undefined)
        answer.abort()
        await until(fixture, 'the abort', () => aborted && finished)
        await broken
      })
    })

    it('survives a handler that fails, and goes on serving', async () => {
      const handle: Handle = async (request) => {
        if (request.target === '/bad') throw new Error('a bug')
        return reply('good')
      }
      await serving(handle, async ({ ask }, port) => {
        const bad = await ask({ port, target: '/bad' }).then(
          ({ status }) => status,
          () => 'no answer',
        )
        expect(bad === 'no answer' || (typeof bad === 'number' && bad >= 500)).toBe(true)
        const good = await ask({ port, target: '/good' })
        await good.ended
        expect(good.text()).toBe('good')
      })
    })

    it('survives a stream that fails: the client sees that it is not whole', async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield encode('half;')
        throw new Error('a bug')
      }
      const handle: Handle = async (request) =>
        request.target === '/bad' ? { status: 200, headers: {}, body: broken() } : reply('good')
      await serving(handle, async ({ ask }, port) => {
        await expect(ask({ port, target: '/bad' }).then((answer) => answer.ended)).rejects.toThrow()
        const good = await ask({ port, target: '/good' })
        await good.ended
        expect(good.text()).toBe('good')
      })
    })

    it('answers many at once', async () => {
      await serving(
        async (request) => reply(request.target),
        async ({ ask }, port) => {
          const targets = Array.from({ length: 100 }, (_, index) => `/${index}`)
          const answers = await Promise.all(targets.map((target) => ask({ port, target })))
          await Promise.all(answers.map((answer) => answer.ended))
          expect(answers.map((answer) => answer.text())).toEqual(targets)
        },
      )
    })

    it('ends what streams and answers no more when its signal aborts', async () => {
      let told = false
      const handle: Handle = async (_request, signal) => {
        async function* forever(): AsyncGenerator<Uint8Array> {
          yield encode('first;')
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
          told = true
        }
        return { status: 200, headers: {}, body: forever() }
      }
      await serving(handle, async (fixture, port, stop) => {
        const answer = await fixture.ask({ port, target: '/' })
        await until(fixture, 'the first chunk', () => answer.text() === 'first;')
        const over = answer.ended.then(
          () => true,
          () => true,
        )
        stop()
        expect(await over).toBe(true)
        await until(fixture, 'the abort', () => told)
        await expect(fixture.ask({ port, target: '/' })).rejects.toThrow()
      })
    })

    it('refuses a port that is taken', async () => {
      await serving(
        async () => reply('first'),
        async ({ http }, port) => {
          const again = http.serve(
            { address: '127.0.0.1', port, bodyBytesMax },
            async () => reply('second'),
            new AbortController().signal,
          )
          await expect(again).rejects.toMatchObject({ name: 'DeviceError', code: 'conflict' })
        },
      )
    })
  })
}

function newGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
