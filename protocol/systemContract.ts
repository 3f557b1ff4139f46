import { bigIntToBytes, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccakHex } from './keccak.ts'
import { Address, type Hash } from './primitives.ts'

const slot = (index: bigint) => bytesToHex(bigIntToBytes(index, 32)) as Hash

/** Account without code whose storage the program keeps: block number, time, block hashes. */
export const SYSTEM_CONTRACT = Address('0x000000000000000000000000000000005ca1ab1e')
/** Slot of the last L2 block number. */
export const LAST_BLOCK_NUMBER_SLOT = slot(0n)
/** Slot of the mapping from block number to block hash. */
export const BLOCK_HASHES_SLOT = slot(1n)
/** Slot of the last L2 block's time in seconds. */
export const LAST_TIMESTAMP_SLOT = slot(2n)
/** Slot of the last consolidated block's block info root. */
export const BLOCK_INFO_ROOT_SLOT = slot(3n)

/** Exit root manager of L2: known global exit roots, and the local exit root the L2 bridge writes. */
export const L2_GLOBAL_EXIT_ROOT_MANAGER = Address('0xa40d5f56745a118d0906a34e69aec8c0db1cb8fa')
/** Slot of the mapping from global exit root to L1 block hash (before etrog: to a time). */
export const GLOBAL_EXIT_ROOTS_SLOT = slot(0n)
/** Slot of the local exit root; zero until something left over the bridge. */
export const LOCAL_EXIT_ROOT_SLOT = slot(1n)

/** Slot of a mapping's entry, as Solidity lays it out. */
export function mappingSlot(key: Hash, mapping: Hash): Hash {
  return keccakHex(concatBytes(hexToBytes(key), hexToBytes(mapping)))
}

/** Where the system contract holds the hash (the state root) of L2 block `blockNumber`. */
export function blockHashSlot(blockNumber: number | bigint): Hash {
  return mappingSlot(slot(BigInt(blockNumber)), BLOCK_HASHES_SLOT)
}

/** Where the exit root manager of L2 holds what it knows of a global exit root. */
export function globalExitRootSlot(globalExitRoot: Hash): Hash {
  return mappingSlot(globalExitRoot, GLOBAL_EXIT_ROOTS_SLOT)
}
