import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccakHex } from './keccak.ts'
import type { Address, Hash } from './primitives.ts'

/** Seconds as the contracts pack them: uint64. */
type Seconds = number | bigint

function uint64(seconds: Seconds): Uint8Array {
  return bigIntToBytes(BigInt(seconds), 8)
}

function hashPacked(...parts: (Hash | Address | Uint8Array)[]): Hash {
  return keccakHex(concatBytes(...parts.map((part) => (typeof part === 'string' ? hexToBytes(part) : part))))
}

/** What fork 7 and later hash for one batch. */
export type AccInputHashInput = {
  /** Zero before the first batch. */
  oldAccInputHash: Hash
  /** keccak of batchL2Data. */
  batchL2DataHash: Hash
  /** Root every L1 info leaf of the batch is proven against; of a forced batch its global exit root. */
  l1InfoRoot: Hash
  /** Latest time of an L2 block in the batch; of a forced batch the time it was forced. */
  timestampLimit: Seconds
  /** Receiver of the fees: `l2Coinbase` of the sequencing call. */
  coinbase: Address
  /** Zero unless the batch is forced: parent hash of the L1 block that forced it. */
  forcedBlockHashL1: Hash
}

/** Running hash over everything sequenced, fork 7 and later. Source: PolygonZkEVMEtrog. */
export function accInputHash(input: AccInputHashInput): Hash {
  const { oldAccInputHash, batchL2DataHash, l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 } = input
  return hashPacked(oldAccInputHash, batchL2DataHash, l1InfoRoot, uint64(timestampLimit), coinbase, forcedBlockHashL1)
}

/** What forks 1 to 6 hash for one batch: its own exit root and time. */
export type PreEtrogAccInputHashInput = {
  oldAccInputHash: Hash
  batchL2DataHash: Hash
  globalExitRoot: Hash
  timestamp: Seconds
  coinbase: Address
}

/** Running hash over everything sequenced, forks 1 to 6. Source: PolygonZkEVM. */
export function preEtrogAccInputHash(input: PreEtrogAccInputHashInput): Hash {
  const { oldAccInputHash, batchL2DataHash, globalExitRoot, timestamp, coinbase } = input
  return hashPacked(oldAccInputHash, batchL2DataHash, globalExitRoot, uint64(timestamp), coinbase)
}

export type ForcedBatchHashInput = {
  batchL2DataHash: Hash
  forcedGlobalExitRoot: Hash
  /** Of the L1 block that forced the batch. */
  forcedTimestamp: Seconds
  /** Parent hash of that L1 block. */
  forcedBlockHashL1: Hash
}

/** What the contract keeps of a forced batch until it is sequenced, fork 7 and later. */
export function forcedBatchHash(input: ForcedBatchHashInput): Hash {
  const { batchL2DataHash, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = input
  return hashPacked(batchL2DataHash, forcedGlobalExitRoot, uint64(forcedTimestamp), forcedBlockHashL1)
}

/** What the contract keeps of a forced batch until it is sequenced, forks 1 to 6. */
export function preEtrogForcedBatchHash(input: Omit<ForcedBatchHashInput, 'forcedBlockHashL1'>): Hash {
  const { batchL2DataHash, forcedGlobalExitRoot, forcedTimestamp } = input
  return hashPacked(batchL2DataHash, forcedGlobalExitRoot, uint64(forcedTimestamp))
}
