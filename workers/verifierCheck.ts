import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import { readAttestationVerifier } from '#etherman/attestationVerifier.ts'
import { L1UnavailableError } from '#etherman/errors.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import { attestationDomain, attesterSet } from './proofSettings.ts'

/** What is verified on such a network says nothing. */
export function warnOfMock({ network }: Config, logger: Pick<Logger, 'warn'>): void {
  if (network.verifier !== 'mock') return
  const { verifier } = network.contracts
  logger.warn({ verifier }, 'L1 accepts ANY proof of this network: network.verifier is mock')
}

/**
 * Asks L1 at the start whether its verifier is what the configuration says, where that can be told. An L1 that is away
 * does not keep the node from starting. @throws {WrongL1Error} when the contract counts no attestations
 */
export async function checkVerifier(config: Config, logger: Pick<Logger, 'info' | 'warn'>): Promise<void> {
  const { network, l1 } = config
  warnOfMock(config, logger)
  if (network.verifier !== 'attestation') return
  const { verifier } = attestationDomain(config)
  const rpc = createL1Rpc({ ...l1, l1ChainId: network.l1ChainId })
  try {
    const { attesters, threshold } = await readAttestationVerifier(rpc, verifier)
    logger.info({ verifier, attesters, threshold }, 'the verifier on L1 counts attestations')
    const ours = attesterSet(config)
    const unknown = ours.attesters.filter((attester) => !attesters.includes(attester))
    if (unknown.length > 0)
      logger.warn({ verifier, unknown }, 'L1 does not count the attestations of all our attesters')
    if (threshold > ours.attestersRequired)
      logger.warn({ verifier, threshold }, 'L1 asks for more attestations than network.attestersRequired')
  } catch (error) {
    if (!(error instanceof L1UnavailableError)) throw error
    logger.warn({ verifier, error: error.message }, 'L1 is away: its verifier is not checked')
  } finally {
    rpc.close()
  }
}
