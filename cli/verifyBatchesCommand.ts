import { Command } from 'commander'
import { loadConfig, readSecret } from '#config/load.ts'
import { attestationDomain } from '#workers/proofSettings.ts'
import { verifyBatches } from './verifyBatches.ts'

/** `zknode verify-batches`: what the trusted aggregator let wait too long. */
export const verifyBatchesCommand = () =>
  new Command('verify-batches')
    .description('Prove and verify batches that the trusted aggregator left unverified past its time.')
    .option('--config <file>', 'configuration of a node that has read L1; ZKNODE_CONFIG when left out')
    .option('--key <secret>', 'key that pays on L1 and gets the reward: env:NAME or file:PATH', 'env:ZKNODE_KEY')
    .action(async (options: { config?: string; key: string }) => {
      const config = options.config === undefined ? loadConfig() : loadConfig(options.config)
      const say = (line: string) => process.stdout.write(`${line}\n`)
      const { fromBatch, toBatch, l1TxHash } = await verifyBatches({
        ...{ config, domain: attestationDomain(config), say },
        privateKey: readSecret('--key', options.key),
        attesterKey: readSecret('keys.attester', config.keys.attester),
      })
      say(`Batches ${fromBatch} to ${toBatch} verified: L1 transaction ${l1TxHash}`)
    })
