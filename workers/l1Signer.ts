import { readFileSync } from 'node:fs'
import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import { ConfigError } from '#config/load.ts'
import type { Config } from '#config/schema.ts'
import { readKeyAddress, readPrivateKey } from '#config/secrets.ts'
import { L1SignerUnavailableError } from '#etherman/errors.ts'
import { createLocalSigner, type L1Signer } from '#etherman/l1Signer.ts'
import { createRemoteSigner } from '#etherman/remoteSigner.ts'
import type { SignerPlace } from '#etherman/signerRpc.ts'
import type { Finding } from '#ops/health.ts'

type Places = Pick<Config, 'signer'> & { keys: Pick<Config['keys'], 'passwordFile'> }

/** The account of the key in an option, wherever it is held. @throws {ConfigError} */
export async function openL1Signer(option: string, reference: string | undefined, config: Places): Promise<L1Signer> {
  const { signer, keys } = config
  if (!reference?.startsWith('signer:')) return createLocalSigner(await readPrivateKey(option, reference, keys))
  const address = readKeyAddress(option, reference)
  const { url, requestTimeoutMs, tls } = signer
  if (url === undefined) throw new ConfigError(`signer.url is not set: ${option} is ${reference}.`)
  return createRemoteSigner(address, { url, requestTimeoutMs, tls: readTls(tls) })
}

/**
 * One that is away may be back when it is needed; one that refuses is a mistake to be mended before anything starts.
 * @throws {L1SignerRefusedError}
 */
export async function checkL1Signer(signer: L1Signer, logger: Pick<Logger, 'warn'>): Promise<void> {
  try {
    await signer.assertReady()
  } catch (error) {
    if (!(error instanceof L1SignerUnavailableError)) throw error
    logger.warn({ account: signer.address, error: error.message }, 'The remote signer does not answer')
  }
}

/** Whether each could sign now. */
export const signerCheck = (signers: readonly L1Signer[]) => async (): Promise<Finding> => {
  try {
    await Promise.all(signers.map((signer) => signer.assertReady()))
    return { ok: true }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    return { ok: false, error: error.message }
  }
}

const readTls = ({ caFile, certFile, keyFile }: Config['signer']['tls']): NonNullable<SignerPlace['tls']> => ({
  ca: readPem('caFile', caFile),
  cert: readPem('certFile', certFile),
  key: readPem('keyFile', keyFile),
})

function readPem(option: string, path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`signer.tls.${option}: cannot read ${path}: ${(cause as NodeJS.ErrnoException).code}.`, {
      cause,
    })
  }
}
