import { scrypt as nativeScrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import {
  computeAddress,
  decryptKeystoreJson,
  encryptKeystoreJson,
  hexlify,
  isError,
  isKeystoreJson,
  scrypt,
} from 'ethers'
import { NodeError } from '#common/errors.ts'
import { Address, type Hex } from '#protocol/primitives.ts'

/** The password does not open the keystore. */
export class WrongPasswordError extends NodeError {
  override readonly name = 'WrongPasswordError'
}

/** It is no keystore of version 3, a damaged one, or one of a kind that is not known. */
export class KeystoreFormatError extends NodeError {
  override readonly name = 'KeystoreFormatError'
}

/** As geth's standard: about a second and 256 MiB for each guess at the password. */
const SCRYPT = { N: 2 ** 18, r: 8, p: 1 }

type DeriveKey = (
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  cost: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>
const deriveKey = promisify(nativeScrypt) as DeriveKey

// OpenSSL's, in a thread: ten times faster than JavaScript. It takes no N of 2^(16 r) or more, as RFC 7914 has it; the
// example of the keystore's definition has such a one, so there it is JavaScript all the same.
scrypt.register(async (password, salt, N, r, p, length) => {
  if (N >= 2 ** (16 * r)) return hexlify(await scryptAsync(password, salt, { N, r, p, dkLen: length }))
  const maxmem = 128 * r * (N + p) + 1024 * 1024
  return hexlify(await deriveKey(password, salt, length, { N, r, p, maxmem }))
})

/** Web3 Secret Storage, version 3. `cost` is lowered by tests alone. */
export async function encryptKeystore(privateKey: Hex, password: string, cost = SCRYPT): Promise<string> {
  return await encryptKeystoreJson({ address: computeAddress(privateKey), privateKey }, password, { scrypt: cost })
}

/** Reads what geth, ethers, web3signer and this node write. @throws {WrongPasswordError} {KeystoreFormatError} */
export async function decryptKeystore(json: string, password: string): Promise<Hex> {
  if (!isKeystoreJson(json)) throw new KeystoreFormatError('It is no keystore of version 3.')
  try {
    return (await decryptKeystoreJson(json, password)).privateKey as Hex
  } catch (cause) {
    if (isError(cause, 'INVALID_ARGUMENT') && cause.argument === 'password')
      throw new WrongPasswordError('The password does not open it.')
    throw new KeystoreFormatError('It is damaged, or of a kind that is not known.')
  }
}

/** What it says of itself, unproven until it is opened. Undefined where it does not say, or is no keystore of version 3. */
export function keystoreAddress(json: string): Address | undefined {
  if (!isKeystoreJson(json)) return undefined
  const { address } = JSON.parse(json) as { address?: unknown }
  if (typeof address !== 'string' || !/^(0x)?[0-9a-fA-F]{40}$/.test(address)) return undefined
  return Address(`0x${address.replace(/^0x/, '')}`)
}
