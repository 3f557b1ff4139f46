import type { Address } from '#protocol/primitives.ts'
import { HASH_WORDS, hashBatch, kernelInput, kernelOutput } from './kernel.ts'
import { bigIntToWords, hexDigitsToWords, type Words, wordsToBytes } from './words.ts'

/** What a leaf holds; the seventh input of its key. 5 and 6 (touched entries) exist only inside the prover. */
const LEAF_TYPE = {
  balance: 0,
  nonce: 1,
  codeHash: 2,
  storage: 3,
  codeLength: 4,
  blockHeader: 7,
  transactionHash: 8,
  transactionStatus: 9,
  transactionGas: 10,
  transactionLog: 11,
  transactionPercentage: 12,
} as const

const CAPACITY_OFFSET = 16
const CACHED_KEYS = 200_000

/** H(index, 0): the capacity of keys that have an index, e.g. a storage slot; index 0 serves those without. */
function hashIndex(index: Words): Words {
  kernelInput.fill(0, 0, 24)
  for (let limb = 0; limb < 8; limb++) kernelInput[2 * limb] = index[limb]!
  hashBatch(1)
  return kernelOutput.slice(0, HASH_WORDS)
}

const NO_INDEX = hashIndex(new Uint32Array(HASH_WORDS))

/** H([six limbs of owner, type, 0], capacity). */
function computeKey(owner: Words, type: number, capacity: Words): Uint8Array {
  kernelInput.fill(0, 0, CAPACITY_OFFSET)
  for (let limb = 0; limb < 6; limb++) kernelInput[2 * limb] = owner[limb]!
  kernelInput[12] = type
  kernelInput.set(capacity, CAPACITY_OFFSET)
  hashBatch(1)
  return wordsToBytes(kernelOutput.subarray(0, HASH_WORDS))
}

// A key takes about 250 bytes: at most 50 MB.
/** Keys are asked for again and again: two generations of a map, the older dropped when the younger is full. */
let young = new Map<string, Uint8Array>()
let old = new Map<string, Uint8Array>()

function cached(name: string, compute: () => Uint8Array): Uint8Array {
  const known = young.get(name)
  if (known !== undefined) return known
  if (young.size >= CACHED_KEYS / 2) {
    old = young
    young = new Map()
  }
  const key = old.get(name) ?? compute()
  young.set(name, key)
  return key
}

function accountKey(address: Address, type: number): Uint8Array {
  return cached(`${address}${type}`, () => computeKey(hexDigitsToWords(address.slice(2)), type, NO_INDEX))
}

/** Keys are 32 bytes in the printed form of a hash. Do not change the bytes: they are shared. */
export const balanceKey = (address: Address): Uint8Array => accountKey(address, LEAF_TYPE.balance)
export const nonceKey = (address: Address): Uint8Array => accountKey(address, LEAF_TYPE.nonce)
export const codeHashKey = (address: Address): Uint8Array => accountKey(address, LEAF_TYPE.codeHash)
export const codeLengthKey = (address: Address): Uint8Array => accountKey(address, LEAF_TYPE.codeLength)

export function storageKey(address: Address, slot: bigint): Uint8Array {
  return cached(`${address}${slot.toString(36)}s`, () =>
    computeKey(hexDigitsToWords(address.slice(2)), LEAF_TYPE.storage, hashIndex(bigIntToWords(slot))),
  )
}

/** The same in every block. */
const indexKey = (index: number, type: number) =>
  cached(`${index}i${type}`, () => computeKey(bigIntToWords(BigInt(index)), type, NO_INDEX))

/** Keys of the block info tree. `parameter`: 0 previous block hash … 7 gas used. */
export const blockHeaderKey = (parameter: number): Uint8Array => indexKey(parameter, LEAF_TYPE.blockHeader)
export const transactionHashKey = (txIndex: number): Uint8Array => indexKey(txIndex, LEAF_TYPE.transactionHash)
export const transactionStatusKey = (txIndex: number): Uint8Array => indexKey(txIndex, LEAF_TYPE.transactionStatus)
export const transactionGasKey = (txIndex: number): Uint8Array => indexKey(txIndex, LEAF_TYPE.transactionGas)
export const transactionPercentageKey = (txIndex: number): Uint8Array =>
  indexKey(txIndex, LEAF_TYPE.transactionPercentage)

export function transactionLogKey(txIndex: number, logIndex: number): Uint8Array {
  return cached(`${txIndex}l${logIndex}`, () =>
    computeKey(bigIntToWords(BigInt(txIndex)), LEAF_TYPE.transactionLog, hashIndex(bigIntToWords(BigInt(logIndex)))),
  )
}
