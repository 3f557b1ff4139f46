import type { BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { BatchLimits, BatchUsage } from './batchUsage.ts'

export type StoredBlock = {
  seconds: number
  usage: BatchUsage
  limits: BatchLimits
  batchNumber: BatchNumber
  blockNumber: BlockNumber
  transactions: readonly { hash: Hash }[]
}

/** Told of what the sequencer does, for those who measure it. */
export interface SequencerObserver {
  /** A block is stored, so long after it was begun; what its batch has used since, of what it may. */
  blockStored(block: StoredBlock): void
  batchClosed(batch: { openSeconds: number }): void
  /** A transaction of the pool will never run. */
  rejected(reason: string): void
}

export const NOBODY: SequencerObserver = { blockStored() {}, batchClosed() {}, rejected() {} }
