import { Packr } from 'msgpackr'
import type { Member } from '../objects/member.ts'

const packr = new Packr({ useRecords: false })
const membersMax = 10_000

/** What one member tells another: whom it knows, as of its store's revision. */
export interface News {
  readonly members: readonly Member[]
  readonly revision: number
}

export function encodeNews(members: readonly Member[], revision: number): Uint8Array {
  return packr.pack({ members, revision })
}

/** Throws a TypeError at anything else. */
export function decodeNews(bytes: Uint8Array): News {
  const news: unknown = packr.unpack(bytes)
  if (!isNews(news)) throw new TypeError('no news of members')
  return news
}

function isNews(value: unknown): value is News {
  const { members, revision } = (value ?? {}) as Partial<News>
  return (
    Number.isSafeInteger(revision) && Array.isArray(members) && members.length <= membersMax && members.every(isMember)
  )
}

function isMember(value: unknown): value is Member {
  const { name, identity, gossipAddresses, apiAddress } = (value ?? {}) as Partial<Member>
  const texts: readonly unknown[] = [
    name,
    identity,
    apiAddress,
    ...(Array.isArray(gossipAddresses) ? gossipAddresses : [null]),
  ]
  return texts.every((text) => typeof text === 'string')
}
