import type { L1Block, L1Event, SequencedBatch } from '#etherman/types.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import type { SequencedOnL1 } from './executeSequenced.ts'

export type EventOf<Kind extends L1Event['kind']> = Extract<L1Event, { kind: Kind }>
export type SequencingEvent = EventOf<'initialSequence' | 'upgradeSequence' | 'sequence' | 'sequenceForceBatches'>

/** The batches that an event fixes on L1, with the inputs of their execution. */
export function sequencedBatches(event: SequencingEvent, block: L1Block): SequencedOnL1[] {
  switch (event.kind) {
    case 'initialSequence':
      return [injectedBatch({ ...event, batchNumber: 1 }, block)]
    case 'upgradeSequence':
      return [injectedBatch(event, block)]
    case 'sequence': {
      const { l1InfoRoot, timestampLimit, coinbase, sequencer } = event
      const regular = { l1InfoRoot, timestampLimit, forcedBlockHashL1: ZERO_HASH, kind: 'synced' as const }
      return numbered(event).map(({ batchNumber, batch }) => ({
        ...{ batchNumber, batchL2Data: batch.batchL2Data, coinbase, sequencer },
        ...(batch.forcedTimestamp > 0 ? forcedInputs(batch) : regular),
      }))
    }
    case 'sequenceForceBatches':
      return numbered(event).map(({ batchNumber, batch }) => ({
        ...{ batchNumber, batchL2Data: batch.batchL2Data, ...forcedInputs(batch) },
        ...{ coinbase: event.coinbase, sequencer: event.coinbase },
      }))
  }
}

/**
 * A batch that the contract itself sequences: the first one when it creates the rollup, or one when a chain of before
 * fork 7 joins. It is executed as a forced one.
 */
function injectedBatch(event: Omit<EventOf<'upgradeSequence'>, 'kind'>, block: L1Block): SequencedOnL1 {
  return {
    batchNumber: BatchNumber(event.batchNumber),
    batchL2Data: event.batchL2Data,
    l1InfoRoot: event.lastGlobalExitRoot,
    timestampLimit: block.timestamp,
    forcedBlockHashL1: block.parentHash,
    coinbase: event.sequencer,
    sequencer: event.sequencer,
    kind: 'injected',
  }
}

const numbered = ({ toBatch, batches }: { toBatch: number; batches: readonly SequencedBatch[] }) =>
  batches.map((batch, index) => ({ batchNumber: BatchNumber(toBatch - batches.length + 1 + index), batch }))

const forcedInputs = ({ forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 }: SequencedBatch) => ({
  l1InfoRoot: forcedGlobalExitRoot,
  timestampLimit: forcedTimestamp,
  forcedBlockHashL1,
  kind: 'forced' as const,
})
