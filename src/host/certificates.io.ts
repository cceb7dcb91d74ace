import 'reflect-metadata' // The library's ASN.1 schemas are declared with decorators; this must come before it.
import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { KeyPair } from '../config.ts'

/** What shall stand in a certificate; `auth/ca.ts` decides it. */
export interface CertificateForm {
  readonly kind: 'authority' | 'server' | 'client'
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Makes a key and a certificate for it. Without an issuer it signs itself: an authority. */
export async function issueCertificate(form: CertificateForm, issuer: KeyPair | null): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const authority = issuer === null ? null : new X509Certificate(issuer.certificatePem)
  const subject = subjectOf(form)
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject,
      issuer: authority?.subjectName ?? subject,
      notBefore: new Date(form.notBeforeMs),
      notAfter: new Date(form.notAfterMs),
      publicKey: keys.publicKey,
      signingKey: issuer === null ? keys.privateKey : await importKey(issuer.keyPem),
      signingAlgorithm,
      extensions: [
        ...purposeOf(form),
        ...alternativeNames(form),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(authority?.publicKey ?? keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  }
}

/** A certificate authority says so; a leaf names its one purpose. */
function purposeOf(form: CertificateForm): Extension[] {
  if (form.kind === 'authority') {
    return [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ]
  }
  const purpose = form.kind === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([purpose]),
  ]
}

function alternativeNames(form: CertificateForm): Extension[] {
  const names: JsonGeneralName[] = [
    ...form.dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...form.ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ]
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]
}

/** Groups first, as people read it: `O=system:masters, CN=skein:admin`. Values are taken as they are, never parsed. */
function subjectOf(form: CertificateForm): Name {
  return new Name([
    ...form.organizations.map((group) => ({ O: [{ utf8String: group }] })),
    { CN: [{ utf8String: form.commonName }] },
  ])
}

/** 127 unpredictable bits, positive (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = new Uint8Array(PemConverter.decodeFirst(keyPem))
  return await webcrypto.subtle.importKey('pkcs8', der, keyAlgorithm, false, ['sign'])
}
