import './polyfill.io.ts'

import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { DeviceError, type Identity } from './host.ts'

export type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>

/** The key that makes a daemon itself. */
export interface OwnIdentity {
  readonly identity: Identity
  readonly privateKey: PrivateKey
}

/** A new identity, kept nowhere. */
export async function newIdentity(): Promise<OwnIdentity> {
  const privateKey = await generateKeyPair('Ed25519')
  return { identity: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}

/**
 * The identity whose key is in this file; made anew, readable by its owner only, when there is no such file. Rejects
 * `corrupt` when the file holds no key: a daemon must never become another by accident.
 */
export async function openIdentity(path: string): Promise<OwnIdentity> {
  const kept = await readIfThere(path)
  if (kept !== null) return parseKey(kept, path)
  const made = await newIdentity()
  await writeWhole(path, privateKeyToProtobuf(made.privateKey))
  return made
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new DeviceError('failed', `the identity key ${path} cannot be read`, cause)
  }
}

function parseKey(bytes: Uint8Array, path: string): OwnIdentity {
  try {
    const privateKey = privateKeyFromProtobuf(bytes)
    if (privateKey.type !== 'Ed25519') throw new TypeError(`a key of type ${privateKey.type}`)
    return { identity: peerIdFromPrivateKey(privateKey).toString(), privateKey }
  } catch (cause) {
    throw new DeviceError('corrupt', `the identity key ${path} is damaged`, cause)
  }
}

/** The file is there whole or not at all, also after a power cut: written aside, synced, moved into place. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.new`
  try {
    await rm(aside, { force: true })
    const file = await open(aside, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
    const folder = await open(dirname(path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch (cause) {
    throw new DeviceError('failed', `the identity key ${path} cannot be written`, cause)
  }
}
