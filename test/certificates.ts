import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export type Certificate = { certificate: string; key: string }
export type Authority = Certificate & { issue: (name: string) => Certificate }

/** A certificate authority for tests, made on the spot. What it issues is good for 127.0.0.1 and localhost. */
export function createAuthority(name: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const issue = (subject: string): Certificate => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const certificate = buildCertificate({ subject, publicKey: pair.publicKey, issuer: name, issuerKey: privateKey })
    return { certificate, key: pem(pair.privateKey) }
  }
  const own = buildCertificate({ subject: name, publicKey, issuer: name, issuerKey: privateKey, isAuthority: true })
  return { certificate: own, key: pem(privateKey), issue }
}

type Fields = { subject: string; publicKey: KeyObject; issuer: string; issuerKey: KeyObject; isAuthority?: boolean }

const SEQUENCE = 0x30
const SET = 0x31
const OCTETS = 0x04
const ECDSA_WITH_SHA256 = der(SEQUENCE, Buffer.from('06082a8648ce3d040302', 'hex'))
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
const ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex')
const CRITICAL = Buffer.from('0101ff', 'hex')
const VALIDITY = der(SEQUENCE, text(0x17, '200101000000Z'), text(0x17, '491231235959Z'))
let serial = 0

/** X.509 v3. */
function buildCertificate({ subject, publicKey, issuer, issuerKey, isAuthority = false }: Fields): string {
  const extensions = [
    der(SEQUENCE, BASIC_CONSTRAINTS, CRITICAL, der(OCTETS, der(SEQUENCE, ...(isAuthority ? [CRITICAL] : [])))),
    der(
      SEQUENCE,
      ALTERNATIVE_NAME,
      der(OCTETS, der(SEQUENCE, text(0x82, 'localhost'), der(0x87, Buffer.of(127, 0, 0, 1)))),
    ),
  ]
  const toSign = der(
    SEQUENCE,
    der(0xa0, Buffer.from('020102', 'hex')),
    der(0x02, Buffer.of(++serial)),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    VALIDITY,
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, ...extensions)),
  )
  const signature = sign('sha256', toSign, issuerKey)
  const whole = der(SEQUENCE, toSign, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature))
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

const nameOf = (name: string): Buffer => der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, text(0x0c, name))))

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string

function text(tag: number, value: string): Buffer {
  return der(tag, Buffer.from(value))
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  const sizeBytes = length < 0x100 ? Buffer.of(length) : Buffer.of(length >> 8, length & 0xff)
  return Buffer.concat([Buffer.of(tag, 0x80 | sizeBytes.length), sizeBytes, content])
}
