import { readFileSync } from 'node:fs'
import { computeAddress } from 'ethers'
import { Address, type Hex } from '#protocol/primitives.ts'
import { CURVE_ORDER } from '#protocol/secp256k1.ts'
import { decryptKeystore, keystoreAddress, WrongPasswordError } from './keystore.ts'
import { ConfigError } from './load.ts'

/** With what references are read: `passwordFile` as in `keys`. */
export type SecretPlaces = { passwordFile?: string | undefined; env?: NodeJS.ProcessEnv }

export const PASSWORD_VARIABLE = 'ZKNODE_KEYSTORE_PASSWORD'

type Reference = { kind: string; place: string; text: string }

/** The private key that the reference in an option leads to. @throws {ConfigError} naming option and place, never the value */
export async function readPrivateKey(
  option: string,
  reference: string | undefined,
  { passwordFile, env = process.env }: SecretPlaces = {},
): Promise<Hex> {
  const { kind, place, text } = parseReference(option, reference)
  if (kind === 'signer')
    throw new ConfigError(`${option}: ${text} is held by a remote signer, but this needs the key itself.`)
  if (kind !== 'keystore') return readPlainKey(option, { kind, place, text }, env)
  const json = readText(option, place)
  const password = readPassword(option, { passwordFile, env })
  try {
    return await decryptKeystore(json, password.value)
  } catch (cause) {
    if (cause instanceof WrongPasswordError)
      throw new ConfigError(`${option}: the password of ${password.place} does not open ${text}.`, { cause })
    throw new ConfigError(`${option}: ${text} cannot be used. ${(cause as Error).message}`)
  }
}

/** Its address alone: a keystore says it without its password. @throws {ConfigError} as readPrivateKey */
export function readKeyAddress(option: string, reference: string | undefined, env = process.env): Address {
  const { kind, place, text } = parseReference(option, reference)
  if (kind === 'signer') return Address(place)
  if (kind !== 'keystore') return Address(computeAddress(readPlainKey(option, { kind, place, text }, env)))
  const address = keystoreAddress(readText(option, place))
  if (address === undefined)
    throw new ConfigError(`${option}: ${text} is no keystore of version 3 that says its address.`)
  return address
}

/** @throws {ConfigError} when there is none */
export function readPassword(
  option: string,
  { passwordFile, env = process.env }: SecretPlaces,
): { value: string; place: string } {
  if (passwordFile !== undefined)
    return { value: readText(option, passwordFile).replace(/\r?\n$/, ''), place: passwordFile }
  const value = env[PASSWORD_VARIABLE]
  if (value) return { value, place: PASSWORD_VARIABLE }
  throw new ConfigError(`${option}: a keystore needs a password: set keys.passwordFile or ${PASSWORD_VARIABLE}.`)
}

function parseReference(option: string, text: string | undefined): Reference {
  if (text === undefined) throw new ConfigError(`${option} is not set: this role needs the key.`)
  const [, kind, place] = /^(env|file|keystore|signer):(.+)$/s.exec(text) ?? []
  if (kind === undefined || place === undefined)
    throw new ConfigError(`${option} must be env:NAME, file:PATH, keystore:PATH or signer:0xADDRESS.`)
  return { kind, place, text }
}

function readPlainKey(option: string, { kind, place, text }: Reference, env: NodeJS.ProcessEnv): Hex {
  const value = (kind === 'env' ? env[place] : readText(option, place))?.trim()
  if (kind === 'env' && !value)
    throw new ConfigError(`${option}: the variable ${place} is ${value === undefined ? 'not set' : 'empty'}.`)
  if (!value || !isPrivateKey(value))
    throw new ConfigError(`${option}: ${text} does not hold a private key (0x and 64 hex digits).`)
  return value
}

/** Of the curve: neither 0 nor too large. */
export const isPrivateKey = (text: string): text is Hex =>
  /^0x[0-9a-fA-F]{64}$/.test(text) && BigInt(text) > 0n && BigInt(text) < CURVE_ORDER

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${option}: cannot read ${path}: ${(cause as NodeJS.ErrnoException).code}.`, { cause })
  }
}
