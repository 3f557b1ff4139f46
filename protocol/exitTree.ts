import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from './keccak.ts'
import { KeccakTree } from './keccakTree.ts'
import type { Address, Hash } from './primitives.ts'

/** Something that leaves a network over the bridge. */
export type BridgeLeaf = {
  /** 0 asset, 1 message. */
  leafType: 0 | 1
  /** uint32; 0 is L1, others are rollup ids. */
  originNetwork: number
  originAddress: Address
  destinationNetwork: number
  destinationAddress: Address
  amount: bigint
  metadata: Uint8Array
}

/** Source: PolygonZkEVMBridgeV2, getLeafValue. */
export function bridgeLeafHash(leaf: BridgeLeaf): Hash {
  const { leafType, originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata } = leaf
  return keccakHex(
    concatBytes(
      Uint8Array.of(leafType),
      bigIntToBytes(BigInt(originNetwork), 4),
      hexToBytes(originAddress),
      bigIntToBytes(BigInt(destinationNetwork), 4),
      hexToBytes(destinationAddress),
      bigIntToBytes(amount, 32),
      keccak256(metadata),
    ),
  )
}

/** Exits of one network in order; its root is the mainnet exit root on L1, the local exit root on L2. */
export class ExitTree extends KeccakTree {
  /** @returns the local index a claim names */
  appendExit(leaf: BridgeLeaf): number {
    return this.append(bridgeLeafHash(leaf))
  }
}

/**
 * Tree whose root is the rollup exit root of L1.
 * @param lastLocalExitRoots position rollupId - 1; ZERO_HASH for a rollup without one
 */
export function rollupExitTree(lastLocalExitRoots: Iterable<Hash>): KeccakTree {
  return new KeccakTree(lastLocalExitRoots)
}

const MAINNET_FLAG = 1n << 64n
const UINT32_MASK = 0xffffffffn

/** Names a leaf among all networks. Indices are uint32; `rollupIndex` is rollupId - 1 and unused for mainnet. */
export type GlobalIndex = { isMainnet: boolean; rollupIndex: number | bigint; localIndex: number | bigint }

/** Larger indices than uint32 are added as they are, like the protocol's own library does. */
export function encodeGlobalIndex({ isMainnet, rollupIndex, localIndex }: GlobalIndex): bigint {
  return BigInt(localIndex) + (isMainnet ? MAINNET_FLAG : BigInt(rollupIndex) << 32n)
}

/** As the bridge reads it: bits above the mainnet flag are ignored, with the flag also those of the rollup. */
export function decodeGlobalIndex(globalIndex: bigint) {
  const isMainnet = (globalIndex & MAINNET_FLAG) !== 0n
  return {
    isMainnet,
    rollupIndex: isMainnet ? 0 : Number((globalIndex >> 32n) & UINT32_MASK),
    localIndex: Number(globalIndex & UINT32_MASK),
  }
}
