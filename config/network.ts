import { z } from 'zod'
import { address, count, countOf, countOrNoneOf, filePath, hash } from './options.ts'

/** Signatures that fit into what the L1 verifier reads. */
const MAX_ATTESTERS = 8

const contractsSchema = z
  .strictObject({
    rollupManager: address.describe('The rollup manager (PolygonRollupManager).'),
    rollup: address.describe("The rollup's own contract (PolygonZkEVMEtrog and later)."),
    globalExitRoot: address.describe('The global exit root manager (PolygonZkEVMGlobalExitRootV2).'),
    pol: address.describe('The POL token, in which sequencing and forced batches are paid.'),
    verifier: address.optional().describe('The verifier of proofs. `zknode run` reads it from the rollup manager.'),
    bridge: address.optional().describe('The bridge; only tools use it.'),
  })
  .describe('Addresses of the contracts on L1.')

const networkOptions = z.strictObject({
  name: z.string().default('zknode').describe('How the network is called.'),
  chainId: count.describe('Chain id of L2.'),
  forkId: count
    .default(9)
    .describe('Fork id of batches of which L1 said nothing that was read; upgrades are read from L1.'),
  l1ChainId: count.describe('Chain id of L1.'),
  rollupId: count.default(1).describe('Number of the rollup in the rollup manager.'),
  contracts: contractsSchema,
  verifier: z
    .enum(['attestation', 'fflonk', 'mock'])
    .default('attestation')
    .describe(
      'What the verifier contract checks. attestation: signatures of attesters. fflonk: proofs of zero knowledge. ' +
        'mock: nothing, any proof is accepted; for tests of provers alone.',
    ),
  attesters: z
    .array(address)
    .min(1)
    .max(MAX_ATTESTERS)
    .optional()
    .describe(
      'Whose attestations count: those the L1 verifier knows. The address of keys.attester alone when left out.',
    ),
  attestersRequired: countOf('attesters')
    .max(MAX_ATTESTERS)
    .default(1)
    .describe('How many of the attesters have to attest each proof, as the L1 verifier asks.'),
  l1StartBlock: countOrNoneOf('L1 block').describe(
    'L1 block from which events are read: not after the one that created the rollup, nor after the first leaf of the ' +
      'L1 info tree.',
  ),
  genesisFile: filePath.describe(
    "JSON file with the accounts of L2 block 0, in this node's form or the one of the public networks.",
  ),
  genesisRoot: hash.optional().describe('State root of L2 block 0, to which the genesis file has to lead.'),
})

type Attesters = { attesters?: unknown[] | undefined; attestersRequired: number }

const areEnough = ({ attesters, attestersRequired }: Attesters) => attestersRequired <= (attesters?.length ?? 1)
const notEnough = { path: ['attestersRequired'], error: 'is more than there are attesters' }
const text = 'The network this node works for.'

export const networkSchema = networkOptions.refine(areEnough, notEnough).describe(text)

/** As the operator writes it: what only L1 knows may be left out. */
export const networkFileSchema = networkOptions
  .extend({
    l1ChainId: count.optional().describe('Chain id of L1. `zknode run` reads it from L1 when left out, else compares.'),
  })
  .refine(areEnough, notEnough)
  .describe(text)

/** For those that look at each option by itself: any may be left out. */
export const looseNetworkSchema = networkOptions.extend({ contracts: contractsSchema.partial() }).partial()
