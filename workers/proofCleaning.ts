import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { deleteObjectsUpTo } from '#db/objects.ts'
import { readBatchHeads } from '#db/rpc/batches.ts'
import { BatchNumber } from '#protocol/primitives.ts'

const EVERY_MS = 10 * 60_000

type Options = { db: Database; proofStore: Database; logger: Pick<Logger, 'info' | 'warn'> }

/**
 * Deletes from the proof store what no prover needs any more: what is of batches whose verification is final on L1. The
 * State DB keeps their witnesses, which the API serves, and what it knows of their proofs.
 */
export async function cleanProofStore({ db, proofStore, logger }: Options): Promise<void> {
  const { finalized } = await readBatchHeads(db)
  const deleted = await deleteObjectsUpTo(proofStore, BatchNumber(finalized))
  if (deleted > 0)
    logger.info({ deleted, upToBatch: finalized }, 'the proof store keeps nothing of what is final on L1')
}

/** Does so now and then. Returns a function that ends it. */
export function keepProofStoreClean(options: Options): () => void {
  const timer = setInterval(() => {
    cleanProofStore(options).catch((err) => options.logger.warn({ err }, 'the proof store is not cleaned'))
  }, EVERY_MS)
  return () => clearInterval(timer)
}
