import { Command } from 'commander'
import { hexToBytes } from '#common/bytes.ts'
import { UsageError } from '#common/errors.ts'
import { loadNodeFile } from '#config/load.ts'
import type { Hex } from '#protocol/primitives.ts'
import { openL1Signer } from '#workers/l1Signer.ts'
import {
  type ForcedBatch,
  forceBatch,
  forcedBatchData,
  type L1Network,
  sequenceForcedBatches,
} from './forcedBatches.ts'
import { type L1Account, openL1Account } from './l1Account.ts'
import { type Place, withConfig } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'

/** What was given to the command cannot be used; the message says what and why. */
export class CommandInputError extends UsageError {
  override readonly name = 'CommandInputError'
}

type Options = Place & Printed & { key: string; data?: string }

const command = (name: string) =>
  withJson(withConfig(new Command(name), 'which names L1 and the contracts')).option(
    '--key <reference>',
    'key that pays on L1: env:NAME, file:PATH, keystore:PATH or signer:0xADDRESS',
    'env:ZKNODE_KEY',
  )

/** `zknode force-batch`: a user's transactions go to L2 even when the sequencer will not take them. */
export const forceBatchCommand = () =>
  command('force-batch')
    .description(
      'Put signed L2 transactions on L1 as a batch that the rollup has to take. Costs the forced batch fee in POL.',
    )
    .argument('[transactions...]', 'signed L2 transactions, raw hex')
    .option('--data <hex>', 'bytes of the batch instead of transactions; nothing is checked')
    .action(async (transactions: string[], options: Options) => {
      const data = batchData(transactions, options.data)
      await withAccount(options, async (account) => {
        const forced = await forceBatch(account, data)
        print(forced, () => describeForced(forced, data.length), options)
      })
    })

/** `zknode sequence-forced`: what the sequencer let wait too long. */
export const sequenceForcedCommand = () =>
  command('sequence-forced')
    .description('Sequence the forced batches whose time is over, without the sequencer.')
    .action(async (options: Options) => {
      await withAccount(options, async (account, network) => {
        const done = await sequenceForcedBatches(account, network)
        const line =
          done === undefined
            ? 'No forced batch whose time is over.'
            : `${done.forcedBatches} sequenced, up to batch ${done.toBatch}: L1 transaction ${done.l1TxHash}`
        print(done ?? { forcedBatches: 0 }, () => [line], options)
      })
    })

async function withAccount(
  { config: path, key }: Options,
  work: (account: L1Account, network: L1Network) => Promise<void>,
): Promise<void> {
  const { network: options, l1, keys, signer } = loadNodeFile(path).config
  const { rollupId, contracts, l1StartBlock } = options
  const network = { rpcUrls: l1.rpcUrls, rollupId, contracts, l1StartBlock }
  const account = openL1Account({ ...network, signer: await openL1Signer('--key', key, { keys, signer }) })
  try {
    await work(account, network)
  } finally {
    account.close()
  }
}

function batchData(transactions: readonly string[], data: string | undefined): Uint8Array {
  if ((data === undefined) === (transactions.length === 0))
    throw new CommandInputError('Give signed transactions, or --data.')
  try {
    return data === undefined ? forcedBatchData(transactions as Hex[]) : hexToBytes(data as Hex)
  } catch (cause) {
    throw new CommandInputError(`The batch cannot be made: ${(cause as Error).message}`, { cause })
  }
}

const describeForced = ({ forcedBatchNumber, feeWei, l1TxHash, takeByUnix }: ForcedBatch, sizeBytes: number) => [
  `Forced batch ${forcedBatchNumber}: ${sizeBytes} bytes, fee ${feeWei} wei of POL, L1 transaction ${l1TxHash}`,
  `When it is not sequenced by ${new Date(takeByUnix * 1000).toISOString()}: zknode sequence-forced`,
]
