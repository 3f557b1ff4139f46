import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { NodeError, UsageError } from '#common/errors.ts'
import { encryptKeystore, keystoreAddress } from '#config/keystore.ts'
import type { Address, Hex } from '#protocol/primitives.ts'

/** There is a file already: it may be the only copy of a key. */
export class KeystoreExistsError extends UsageError {
  override readonly name = 'KeystoreExistsError'
}

export class KeystoreFolderError extends UsageError {
  override readonly name = 'KeystoreFolderError'
}

export class KeystoreNotWrittenError extends NodeError {
  override readonly name = 'KeystoreNotWrittenError'
}

export type KeystoreFile = { address: Address; file: string }

/** @throws {KeystoreExistsError} before anybody is asked for a password in vain */
export function assertFree(file: string): void {
  if (existsSync(file)) throw new KeystoreExistsError(`${file} is there already: give another name.`)
}

/**
 * Readable for its owner alone, and on the disk when this returns. `cost` is lowered by tests alone.
 * @throws {KeystoreExistsError} {KeystoreNotWrittenError}
 */
export async function writeKeystore(
  path: string,
  privateKey: Hex,
  password: string,
  cost?: Parameters<typeof encryptKeystore>[2],
): Promise<KeystoreFile> {
  const file = resolve(path)
  const json = await encryptKeystore(privateKey, password, cost)
  try {
    writeFileSync(file, `${json}\n`, { flag: 'wx', mode: 0o600, flush: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') assertFree(file)
    throw new KeystoreNotWrittenError(`Cannot write ${file}: ${code}.`, { cause })
  }
  return { address: keystoreAddress(json)!, file }
}

/** Keystores in a folder that say their address, by name; other files are passed over. @throws {KeystoreFolderError} */
export function listKeystores(folder: string): KeystoreFile[] {
  return readFolder(folder).flatMap((name) => {
    const file = join(resolve(folder), name)
    const address = readAddress(file)
    return address === undefined ? [] : [{ address, file }]
  })
}

function readFolder(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name])).sort()
  } catch (cause) {
    throw new KeystoreFolderError(`Cannot read the folder ${folder}: ${(cause as NodeJS.ErrnoException).code}.`, {
      cause,
    })
  }
}

function readAddress(file: string): Address | undefined {
  try {
    return keystoreAddress(readFileSync(file, 'utf8'))
  } catch {
    return undefined // not ours to read
  }
}
