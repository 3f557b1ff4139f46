import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { kernelInput, kernelOutput } from '#merkletree/kernel.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { hashInBulk } from '#merkletree/poseidon.ts'
import { INTERNAL_BYTES } from '#merkletree/walk.ts'
import { decodeWitness } from '#merkletree/witness.ts'
import { readWords, wordsToHash } from '#merkletree/words.ts'
import type { Hash } from '#protocol/primitives.ts'

/**
 * State as provers read it: field elements as 16 hex digits each, the least significant first, by the hash that they
 * have. Codes by their hash. No key and no value begins with 0x.
 */
export type StateDatabase = { root: Hash; db: Record<string, string>; contractsBytecode: Record<string, string> }

const ZERO = '0'.repeat(16)
const INTERNAL_CAPACITY = ZERO.repeat(4)
const LEAF_CAPACITY = `${'1'.padStart(16, '0')}${ZERO.repeat(3)}`
const ZERO_CHILD = '0'.repeat(64)

/**
 * A node is eight elements and its capacity: two children, or a remaining key and the hash of a value. The value is
 * eight elements of 32 bits under that hash. @throws {WitnessError}
 */
export async function witnessToDatabase(witness: Uint8Array): Promise<StateDatabase> {
  const { root, store, codes } = decodeWitness(witness)
  const db: Record<string, string> = {}
  const leaves: { hash: string; key: string; value: string }[] = []
  for await (const { hash, data } of nodesBelow(root, store)) {
    const digits = bytesToHex(data).slice(2)
    if (data.length === INTERNAL_BYTES)
      db[hash] = elements(digits.slice(0, 64)) + elements(digits.slice(64)) + INTERNAL_CAPACITY
    else leaves.push({ hash, key: digits.slice(2, 66), value: digits.slice(66) })
  }
  const valueHashes = hashValues(leaves.map(({ value }) => value))
  for (const [index, { hash, key, value }] of leaves.entries()) {
    const valueHash = valueHashes[index]!
    db[hash] = elements(key) + elements(valueHash) + LEAF_CAPACITY
    db[valueHash] = limbs(value)
  }
  const contractsBytecode = Object.fromEntries(
    [...codes].map(([codeHash, code]) => [codeHash.slice(2), bytesToHex(code).slice(2)]),
  )
  return { root, db, contractsBytecode }
}

/** Every node the store has, from the root down. */
async function* nodesBelow(root: Hash, store: NodeStore): AsyncGenerator<{ hash: string; data: Uint8Array }> {
  for (let level = [root.slice(2)]; level.length > 0; ) {
    const found = await store.getNodes(level.map((hash) => hexToBytes(`0x${hash}`)))
    const below: string[] = []
    for (const [index, hash] of level.entries()) {
      const data = found[index]
      if (data === undefined) continue // left out of the witness
      yield { hash, data }
      if (data.length !== INTERNAL_BYTES) continue
      const digits = bytesToHex(data).slice(2)
      for (const child of [digits.slice(0, 64), digits.slice(64)]) if (child !== ZERO_CHILD) below.push(child)
    }
    level = below
  }
}

function hashValues(values: readonly string[]): string[] {
  const hashes: string[] = []
  const words = new Uint32Array(8)
  hashInBulk(
    values.length,
    (index, offset) => {
      readWords(hexToBytes(`0x${values[index]}`), 0, words, 0)
      kernelInput.fill(0, offset, offset + 24)
      for (const [limb, word] of words.entries()) kernelInput[offset + 2 * limb] = word
    },
    (_, offset) => hashes.push(wordsToHash(kernelOutput.subarray(offset, offset + 8)).slice(2)),
  )
  return hashes
}

/** Of 64 hex digits: four elements. */
const elements = (digits: string): string => digits.match(/.{16}/g)!.reverse().join('')

/** Of 64 hex digits: eight elements of 32 bits. */
const limbs = (digits: string): string =>
  digits
    .match(/.{8}/g)!
    .reverse()
    .map((limb) => limb.padStart(16, '0'))
    .join('')
