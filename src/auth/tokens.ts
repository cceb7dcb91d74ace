import { fromBase32, toBase32 } from '../lib/base32.ts'
import { sha256, sha256Hex } from '../lib/hash.ts'

/**
 * Join tokens: what a new node shows to be let in, and how it knows that it speaks with the right cluster.
 *
 *     SKEIN1-<scope>-<id>-<CA SHA-256>-<secret and checksum>
 *
 * The joining node trusts only a certificate chain that ends in the authority named here, so nobody in between learns
 * the secret. The cluster keeps only the secret's hash, under the id. The checksum tells a typo from a wrong token
 * before anything is sent.
 */
export interface JoinToken {
  readonly scope: TokenScope
  /** Name of its JoinToken object. */
  readonly id: string
  /** SHA-256 of the authority's certificate (DER), hex. */
  readonly caSha256: string
  readonly secret: string
}

/** `worker` is reserved: nodes that never vote and hold only a part of the store. */
export type TokenScope = 'full' | 'worker'

export const tokenLifetimeMs = 24 * 3_600_000

const prefix = 'SKEIN1'
const idBytes = 5
const secretBytes = 16
const checksumLetters = 4

/** How much entropy `newToken` takes. */
export const tokenEntropyBytes = idBytes + secretBytes

/** `entropy`: `tokenEntropyBytes` unpredictable bytes. */
export function newToken(scope: TokenScope, caSha256: string, entropy: Uint8Array): JoinToken {
  return {
    scope,
    id: toBase32(entropy.subarray(0, idBytes)),
    caSha256,
    secret: toBase32(entropy.subarray(idBytes, tokenEntropyBytes)),
  }
}

export function tokenText(token: JoinToken): string {
  const body = [prefix, token.scope, token.id, toBase32(fromHex(token.caSha256)), token.secret].join('-')
  return body + checksum(body)
}

/** The token, or in one sentence why the text is none. Never echoes the text: it may hold a secret. */
export function parseToken(
  given: string,
): { readonly type: 'token'; readonly token: JoinToken } | { readonly type: 'invalid'; readonly reason: string } {
  const text = given.trim()
  const [version = '', scope = '', id = '', pin = '', last = '', ...more] = text.split('-')
  if (text === '') return invalid('the token is empty')
  if (/^SKEIN[2-9]$/i.test(version)) return invalid('the token was made by a newer version of skein')
  if (version.toUpperCase() !== prefix) return invalid(`this is not a join token: one begins with ${prefix}-`)
  if (last === '' || text.length < lengthOf(scope)) return invalid('the token is cut short')
  if (more.length > 0 || text.length > lengthOf(scope))
    return invalid('the token is too long: something was added to it')
  const lower = [scope, id, pin, last].join('-').toLowerCase()
  const body = `${prefix}-${lower.slice(0, -checksumLetters)}`
  if (checksum(body) !== lower.slice(-checksumLetters))
    return invalid('the token has a typo: its checksum does not fit')
  const [, , , pinText = '', secret = ''] = body.split('-')
  const caBytes = fromBase32(pinText)
  if (caBytes === null || caBytes.length !== 32 || fromBase32(secret) === null) return invalid('the token is malformed')
  const scopeText = scope.toLowerCase()
  if (scopeText !== 'full' && scopeText !== 'worker') {
    return invalid('the token has a scope that this version of skein does not know')
  }
  const token = { scope: scopeText, id: id.toLowerCase(), caSha256: toHex(caBytes), secret } as const
  return { type: 'token', token }
}

/** What the cluster keeps. The secret holds 128 unpredictable bits, so that a plain hash cannot be guessed backwards. */
export function hashSecret(secret: string): string {
  return sha256Hex(secret)
}

/** Takes the same time however much of it is right. */
export function secretMatches(secret: string, secretHash: string): boolean {
  return equalInConstantTime(hashSecret(secret), secretHash)
}

export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i % (b.length || 1)) || 0)
  return difference === 0
}

/** For logs and tables: enough to tell tokens apart, nothing to join with. */
export function tokenFingerprint(token: JoinToken): string {
  return `${prefix}-${token.scope}-${token.id}-…`
}

function lengthOf(scope: string): number {
  return (
    [prefix, scope].join('-').length +
    1 +
    letters(idBytes) +
    1 +
    letters(32) +
    1 +
    letters(secretBytes) +
    checksumLetters
  )
}

function letters(bytes: number): number {
  return Math.ceil((bytes * 8) / 5)
}

function checksum(body: string): string {
  return toBase32(sha256(body)).slice(0, checksumLetters)
}

function invalid(reason: string): { readonly type: 'invalid'; readonly reason: string } {
  return { type: 'invalid', reason }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
