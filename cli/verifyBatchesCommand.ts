import { Command } from 'commander'
import { loadConfig } from '#config/load.ts'
import { readPrivateKey } from '#config/secrets.ts'
import { openL1Signer } from '#workers/l1Signer.ts'
import { attestationDomain } from '#workers/proofSettings.ts'
import { type Place, withConfig } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'
import { verifyBatches } from './verifyBatches.ts'

/** `zknode verify-batches`: what the trusted aggregator let wait too long. */
export const verifyBatchesCommand = () =>
  withJson(withConfig(new Command('verify-batches'), 'which has read L1'))
    .description('Prove and verify batches that the trusted aggregator left unverified past its time.')
    .option('--key <reference>', 'key that pays on L1 and gets the reward, by reference as in keys', 'env:ZKNODE_KEY')
    .action(async (options: Place & Printed & { key: string }) => {
      const config = loadConfig(options.config)
      const verified = await verifyBatches({
        ...{ config, domain: attestationDomain(config), say: note },
        signer: await openL1Signer('--key', options.key, config),
        attesterKey: await readPrivateKey('keys.attester', config.keys.attester, config.keys),
      })
      const { fromBatch, toBatch, l1TxHash } = verified
      print(verified, () => [`Batches ${fromBatch} to ${toBatch} verified: L1 transaction ${l1TxHash}`], options)
    })
