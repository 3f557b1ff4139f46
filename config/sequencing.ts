import { z } from 'zod'
import { address, bytes, countOf, countOrNoneOf, milliseconds, wei } from './options.ts'

export const sequencerSchema = z
  .strictObject({
    coinbase: address
      .optional()
      .describe(
        'Receives the fees of L2 transactions. `zknode run` takes the address of keys.sequencer when left out.',
      ),
    blockIdleMs: milliseconds.default(40).describe('A block closes when no transaction came for this long.'),
    blockMaxMs: milliseconds.default(1000).describe('A block closes when it is this old.'),
    blockMaxTransactions: countOf('transactions').default(1000).describe('A block closes when it holds this many.'),
    emptyBlockIntervalMs: countOrNoneOf('ms')
      .default(0)
      .describe('An empty block is made after this long without any; 0 makes none.'),
    trailingBlockMs: countOrNoneOf('ms')
      .default(1000)
      .describe(
        'One empty block is made this long after a block with transactions, when no other came; 0 makes none. A client ' +
          'that looks again at each new block, as ethers does, would otherwise wait for ever when it began to look too late.',
      ),
    batchMaxMs: milliseconds.default(10_000).describe('A batch with transactions closes at this age.'),
    batchMaxTransactions: countOrNoneOf('transactions')
      .default(300)
      .describe('A batch closes when it holds this many; 0 for no limit but size and counters.'),
    batchMaxBytes: bytes.max(120_000).default(120_000).describe('A batch closes when no more fits into this size.'),
    resourceMarginPercent: z
      .number()
      .min(0)
      .max(90)
      .meta({ unit: '%' })
      .default(10)
      .describe('A batch closes when less than this is left of a resource (zk counter).'),
    forcedBatchConfirmations: countOrNoneOf('L1 blocks')
      .default(64)
      .describe(
        'A batch that a user forced on L1 is taken, as the next batch, when L1 has built this many blocks on it.',
      ),
    forcedBatchDeadlineMs: milliseconds
      .default(60_000)
      .describe("The open batch closes for a forced one of this age. Well below the rollup's forceBatchTimeout."),
    transactionLifetimeMs: milliseconds
      .default(3 * 3600_000)
      .describe('A transaction that waited for longer leaves the pool.'),
  })
  .prefault({})
  .describe('When blocks and batches close.')

export const sequenceSenderSchema = z
  .strictObject({
    waitMs: milliseconds
      .default(5000)
      .describe(
        'Wait this long for more batches before sequencing fewer than maxBatches. Up to sequencer.batchMaxMs it is not ' +
          'waited for transactions that nobody has sent yet.',
      ),
    maxBatches: countOf('batches').max(1000).default(20).describe('Most batches of one L1 transaction.'),
    maxTransactionBytes: bytes.max(131_072).default(131_072).describe('Largest L1 transaction.'),
    maxGas: countOf('gas')
      .default(10_000_000)
      .describe('Most gas of one L1 transaction, by an upper bound; a single batch always goes.'),
    maxAgeMs: milliseconds
      .default(600_000)
      .describe('A batch that is closed for this long is sequenced without waiting for others.'),
  })
  .prefault({})
  .describe('How closed batches are put on L1.')

export const poolSchema = z
  .strictObject({
    accountQueue: countOf('transactions').default(64).describe('Most waiting transactions of one account.'),
    globalQueue: countOf('transactions').default(1024).describe('Most waiting transactions of all accounts.'),
    maxTransactionBytes: bytes.default(100_132).describe('Largest transaction that is admitted.'),
    maxTransactionDataBytes: bytes.default(100_000).describe('Most calldata of a transaction that is admitted.'),
    minGasPriceWei: wei
      .prefault('1000000000')
      .describe('Lowest gas price that is admitted, and what eth_gasPrice suggests.'),
    allowUnprotected: z.boolean().default(true).describe('Whether transactions without a chain id are admitted.'),
    priceBumpPercent: countOrNoneOf('%')
      .default(10)
      .describe('By how much a replacement must raise the gas price of what it replaces.'),
  })
  .prefault({})
  .describe('Which transactions may wait.')
