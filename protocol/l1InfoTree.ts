import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccakHex } from './keccak.ts'
import { type KeccakProof, KeccakTree, verifyKeccakProof } from './keccakTree.ts'
import { type Hash, ZERO_HASH } from './primitives.ts'

/** One appearance of a new global exit root on L1. */
export type L1InfoLeaf = {
  globalExitRoot: Hash
  /** Of the parent of the L1 block that emitted the event. */
  blockHashL1: Hash
  /** Of the L1 block that emitted the event: seconds, uint64. */
  timestamp: number | bigint
}

/** Source: PolygonZkEVMGlobalExitRootV2, getLeafValue. */
export function l1InfoLeafHash({ globalExitRoot, blockHashL1, timestamp }: L1InfoLeaf): Hash {
  const time = bigIntToBytes(BigInt(timestamp), 8)
  return keccakHex(concatBytes(hexToBytes(globalExitRoot), hexToBytes(blockHashL1), time))
}

/** Stands for no leaf. */
export const EMPTY_L1_INFO_LEAF = { globalExitRoot: ZERO_HASH, blockHashL1: ZERO_HASH, timestamp: 0 } as const

/** Hash of a leaf of zeros. */
export const EMPTY_L1_INFO_LEAF_HASH = l1InfoLeafHash(EMPTY_L1_INFO_LEAF)

/** Leaves in order of appearance; index 0 exists but no L2 block can name it. */
export class L1InfoTree extends KeccakTree {
  /** @returns index of the leaf */
  appendLeaf(leaf: L1InfoLeaf): number {
    return this.append(l1InfoLeafHash(leaf))
  }
}

/**
 * As the zkEVM program (fork 9 and later) checks a leaf against the batch's `l1InfoRoot`: the leaf of zeros stands for
 * a missing one, so for it true means that the tree has no such leaf, and the batch is invalid.
 */
export function verifyL1InfoProof({ leaf, index, proof, root }: KeccakProof): boolean {
  return verifyKeccakProof({ leaf: leaf === EMPTY_L1_INFO_LEAF_HASH ? ZERO_HASH : leaf, index, proof, root })
}
