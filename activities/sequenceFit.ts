import type { SequencableBatch } from '#db/sequencePlan.ts'
import { sequenceTransactionBytes } from '#etherman/sequenceCalldata.ts'

type Limits = { maxBatches: number; maxTransactionBytes: number }

/**
 * How many of the batches, from the first one on, go into one sequence: they have one coinbase and fork and fit the
 * transaction. A single batch always goes. `full` when the next one, present or to come, could not go along.
 */
export function fitSequence(batches: readonly SequencableBatch[], limits: Limits): { count: number; full: boolean } {
  const [first] = batches
  if (first === undefined) return { count: 0, full: false }
  const sizes: number[] = []
  for (const { coinbase, forkId, sizeBytes } of batches) {
    if (sizes.length === limits.maxBatches || coinbase !== first.coinbase || forkId !== first.forkId)
      return { count: sizes.length, full: true }
    sizes.push(sizeBytes)
    if (sizes.length > 1 && sequenceTransactionBytes(sizes) > limits.maxTransactionBytes)
      return { count: sizes.length - 1, full: true }
  }
  return { count: sizes.length, full: sizes.length === limits.maxBatches }
}
