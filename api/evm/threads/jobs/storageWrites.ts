import type { Address } from '#protocol/primitives.ts'
import { type FirstTransactions, runFirstTransactions } from '../blockWorld.ts'
import { type EvmJob, evmJob } from '../job.ts'

export type StorageWritesRequest = FirstTransactions & { address: Address }

/** Slots of a contract whose values differ after the first transactions of a block from those before it. */
export const storageWritesJob: EvmJob<StorageWritesRequest, { slot: bigint; value: bigint }[]> = evmJob(
  async ({ address, ...first }, context) => {
    const { diff } = await runFirstTransactions(first, context)
    return diff.storage.filter((write) => write.address === address).map(({ slot, value }) => ({ slot, value }))
  },
  { isTrace: true },
)
