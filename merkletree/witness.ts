import { concatBytes, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { linearPoseidon } from './linearPoseidon.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { decodeNode, hashTree, type Node, remainingKey, restoreKey } from './nodes.ts'
import { bytesToWords, hexDigitsToWords, mapKey, type Words, wordsToBytes, wordsToHash } from './words.ts'

/** The bytes are no witness: cut short, of another form, or with something left over. */
export class WitnessError extends NodeError {
  override readonly name = 'WitnessError'
}

/** Serves another store's nodes and remembers each of them. */
export class RecordingNodeStore implements NodeStore {
  readonly #store: NodeStore
  readonly #served = new Map<string, StoredNode>()

  constructor(store: NodeStore) {
    this.#store = store
  }

  async getNodes(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const found = await this.#store.getNodes(hashes)
    for (const [index, hash] of hashes.entries()) {
      const data = found[index]
      if (data !== undefined) this.#served.set(mapKey(hash), { hash, data })
    }
    return found
  }

  /** Every node served so far. */
  get nodes(): StoredNode[] {
    return [...this.#served.values()]
  }
}

const VERSION = 1
const TAG = { empty: 0, opaque: 1, internal: 2, leaf: 3 } as const
const MAX_DEPTH = 256

/**
 * Part of a tree as bytes: version 1, nodes in pre-order, number of codes (4), each code's length (4) and bytes.
 * A node is 00 for an empty child, 01 and 32 bytes for a subtree that is left out, 02 and two children, or 03, the
 * remaining key and the value, both with a length byte and without leading zeros. No hash that can be computed is sent.
 * Nodes that are not reachable from the root through the others are left out.
 */
export function encodeWitness(
  root: Hash,
  nodes: Iterable<StoredNode>,
  codes: ReadonlyMap<Hash, Uint8Array> = new Map(),
): Uint8Array {
  const known = new Map<string, Uint8Array>()
  for (const { hash, data } of nodes) known.set(mapKey(hash), data)
  const parts: Uint8Array[] = [Uint8Array.of(VERSION)]
  const write = (hash: Words, path: Words, depth: number): void => {
    const bytes = wordsToBytes(hash)
    const data = known.get(mapKey(bytes))
    if (data === undefined) {
      parts.push(Uint8Array.of(TAG.opaque), bytes)
      return
    }
    const node = decodeNode(data, hash, path, depth)
    if (node.kind === 'leaf') {
      parts.push(Uint8Array.of(TAG.leaf), minimal(remainingKey(node.key, depth)), minimal(node.value))
      return
    }
    parts.push(Uint8Array.of(TAG.internal))
    for (const child of [node.left, node.right]) {
      if (child === undefined) parts.push(Uint8Array.of(TAG.empty))
      else write(child.hash!, path, depth + 1) // the path matters only to whole keys, which are not written
    }
  }
  if (root === ZERO_HASH) parts.push(Uint8Array.of(TAG.empty))
  else write(hexDigitsToWords(root.slice(2)), new Uint32Array(8), 0)
  parts.push(uint32(codes.size))
  for (const code of codes.values()) parts.push(uint32(code.length), code)
  return concatBytes(...parts)
}

/**
 * Reads a witness and hashes every node and code in it, so that what it holds is what `root` commits to: an altered
 * byte gives another root. Compare `root` with the one expected before use. What was left out of it is missing from
 * the store. @throws {WitnessError}
 */
export function decodeWitness(bytes: Uint8Array): { root: Hash; store: NodeStore; codes: Map<Hash, Uint8Array> } {
  const reader = new Reader(bytes)
  if (reader.byte() !== VERSION)
    throw new WitnessError('Witness of an unknown version.', { facts: { version: bytes[0]! } })
  const path = new Uint32Array(8)
  const read = (depth: number): Node | undefined => {
    if (depth > MAX_DEPTH) throw new WitnessError('Witness is deeper than a tree can be.', { facts: { depth } })
    const tag = reader.byte()
    switch (tag) {
      case TAG.empty:
        return undefined
      case TAG.opaque:
        return { kind: 'stub', hash: bytesToWords(reader.bytes(32)) }
      case TAG.internal: {
        setBit(path, depth, 0)
        const left = read(depth + 1)
        setBit(path, depth, 1)
        const right = read(depth + 1)
        setBit(path, depth, 0)
        return { kind: 'internal', left, right, hash: undefined }
      }
      case TAG.leaf: {
        const key = restoreKey(reader.words(), path, depth)
        return { kind: 'leaf', key, value: reader.words(), depth, hash: undefined }
      }
      default:
        throw new WitnessError('Unknown node in the witness.', { facts: { tag, offset: reader.offset - 1, depth } })
    }
  }
  const top = read(0)
  const store = new MemoryNodeStore()
  store.add(hashTree(top))
  const codes = new Map<Hash, Uint8Array>()
  for (let count = reader.uint32(); count > 0; count--) {
    const code = reader.bytes(reader.uint32())
    codes.set(linearPoseidon(code), code)
  }
  if (reader.offset !== bytes.length)
    throw new WitnessError('Bytes are left over after the witness.', {
      facts: { offset: reader.offset, sizeBytes: bytes.length },
    })
  return { root: top === undefined ? ZERO_HASH : wordsToHash(top.hash!), store, codes }
}

function setBit(path: Words, level: number, bit: number): void {
  const position = level >> 2
  const index = 2 * (level & 3) + (position >> 5)
  const mask = 1 << (position & 31)
  path[index] = bit === 1 ? path[index]! | mask : path[index]! & ~mask
}

/** Length byte and the bytes without leading zeros. */
function minimal(words: Words): Uint8Array {
  const bytes = wordsToBytes(words)
  const start = bytes.findIndex((byte) => byte !== 0)
  const significant = start < 0 ? new Uint8Array() : bytes.subarray(start)
  return concatBytes(Uint8Array.of(significant.length), significant)
}

function uint32(value: number): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(8, '0')}`)
}

class Reader {
  readonly #bytes: Uint8Array
  offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  bytes(size: number): Uint8Array {
    const end = this.offset + size
    if (end > this.#bytes.length)
      throw new WitnessError('Witness ends too early.', { facts: { offset: this.offset, wants: size } })
    const part = this.#bytes.subarray(this.offset, end)
    this.offset = end
    return part
  }

  byte(): number {
    return this.bytes(1)[0]!
  }

  uint32(): number {
    const [a, b, c, d] = this.bytes(4) as unknown as [number, number, number, number]
    return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  }

  /** A number of at most 32 bytes in its shortest form: any other is refused, so that bytes and trees are one to one. */
  words(): Words {
    const size = this.byte()
    if (size > 32) throw new WitnessError('Number of more than 32 bytes.', { facts: { offset: this.offset - 1, size } })
    const significant = this.bytes(size)
    if (significant[0] === 0)
      throw new WitnessError('Number with a leading zero.', { facts: { offset: this.offset - size } })
    const whole = new Uint8Array(32)
    whole.set(significant, 32 - size)
    return bytesToWords(whole)
  }
}
