import { RangeRefusedError } from '#etherman/errors.ts'
import type { Etherman, L1Block, L1BlockEvents, L1BlockTag, L1Event } from '#etherman/types.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { hashOf } from '#test/blocks.ts'

const GENESIS_TIMESTAMP = 1_600_000_000

/** An L1 that does what a test says: block by block, with reorgs, refusals and endpoints that are behind. */
export class ScriptedL1 implements Etherman {
  /** Blocks above it are refused to be read at once. */
  maxRange = Number.POSITIVE_INFINITY
  /** How many it says it would allow. */
  allowedBlocks: number | undefined
  /** Called before events are given. */
  onReadEvents: (range: { fromBlock: number; toBlock: number }) => void = () => {}
  /** Blocks that it calls safe and finalized. */
  readonly tags: { safe?: number; finalized?: number } = {}
  /** The endpoint knows no block above this one. */
  visibleHead = Number.POSITIVE_INFINITY
  /** What the contract answers instead of the hash that follows from the events. */
  readonly accInputHashes = new Map<number, Hash>()
  /** Seconds that a verification by anyone stays pending. */
  pendingStateTimeout = 0
  readonly ranges: { fromBlock: number; toBlock: number }[] = []
  #blocks: L1BlockEvents[] = []
  #forks = 0

  /** Adds a block, numbered from 1. */
  mine(events: readonly L1Event[] = [], timestamp?: number): L1Block {
    const parent = this.#blocks.at(-1)?.block
    const number = this.#blocks.length + 1
    const block = {
      number,
      hash: hashOf(BigInt(number) + (BigInt(this.#forks) << 64n)),
      parentHash: parent?.hash ?? ZERO_HASH,
      timestamp: timestamp ?? (parent?.timestamp ?? GENESIS_TIMESTAMP) + 12,
    }
    this.#blocks.push({ block, events: [...events] })
    return block
  }

  mineEmpty(count: number): void {
    for (let index = 0; index < count; index++) this.mine()
  }

  /** Drops the newest blocks; those mined from now on have other hashes. Returns the events that were dropped. */
  drop(count: number): L1Event[] {
    this.#forks++
    return this.#blocks.splice(-count).flatMap(({ events }) => events)
  }

  async getBlock(tag: L1BlockTag): Promise<L1Block | undefined> {
    const head = Math.min(this.#blocks.length, this.visibleHead)
    const number = tag === 'latest' ? head : typeof tag === 'number' ? tag : (this.tags[tag] ?? 0)
    return number > head ? undefined : this.#blocks[number - 1]?.block
  }

  async readEvents(range: { fromBlock: number; toBlock: number }): Promise<L1BlockEvents[]> {
    const { fromBlock, toBlock } = range
    this.ranges.push(range)
    this.onReadEvents(range)
    if (toBlock - fromBlock + 1 > this.maxRange)
      throw new RangeRefusedError('Too many blocks.', { allowedBlocks: this.allowedBlocks })
    return this.#blocks.slice(fromBlock - 1, toBlock).filter(({ events }) => events.length > 0)
  }

  async readSequencedBatches(toBatch: number) {
    const hash = this.accInputHashes.get(toBatch) ?? this.#chain().get(toBatch) ?? ZERO_HASH
    return { accInputHash: hash, sequencedTimestamp: 0, previousLastBatchSequenced: 0 }
  }

  /** As the contract chains them. */
  #chain(): Map<number, Hash> {
    const ends = new Map<number, Hash>()
    let current = ZERO_HASH
    const add = (batchL2Data: Uint8Array, inputs: Omit<Parameters<typeof accInputHash>[0], ChainedFields>) => {
      current = accInputHash({ oldAccInputHash: current, batchL2DataHash: keccakHex(batchL2Data), ...inputs })
    }
    for (const { block, events } of this.#blocks)
      for (const event of events) {
        if (event.kind === 'initialSequence' || event.kind === 'upgradeSequence') {
          const { batchL2Data, lastGlobalExitRoot: l1InfoRoot, sequencer: coinbase } = event
          const [timestampLimit, forcedBlockHashL1] = [block.timestamp, block.parentHash]
          add(batchL2Data, { l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 })
          ends.set(event.kind === 'initialSequence' ? 1 : event.batchNumber, current)
        }
        if (event.kind === 'rollback') {
          for (const end of ends.keys()) if (end > event.toBatch) ends.delete(end)
          current = ends.get(event.toBatch) ?? ZERO_HASH
        }
        if (event.kind !== 'sequence' && event.kind !== 'sequenceForceBatches') continue
        const { coinbase } = event
        for (const { batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } of event.batches)
          if (forcedTimestamp > 0 || event.kind === 'sequenceForceBatches') {
            const [l1InfoRoot, timestampLimit] = [forcedGlobalExitRoot, forcedTimestamp]
            add(batchL2Data, { l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 })
          } else {
            const { l1InfoRoot, timestampLimit } = event
            add(batchL2Data, { l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1: ZERO_HASH })
          }
        ends.set(event.toBatch, current)
      }
    return ends
  }

  async isRolledBack(toBatch: number, l1Block: number) {
    const later = this.#blocks.slice(l1Block - 1).flatMap(({ events }) => events)
    return later.some((event) => event.kind === 'rollback' && event.toBatch < toBatch)
  }

  async readPendingStateTimeout() {
    return this.pendingStateTimeout
  }

  readStateRoot(): never {
    throw new Error('not part of this script')
  }
  readProgress(): never {
    throw new Error('not part of this script')
  }
  checkNetwork(): never {
    throw new Error('not part of this script')
  }
}

type ChainedFields = 'oldAccInputHash' | 'batchL2DataHash'
