import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { Hash } from '#protocol/primitives.ts'
import { flipKeyBit, keyBit, MAX_DEPTH, restoreKey, writeRemainingKey } from './keyBits.ts'
import { linearPoseidon } from './linearPoseidon.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { EMPTY, PartialTree } from './partialTree.ts'
import { INTERNAL_BYTES } from './walk.ts'
import { areElements, mapKey, readWords, sameWords } from './words.ts'

/** The bytes are no witness: cut short, of another form, with something left over, or with a number in a second form. */
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
const ZERO = new Uint8Array(32)

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
  const write = (hash: Uint8Array): void => {
    const data = known.get(mapKey(hash))
    if (mapKey(hash) === mapKey(ZERO)) parts.push(Uint8Array.of(TAG.empty))
    else if (data === undefined) parts.push(Uint8Array.of(TAG.opaque), hash)
    else if (data.length === INTERNAL_BYTES) {
      parts.push(Uint8Array.of(TAG.internal))
      write(data.subarray(0, 32))
      write(data.subarray(32, 64))
    } else parts.push(Uint8Array.of(TAG.leaf), minimal(data.subarray(1, 33)), minimal(data.subarray(33, 65)))
  }
  write(hexToBytes(root))
  parts.push(uint32(codes.size))
  for (const code of codes.values()) parts.push(uint32(code.length), code)
  return concatBytes(...parts)
}

/** Length byte and the bytes without leading zeros. */
function minimal(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const significant = start < 0 ? new Uint8Array() : bytes.subarray(start)
  return concatBytes(Uint8Array.of(significant.length), significant)
}

function uint32(value: number): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(8, '0')}`)
}

/**
 * Reads a witness and hashes every node and code in it, so that what it holds is what `root` commits to: an altered
 * byte gives another root. Compare `root` with the one expected before use. What was left out of it is missing from
 * the store. @throws {WitnessError}
 */
export function decodeWitness(bytes: Uint8Array): { root: Hash; store: NodeStore; codes: Map<Hash, Uint8Array> } {
  const reader = new WitnessReader(bytes)
  const { root, nodes } = reader.tree()
  const store = new MemoryNodeStore()
  store.add(nodes)
  return { root, store, codes: reader.codes() }
}

class WitnessReader {
  readonly #bytes: Uint8Array
  #offset = 0
  readonly #tree = new PartialTree()
  /** Bits of the levels above the node that is being read; zeros below. */
  readonly #path = new Uint32Array(8)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  tree(): { root: Hash; nodes: StoredNode[] } {
    const version = this.#byte(0)
    if (version !== VERSION) throw this.#error('Witness of an unknown version.', 0, { version })
    const top = this.#node(0)
    const nodes = this.#tree.hash(top)
    return { root: this.#tree.hashOf(top), nodes }
  }

  codes(): Map<Hash, Uint8Array> {
    const codes = new Map<Hash, Uint8Array>()
    for (let count = this.#uint32(); count > 0; count--) {
      const code = this.#take(this.#uint32(), 0)
      const codeHash = linearPoseidon(code)
      if (codes.has(codeHash)) throw this.#error('A code comes twice.', 0, { codeHash })
      codes.set(codeHash, code)
    }
    if (this.#offset !== this.#bytes.length) throw this.#error('Bytes are left over after the witness.', 0)
    return codes
  }

  #node(depth: number): number {
    const tag = this.#byte(depth)
    switch (tag) {
      case TAG.empty:
        return EMPTY
      case TAG.opaque:
        return this.#opaque(depth)
      case TAG.internal: {
        if (depth === MAX_DEPTH) throw this.#error('Witness is deeper than a tree can be.', depth)
        const left = this.#node(depth + 1)
        flipKeyBit(this.#path, 0, depth)
        const right = this.#node(depth + 1)
        flipKeyBit(this.#path, 0, depth)
        return this.#tree.addInternal(left, right)
      }
      case TAG.leaf:
        return this.#leaf(depth)
      default:
        throw this.#error('Unknown node in the witness.', depth, { tag })
    }
  }

  #opaque(depth: number): number {
    const hash = this.#take(32, depth)
    const words = new Uint32Array(8)
    readWords(hash, 0, words, 0)
    if (!areElements(words, 0) || words.every((word) => word === 0))
      throw this.#error('Not the hash of a subtree.', depth, { hash: bytesToHex(hash) })
    return this.#tree.addOpaque(hash)
  }

  #leaf(depth: number): number {
    const remaining = this.#number(depth)
    const key = remaining.slice()
    restoreKey(key, 0, this.#path, 0, depth)
    const again = new Uint32Array(8)
    writeRemainingKey(key, 0, depth, again, 0)
    if (!areElements(key, 0) || !sameWords(remaining, 0, again, 0)) throw this.#error('Not a key of this place.', depth)
    const value = this.#number(depth)
    if (value.every((word) => word === 0)) throw this.#error('A leaf holds zero.', depth)
    return this.#tree.addLeaf(key, value, 0, depth)
  }

  /** A number of at most 32 bytes in its shortest form: any other is refused, so that bytes and trees are one to one. */
  #number(depth: number): Uint32Array {
    const size = this.#byte(depth)
    if (size > 32) throw this.#error('Number of more than 32 bytes.', depth, { size })
    const significant = this.#take(size, depth)
    if (significant[0] === 0) throw this.#error('Number with a leading zero.', depth)
    const whole = new Uint8Array(32)
    whole.set(significant, 32 - size)
    const words = new Uint32Array(8)
    readWords(whole, 0, words, 0)
    return words
  }

  #take(size: number, depth: number): Uint8Array {
    const end = this.#offset + size
    if (end > this.#bytes.length) throw this.#error('Witness ends too early.', depth, { wants: size })
    const part = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return part
  }

  #byte(depth: number): number {
    return this.#take(1, depth)[0]!
  }

  #uint32(): number {
    const [a, b, c, d] = this.#take(4, 0) as unknown as [number, number, number, number]
    return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  }

  /** `path`: left and right as 0 and 1, from the root. */
  #error(shortMessage: string, depth: number, facts: Record<string, string | number> = {}): WitnessError {
    let path = ''
    for (let level = 0; level < depth; level++) path += keyBit(this.#path, 0, level)
    return new WitnessError(shortMessage, { facts: { offset: this.#offset, path, ...facts } })
  }
}
