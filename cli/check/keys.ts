import type { Understood } from '#config/inspect.ts'
import { WrongPasswordError } from '#config/keystore.ts'
import { ConfigError } from '#config/load.ts'
import { PASSWORD_VARIABLE, readKeyAddress, readPrivateKey } from '#config/secrets.ts'
import { L1SignerRefusedError, L1SignerUnavailableError } from '#etherman/errors.ts'
import type { Address } from '#protocol/primitives.ts'
import { openL1Signer } from '#workers/l1Signer.ts'
import { ANSWER_WITHIN_MS, type Finding, fault, fine } from './finding.ts'
import type { KeyName } from './subject.ts'

type Places = Pick<Understood, 'keys' | 'signer'>

/** Whether every key can be read, or is held by the remote signer. `addresses`: also of keystores that do not open. */
export async function checkKeys(
  names: readonly KeyName[],
  places: Places,
): Promise<{ findings: Finding[]; addresses: Partial<Record<KeyName, Address>> }> {
  const keys = places.keys ?? {}
  const found = await Promise.all(names.map((name) => checkKey(`keys.${name}`, keys[name], places)))
  const known = names.flatMap((name, index) => {
    const { address } = found[index]!
    return address === undefined ? [] : [[name, address] as const]
  })
  return { findings: found.map(({ finding }) => finding), addresses: Object.fromEntries(known) }
}

type Checked = { finding: Finding; address?: Address }

async function checkKey(option: string, reference: string | undefined, { keys, signer }: Places): Promise<Checked> {
  let address: Address | undefined
  const withAddress = (finding: Finding): Checked => ({ finding, ...(address !== undefined && { address }) })
  try {
    address = readKeyAddress(option, reference)
    if (!reference!.startsWith('signer:')) await readPrivateKey(option, reference, keys)
    else if (signer !== undefined) {
      const place = { keys: {}, signer: { ...signer, requestTimeoutMs: ANSWER_WITHIN_MS } }
      await (await openL1Signer(option, reference, place)).assertReady()
    }
    return withAddress(fine(option, `${reference} is the key of ${address}`))
  } catch (error) {
    return withAddress(describeTrouble(option, reference, error))
  }
}

function describeTrouble(option: string, reference: string | undefined, error: unknown): Finding {
  if (error instanceof L1SignerUnavailableError)
    return fault('signer.url', error.message, 'Start the remote signer, or correct its URL and tls.')
  if (error instanceof L1SignerRefusedError)
    return fault(option, error.message, 'Load the key into the remote signer, or name another of its accounts.')
  if (!(error instanceof ConfigError)) throw error
  return fault(option, withoutOption(error.message, option), remedyFor(reference, error))
}

/** The option stands before what was found already. */
const withoutOption = (message: string, option: string) =>
  message.startsWith(option) ? message.slice(option.length).replace(/^:? /, '') : message

function remedyFor(reference: string | undefined, { cause }: ConfigError): string {
  const [, kind, place] = /^(\w+):(.+)$/s.exec(reference ?? '') ?? []
  if (cause instanceof WrongPasswordError)
    return `Put the password of ${place} into the file of keys.passwordFile, or into ${PASSWORD_VARIABLE}.`
  if (kind === 'env') return `Set the variable ${place} to the private key: 0x and 64 hex digits.`
  if (kind === 'file') return `Put the private key into ${place}: 0x and 64 hex digits.`
  if (kind === 'keystore')
    return 'Make a keystore with `zknode keys import`, and set keys.passwordFile or ' + PASSWORD_VARIABLE + '.'
  return 'Set it to keystore:PATH, file:PATH or env:NAME; `zknode keys new` makes one.'
}
