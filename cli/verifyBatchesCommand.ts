import { Command } from 'commander'
import { loadConfig, readSecret } from '#config/load.ts'
import { attestationDomain } from '#workers/proofSettings.ts'
import { type Place, withConfig } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'
import { verifyBatches } from './verifyBatches.ts'

/** `zknode verify-batches`: what the trusted aggregator let wait too long. */
export const verifyBatchesCommand = () =>
  withJson(withConfig(new Command('verify-batches'), 'which has read L1'))
    .description('Prove and verify batches that the trusted aggregator left unverified past its time.')
    .option('--key <secret>', 'key that pays on L1 and gets the reward: env:NAME or file:PATH', 'env:ZKNODE_KEY')
    .action(async (options: Place & Printed & { key: string }) => {
      const config = loadConfig(options.config)
      const verified = await verifyBatches({
        ...{ config, domain: attestationDomain(config), say: note },
        privateKey: readSecret('--key', options.key),
        attesterKey: readSecret('keys.attester', config.keys.attester),
      })
      const { fromBatch, toBatch, l1TxHash } = verified
      print(verified, () => [`Batches ${fromBatch} to ${toBatch} verified: L1 transaction ${l1TxHash}`], options)
    })
