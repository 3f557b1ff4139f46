import { concatBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from './keccak.ts'
import type { Hash } from './primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from './rlp.ts'

type Entry = { nibbles: Uint8Array; value: Uint8Array }

const EMPTY_STRING = encodeRlpBytes(new Uint8Array())

/** Root of Ethereum's trie of no entries. */
export const EMPTY_TRIE_ROOT = keccakHex(EMPTY_STRING)

/**
 * Root of the Merkle-Patricia trie from RLP(position) to value, as Ethereum hashes the transactions and receipts of a
 * block. No key is the beginning of another, so branches hold no value.
 */
export function listTrieRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_TRIE_ROOT
  const entries = values.map((value, position) => ({ nibbles: toNibbles(encodeRlpInteger(BigInt(position))), value }))
  return keccakHex(encodeNode(entries, 0))
}

function toNibbles(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length)
  bytes.forEach((byte, index) => {
    nibbles[2 * index] = byte >> 4
    nibbles[2 * index + 1] = byte & 0xf
  })
  return nibbles
}

/** Node over entries that share their first `depth` nibbles. */
function encodeNode(entries: readonly Entry[], depth: number): Uint8Array {
  const [first, ...others] = entries
  if (others.length === 0)
    return encodeRlpList([encodePath(first!.nibbles.subarray(depth), true), encodeRlpBytes(first!.value)])
  const branchDepth = sharedNibbles(first!, others, depth)
  if (branchDepth > depth)
    return encodeRlpList([
      encodePath(first!.nibbles.subarray(depth, branchDepth), false),
      encodeReference(entries, branchDepth),
    ])
  const children: Entry[][] = Array.from({ length: 16 }, () => [])
  for (const entry of entries) children[entry.nibbles[depth]!]!.push(entry)
  const references = children.map((child) => (child.length === 0 ? EMPTY_STRING : encodeReference(child, depth + 1)))
  return encodeRlpList([...references, EMPTY_STRING])
}

function sharedNibbles(first: Entry, others: readonly Entry[], depth: number): number {
  let shared = depth
  while (others.every(({ nibbles }) => nibbles[shared] === first.nibbles[shared])) shared++
  return shared
}

/** A node shorter than a hash stands in its parent as it is. */
function encodeReference(entries: readonly Entry[], depth: number): Uint8Array {
  const node = encodeNode(entries, depth)
  return node.length < 32 ? node : encodeRlpBytes(keccak256(node))
}

/** Hex-prefix encoding: a first nibble of flags (leaf 2, odd 1), padded to whole bytes. */
function encodePath(nibbles: Uint8Array, isLeaf: boolean): Uint8Array {
  const isOdd = nibbles.length % 2 === 1
  const flags = (isLeaf ? 2 : 0) + (isOdd ? 1 : 0)
  const path = concatBytes(isOdd ? Uint8Array.of(flags) : Uint8Array.of(flags, 0), nibbles)
  const bytes = new Uint8Array(path.length / 2)
  for (let index = 0; index < bytes.length; index++) bytes[index] = path[2 * index]! * 16 + path[2 * index + 1]!
  return encodeRlpBytes(bytes)
}
