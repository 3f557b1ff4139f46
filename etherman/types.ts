import type { Address, Hash } from '#protocol/primitives.ts'

/** A block of L1. `timestamp` in seconds. */
export type L1Block = { number: number; hash: Hash; parentHash: Hash; timestamp: number }

/** Where to look on L1: a block by number, the newest, or the newest of which L1 promises more. */
export type L1BlockTag = number | 'latest' | 'safe' | 'finalized'

/** A batch as the calldata of a sequence has it. The three forced values are zero when it is not a forced batch. */
export type SequencedBatch = {
  batchL2Data: Uint8Array
  forcedGlobalExitRoot: Hash
  /** Seconds. */
  forcedTimestamp: number
  forcedBlockHashL1: Hash
}

/** What L1 says about the rollup, in our words. Facts of the block itself (time, hashes) stand in `L1BlockEvents`. */
export type L1Event =
  /** A leaf of the L1 info tree: its index follows from the order, its hash and time from the block. */
  | { kind: 'l1InfoLeaf'; mainnetExitRoot: Hash; rollupExitRoot: Hash }
  /** Batch 1 of a new rollup, written by the contract. */
  | {
      kind: 'initialSequence'
      batchL2Data: Uint8Array
      lastGlobalExitRoot: Hash
      sequencer: Address
      txHash: Hash
    }
  /**
   * A run of batches that ends with `toBatch`. `timestampLimit` in seconds: the block's time for forks before 8, the
   * sequencer's maxSequenceTimestamp from there on. `sequencer` sent the transaction.
   */
  | {
      kind: 'sequence'
      toBatch: number
      batches: SequencedBatch[]
      l1InfoRoot: Hash
      timestampLimit: number
      coinbase: Address
      sequencer: Address
      txHash: Hash
    }
  /** A user put a batch on L1; it is not part of the rollup's batches before it is sequenced. */
  | {
      kind: 'forceBatch'
      forcedBatchNumber: number
      batchL2Data: Uint8Array
      lastGlobalExitRoot: Hash
      sender: Address
      txHash: Hash
    }
  /** Forced batches that were sequenced without the sequencer, because it let them wait too long. */
  | { kind: 'sequenceForceBatches'; toBatch: number; batches: SequencedBatch[]; coinbase: Address; txHash: Hash }
  /**
   * `trusted`: by the trusted aggregator, so it is final at once. One by anyone else is final at once only while the
   * contract's pending state timeout is 0; otherwise it waits for its `consolidation`.
   */
  | {
      kind: 'verification'
      toBatch: number
      stateRoot: Hash
      exitRoot: Hash
      aggregator: Address
      trusted: boolean
      txHash: Hash
    }
  /** From this batch on the rollup is of that fork: its creation, or an upgrade. What is not verified by then is proven with it. */
  | { kind: 'forkUpgrade'; fromBatch: number; forkId: number; txHash: Hash }
  /** The batch that the contract writes when a chain of before fork 7 joins: the first of its kind after it. */
  | {
      kind: 'upgradeSequence'
      batchNumber: number
      batchL2Data: Uint8Array
      lastGlobalExitRoot: Hash
      sequencer: Address
      txHash: Hash
    }
  /** Sequences after this batch, none of them verified, are void: their batches have to be sequenced anew. Fork 12. */
  | { kind: 'rollback'; toBatch: number; txHash: Hash }
  /** Said by the contracts of forks 1 to 6: kept, not executed. `facts` are plain values, hex for bytes. */
  | { kind: 'preEtrog'; event: string; facts: Readonly<Record<string, unknown>>; txHash: Hash }
  /** What anyone verified became final after its time. `sender` made it so, or the sequence it happened with. */
  | { kind: 'consolidation'; toBatch: number; stateRoot: Hash; exitRoot: Hash; sender: Address; txHash: Hash }

/** What one L1 block did, in the order of the chain. */
export type L1BlockEvents = { block: L1Block; events: L1Event[] }

/** End of a sequence as the rollup manager stores it; all zero for a batch that ends none. */
export type SequenceOnL1 = { accInputHash: Hash; sequencedTimestamp: number; previousLastBatchSequenced: number }

/** How far the rollup is on L1. `lastVerifiedBatch` counts consolidated batches only. */
export type RollupProgress = { forkId: number; lastBatchSequenced: number; lastVerifiedBatch: number }

/** Everything that is heard from L1. Every call throws `L1UnavailableError` for transport trouble: try again later. */
export type Etherman = {
  /** Undefined when L1 has no such block (yet). */
  getBlock(tag: L1BlockTag): Promise<L1Block | undefined>
  /**
   * Blocks with events for this rollup, both ends included, in order.
   * @throws {RangeRefusedError} when the endpoint refuses the size of the range
   */
  readEvents(range: { fromBlock: number; toBlock: number }): Promise<L1BlockEvents[]>
  readSequencedBatches(toBatch: number): Promise<SequenceOnL1>
  /** Whether L1 took back a sequence of that L1 block in a later one. Only the contracts of fork 12 can. */
  isRolledBack(toBatch: number, l1Block: number): Promise<boolean>
  /** Zero hash when L1 has no root for the batch. */
  readStateRoot(batchNumber: number): Promise<Hash>
  readProgress(): Promise<RollupProgress>
  /** Seconds that a verification by anyone but the trusted aggregator stays pending; 0: not at all. */
  readPendingStateTimeout(): Promise<number>
  /** @throws {WrongL1Error} when chain, contracts and rollup id do not belong together */
  checkNetwork(l1ChainId: number): Promise<void>
}
