import { describe, expect, it } from 'vitest'
import { logOptions } from './logoptions.ts'
import { ApiError } from './status.ts'

function read(query: string): unknown {
  try {
    return logOptions(new URLSearchParams(query), 'web')
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return `${error.status.code} ${error.status.message}`
  }
}

const plain = { follow: false, previous: false, timestamps: false }
const invalid = (why: string): string => `422 PodLogOptions "web" is invalid: ${why}`

describe('options of a request for a log', () => {
  it.each([
    ['', plain],
    ['container=main', plain],
    ['follow=true&previous=1&timestamps', { follow: true, previous: true, timestamps: true }],
    ['follow=false&previous=0&timestamps=False', plain],
    ['tailLines=0', { ...plain, tailLines: 0 }],
    ['tailLines=20&limitBytes=1', { ...plain, tailLines: 20, limitBytes: 1 }],
    ['sinceSeconds=60', { ...plain, sinceSeconds: 60 }],
    ['sinceTime=2026-01-02T03%3A04%3A05.5Z', { ...plain, sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5, 500) }],
    ['sinceTime=0001-01-01T00%3A00%3A00Z', { ...plain, sinceMs: 0 }],
    ['tailLines=-1', invalid('tailLines: Invalid value: -1: must be greater than or equal to 0')],
    ['limitBytes=0', invalid('limitBytes: Invalid value: 0: must be greater than 0')],
    ['sinceSeconds=0', invalid('sinceSeconds: Invalid value: 0: must be greater than 0')],
    ['tailLines=many', '400 strconv.ParseInt: parsing "many": invalid syntax'],
    ['sinceTime=yesterday', '400 parsing time "yesterday": not an RFC 3339 time'],
  ])('%s', (query, expected) => {
    expect(read(query)).toEqual(expected)
  })

  it('may not begin at two moments', () => {
    expect(read('sinceSeconds=1&sinceTime=2026-01-02T03%3A04%3A05Z')).toContain(
      'at most one of `sinceTime` or `sinceSeconds` may be specified',
    )
  })
})
