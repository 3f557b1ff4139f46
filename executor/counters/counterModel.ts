import type { ZkCounters } from '#protocol/counters.ts'
import type { ForkRules } from '#protocol/forks.ts'
import { encodeSignedList, type Transaction } from '#protocol/transaction.ts'
import { batchCost, blockCost, markerCost, parsingCost, readingDataCost } from './formulas.ts'
import { type CounterMeasure, CounterMeter, type CounterTable, counterTable } from './meter.ts'
import { type CounterVector, sum, vectorToCounters } from './vector.ts'
import { addCounters } from './zkCounters.ts'

/** Most leaves one transaction can add to the state tree. */
const LEAVES_ONE_TRANSACTION_ADDS = 50_000
const EXECUTION_LEVELS_AT_LEAST = 32
/** The later table expects a part of the levels only. */
const LATER_LEVELS_SHARE = 0.6
/** Hashes of a leaf and of its value, at the end of a path. */
const LEAF_HASHES = 2
/** r, s, v and the percentage. */
const SIGNATURE_SIZE_BYTES = 66

/** Counts what a batch takes, piece by piece. `treeDepth`: level of the deepest leaf of the state tree, as far as known. */
export class CounterModel {
  readonly measure: CounterMeasure
  readonly #rules: ForkRules

  constructor(rules: ForkRules, measure: CounterMeasure = 'estimate') {
    this.#rules = rules
    this.measure = measure
  }

  /** Counts one transaction while it runs. */
  createMeter(): CounterMeter {
    return new CounterMeter(this.#table)
  }

  /** Hashes one path of the state tree is counted with outside execution. */
  levels(treeDepth: number): number {
    return this.#levels(treeDepth, 0)
  }

  /** The same while a transaction runs, which may make the tree deeper. */
  executionLevels(treeDepth: number): number {
    return this.#levels(treeDepth, EXECUTION_LEVELS_AT_LEAST)
  }

  /** What a batch of `sizeBytes` bytes takes beside its blocks and transactions. */
  batch(treeDepth: number, sizeBytes: number): ZkCounters {
    return vectorToCounters(batchCost(this.#table.blocks, sizeBytes), this.levels(treeDepth))
  }

  /** What opening and consolidating a block takes. `info`: the block brings a leaf of the L1 info tree. */
  block(treeDepth: number, block: { marker: boolean; info: boolean }): ZkCounters {
    const opened = vectorToCounters(blockCost(this.#table.blocks, block.info), this.executionLevels(treeDepth))
    return block.marker ? addCounters(opened, this.marker()) : opened
  }

  /** What reading a block marker from the batch takes. */
  marker(): ZkCounters {
    return vectorToCounters(markerCost(this.#table.blocks), 0)
  }

  /**
   * What reading a transaction from the batch takes, and the bytes it has there. A zero counts as one byte, or as none in
   * a transaction of another chain unless it is the chain id.
   */
  parse(transaction: Transaction, batchChainId: number): { counters: ZkCounters; sizeBytes: number } {
    const { data, gasPrice, gasLimit, value, chainId, nonce } = transaction
    const sizeBytes = encodeSignedList(transaction).length + SIGNATURE_SIZE_BYTES
    const isForeign = chainId !== undefined && chainId !== BigInt(batchChainId)
    const sizeOf = (value: bigint) => (value === 0n ? (isForeign ? 0 : 1) : (value.toString(16).length + 1) >> 1)
    const { blocks } = this.#table
    const lengths = {
      item: sizeBytes,
      data: data.length,
      gasPrice: sizeOf(gasPrice),
      gasLimit: sizeOf(gasLimit),
      value: sizeOf(value),
      chainId: chainId === undefined ? 0 : Math.max(sizeOf(chainId), 1),
      nonce: sizeOf(nonce),
    }
    const cost: CounterVector =
      this.measure === 'program'
        ? sum(parsingCost(blocks, { ...lengths, data: 0 }), readingDataCost(data))
        : parsingCost(blocks, lengths)
    return { counters: vectorToCounters(cost, 0), sizeBytes }
  }

  get #table(): CounterTable {
    return counterTable(this.#rules, this.measure)
  }

  #levels(treeDepth: number, atLeast: number): number {
    if (this.measure === 'program') return treeDepth + LEAF_HASHES
    const levels = Math.max(Math.floor(Math.log2(2 ** treeDepth + LEAVES_ONE_TRANSACTION_ADDS)) + 1, atLeast)
    return this.#rules.forkId >= 12 ? Math.floor(LATER_LEVELS_SHARE * levels) : levels
  }
}
