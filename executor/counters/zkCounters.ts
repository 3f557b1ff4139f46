import type { ZkCounters } from '#protocol/counters.ts'
import type { ForkRules } from '#protocol/forks.ts'
import { encodeSignedList, type Transaction } from '#protocol/transaction.ts'
import { batchCost, blockCost, markerCost, parsingCost, parsingSurplus } from './formulas.ts'
import { counterTable } from './meter.ts'
import { vectorToCounters } from './vector.ts'

export const NO_COUNTERS: ZkCounters = {
  steps: 0,
  arithmetics: 0,
  binaries: 0,
  memAligns: 0,
  keccakHashes: 0,
  poseidonPaddings: 0,
  poseidonHashes: 0,
  sha256Hashes: 0,
}

/** Names of the counters, in the order the protocol lists them. */
export const COUNTER_NAMES = Object.keys(NO_COUNTERS) as (keyof ZkCounters)[]

export function addCounters(a: ZkCounters, b: ZkCounters): ZkCounters {
  return {
    steps: a.steps + b.steps,
    arithmetics: a.arithmetics + b.arithmetics,
    binaries: a.binaries + b.binaries,
    memAligns: a.memAligns + b.memAligns,
    keccakHashes: a.keccakHashes + b.keccakHashes,
    poseidonPaddings: a.poseidonPaddings + b.poseidonPaddings,
    poseidonHashes: a.poseidonHashes + b.poseidonHashes,
    sha256Hashes: a.sha256Hashes + b.sha256Hashes,
  }
}

export function subtractCounters(a: ZkCounters, b: ZkCounters): ZkCounters {
  const negative = { ...b }
  for (const name of COUNTER_NAMES) negative[name] = -b[name]
  return addCounters(a, negative)
}

/** First counter that is above its limit. */
export function findExhaustedCounter(used: ZkCounters, limits: ZkCounters): keyof ZkCounters | undefined {
  return COUNTER_NAMES.find((name) => used[name] > limits[name])
}

/** Most leaves one transaction can add to the state tree. */
const LEAVES_ONE_TRANSACTION_ADDS = 50_000
const EXECUTION_LEVELS_AT_LEAST = 32
/** The later table expects a part of the levels only. */
const LATER_LEVELS_SHARE = 0.6

/** Levels of the state tree one path is counted with outside execution. @param treeDepth deepest leaf of the tree */
export function treeLevels(rules: ForkRules, treeDepth = 0): number {
  return expectedLevels(rules, estimatedLevels(treeDepth))
}

/** The same while a transaction runs. */
export function executionTreeLevels(rules: ForkRules, treeDepth = 0): number {
  return expectedLevels(rules, Math.max(estimatedLevels(treeDepth), EXECUTION_LEVELS_AT_LEAST))
}

function estimatedLevels(treeDepth: number): number {
  return Math.floor(Math.log2(2 ** treeDepth + LEAVES_ONE_TRANSACTION_ADDS)) + 1
}

function expectedLevels(rules: ForkRules, levels: number): number {
  return rules.forkId >= 12 ? Math.floor(LATER_LEVELS_SHARE * levels) : levels
}

/** What a batch of `sizeBytes` bytes takes beside its blocks and transactions. */
export function batchCounters(rules: ForkRules, treeDepth: number | undefined, sizeBytes: number): ZkCounters {
  return vectorToCounters(batchCost(counterTable(rules).blocks, sizeBytes), treeLevels(rules, treeDepth))
}

/** What opening and consolidating a block takes. `info`: the block brings a leaf of the L1 info tree. */
export function blockCounters(
  rules: ForkRules,
  treeDepth: number | undefined,
  block: { marker: boolean; info: boolean },
): ZkCounters {
  const { blocks } = counterTable(rules)
  const opened = vectorToCounters(blockCost(blocks, block.info), executionTreeLevels(rules, treeDepth))
  return block.marker ? addCounters(opened, markerCounters(rules)) : opened
}

/** What reading a block marker from the batch takes. */
export function markerCounters(rules: ForkRules): ZkCounters {
  return vectorToCounters(markerCost(counterTable(rules).blocks), 0)
}

/** r, s, v and the percentage. */
const SIGNATURE_SIZE_BYTES = 66

/**
 * What reading a transaction from the batch takes, and the bytes it has there. A zero counts as one byte, or as none in
 * a transaction of another chain. `surplus`: how far the counters are above what the program takes.
 */
export function parseCounters(
  rules: ForkRules,
  treeDepth: number | undefined,
  transaction: Transaction,
  batchChainId: number,
): { counters: ZkCounters; surplus: ZkCounters; sizeBytes: number } {
  const { data, gasPrice, gasLimit, value, chainId, nonce } = transaction
  const sizeBytes = encodeSignedList(transaction).length + SIGNATURE_SIZE_BYTES
  const isForeign = chainId !== undefined && chainId !== BigInt(batchChainId)
  const sizeOf = (value: bigint) => (value === 0n ? (isForeign ? 0 : 1) : (value.toString(16).length + 1) >> 1)
  const lengths = {
    item: sizeBytes,
    data: data.length,
    gasPrice: sizeOf(gasPrice),
    gasLimit: sizeOf(gasLimit),
    value: sizeOf(value),
    chainId: chainId === undefined ? 0 : sizeOf(chainId),
    nonce: sizeOf(nonce),
  }
  const { blocks } = counterTable(rules)
  const levels = treeLevels(rules, treeDepth)
  return {
    counters: vectorToCounters(parsingCost(blocks, lengths), levels),
    surplus: vectorToCounters(parsingSurplus(blocks, lengths), levels),
    sizeBytes,
  }
}
