import { ConfigError } from '#config/load.ts'
import type { ProverConfig as Config } from '#config/schema.ts'
import { readKeyAddress } from '#config/secrets.ts'
import type { Address } from '#protocol/primitives.ts'
import type { AttestationDomain, AttesterSet } from '#prover/types.ts'

/** @throws {ConfigError} */
export function attestationDomain({ network }: Config): AttestationDomain {
  const { verifier } = network.contracts
  if (verifier === undefined)
    throw new ConfigError('network.contracts.verifier is not set: attestations name the contract they are for.')
  return { l1ChainId: network.l1ChainId, verifier }
}

/** Address that sends verifications: the configured one, else that of the aggregator's key. @throws {ConfigError} */
export function aggregatorAddress({ aggregator, keys }: Config): Address {
  return aggregator.address ?? readKeyAddress('keys.aggregator', keys.aggregator)
}

/** Whose attestations count: the configured ones, else that of the attester's key. @throws {ConfigError} */
export function attesterSet({ network, keys }: Config): AttesterSet {
  const { attestersRequired } = network
  const attesters = network.attesters ?? [readKeyAddress('keys.attester', keys.attester)]
  return { attesters, attestersRequired }
}
