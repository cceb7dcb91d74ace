import { createPrivateKey, X509Certificate } from 'node:crypto'
import { DeviceError } from './host.ts'

/** What a certificate says of itself. Throws `corrupt` when the text is no certificate. */
export function readCertificate(certificatePem: string): {
  /** SHA-256 of the DER form, hex: what a join token pins. */
  readonly sha256: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Whether it is the certificate of this key. */
  belongsTo(keyPem: string): boolean
} {
  const certificate = parsed(certificatePem)
  return {
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    belongsTo: (keyPem) => {
      try {
        return certificate.checkPrivateKey(createPrivateKey(keyPem))
      } catch {
        return false // Not a key at all: not this one's either.
      }
    },
  }
}

function parsed(certificatePem: string): X509Certificate {
  try {
    return new X509Certificate(certificatePem)
  } catch (cause) {
    throw new DeviceError('corrupt', 'this is not a certificate', cause)
  }
}
