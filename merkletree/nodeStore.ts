import type { Hash } from '#protocol/primitives.ts'

/**
 * A node of the sparse Merkle tree as it is stored, addressed by its hash (as a 32-byte root in hash form).
 * Internal: 64 bytes, left hash then right hash, each 32 bytes as in a root's hex.
 * Leaf: 65 bytes, 0x01 then the 32-byte remaining key (hash form), then the 32-byte big-endian value.
 */
export type StoredNode = { hash: Uint8Array; data: Uint8Array }

/** Where tree nodes live. Nodes never change and are never removed by an update. */
export interface NodeStore {
  /** Data of each node asked for, in order; undefined where the store has none. One round trip. */
  getNodes(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
}

/** Root of the tree with no leaves. */
export type Root = Hash
