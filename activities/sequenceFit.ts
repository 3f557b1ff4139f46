import type { SequencableBatch } from '#db/sequencePlan.ts'
import type { SequenceCarrier } from '#etherman/sequenceCarrier.ts'

type Limits = {
  maxBatches: number
  maxTransactionBytes: number
  maxGas: number
  /** A batch that is closed for this long goes without waiting for others, ms. */
  maxAgeMs: number
}

/**
 * How many of the batches, from the first one on, go into one sequence: they have one coinbase and fork and fit the
 * transaction by size and gas. A single batch always goes. `full` when there is nothing to wait for: the next one,
 * present or to come, could not go along, or the first one has waited long enough.
 */
export function fitSequence(
  batches: readonly SequencableBatch[],
  limits: Limits,
  carrier: SequenceCarrier,
  nowMs: number,
): { count: number; full: boolean } {
  const [first] = batches
  if (first === undefined) return { count: 0, full: false }
  const sizes: number[] = []
  for (const { coinbase, forkId, sizeBytes } of batches) {
    if (sizes.length === limits.maxBatches || coinbase !== first.coinbase || forkId !== first.forkId)
      return { count: sizes.length, full: true }
    const { transactionBytes, gas } = carrier.measure([...sizes, sizeBytes])
    if (sizes.length > 0 && (transactionBytes > limits.maxTransactionBytes || gas > limits.maxGas))
      return { count: sizes.length, full: true }
    sizes.push(sizeBytes)
  }
  const isOld = nowMs - first.closedAt.getTime() >= limits.maxAgeMs
  return { count: sizes.length, full: isOld || sizes.length === limits.maxBatches }
}
