import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { UsageError } from '#common/errors.ts'
import { isPrivateKey, PASSWORD_VARIABLE, readPassword } from '#config/secrets.ts'
import type { Hex } from '#protocol/primitives.ts'
import { askHidden } from './hiddenPrompt.ts'

/** A secret that cannot be used, or that there is no way to ask for. Its message never holds it. */
export class SecretInputError extends UsageError {
  override readonly name = 'SecretInputError'
}

/** Where people and pipes enter secrets; never the command line, which other users of the machine see. */
export type SecretSource = { isTerminal: boolean; ask(question: string): Promise<string>; readAll(): Promise<string> }

export const standardInput: SecretSource = {
  isTerminal: process.stdin.isTTY === true,
  ask: askHidden,
  readAll: () => text(process.stdin),
}

/** Of a file, of the variable, else asked for twice. @throws {SecretInputError} {ConfigError} */
export async function enterPassword(
  passwordFile: string | undefined,
  source: SecretSource = standardInput,
  env = process.env,
): Promise<string> {
  if (passwordFile !== undefined || env[PASSWORD_VARIABLE])
    return notEmpty(readPassword('--password-file', { passwordFile, env }).value)
  if (!source.isTerminal)
    throw new SecretInputError(`No terminal to ask for the password: set --password-file or ${PASSWORD_VARIABLE}.`)
  const password = notEmpty(await source.ask('Password of the keystore: '))
  if ((await source.ask('Once more: ')) !== password) throw new SecretInputError('The two passwords differ.')
  return password
}

function notEmpty(password: string): string {
  if (password === '') throw new SecretInputError('The password is empty.')
  return password
}

/** Of a file, else asked for on a terminal, else all of standard input. With or without 0x. @throws {SecretInputError} */
export async function enterPrivateKey(keyFile: string | undefined, source: SecretSource = standardInput): Promise<Hex> {
  const digits = (await readKeyText(keyFile, source)).trim().replace(/^0x/, '')
  const key = `0x${digits}`
  if (!isPrivateKey(key)) throw new SecretInputError('That is no private key: it has 64 hex digits.')
  return key
}

async function readKeyText(keyFile: string | undefined, source: SecretSource): Promise<string> {
  if (keyFile === undefined) return source.isTerminal ? await source.ask('Private key: ') : await source.readAll()
  try {
    return readFileSync(keyFile, 'utf8')
  } catch (cause) {
    throw new SecretInputError(`Cannot read ${keyFile}: ${(cause as NodeJS.ErrnoException).code}.`, { cause })
  }
}
