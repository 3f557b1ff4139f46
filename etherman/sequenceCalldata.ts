import type { Interface, Result } from 'ethers'
import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { L1DataError } from './errors.ts'
import { rollupInterface, sequencingInterfaces } from './interfaces.ts'
import type { SequencedBatch } from './types.ts'

/** Calldata of a sequence in any of its forms. What a form does not have is undefined. */
export type SequenceCalldata = {
  form: 'etrog' | 'elderberry' | 'banana'
  batches: SequencedBatch[]
  coinbase: Address
  /** Seconds; etrog has none and the contract takes the block's time. */
  maxSequenceTimestamp?: number
  /** Last batch before the sequence; elderberry only. */
  initSequencedBatch?: number
  /** Leaves of the L1 info tree that the batches may name; banana only. */
  l1InfoTreeLeafCount?: number
  /** Banana only. */
  expectedFinalAccInputHash?: Hash
}

const METHOD = 'sequenceBatches'
const VALIDIUM_METHOD = 'sequenceBatchesValidium'
/** Of all forms that `decodeSequenceBatches` and `decodeSequenceForceBatches` read. */
export const SEQUENCE_SELECTORS: readonly string[] = Object.values(sequencingInterfaces).map(
  (abi) => abi.getFunction(METHOD)!.selector,
)
export const VALIDIUM_SELECTORS: readonly string[] = [sequencingInterfaces.elderberry, sequencingInterfaces.banana].map(
  (abi) => abi.getFunction(VALIDIUM_METHOD)!.selector,
)
export const FORCED_SEQUENCE_SELECTORS: readonly string[] = [
  rollupInterface.getFunction('sequenceForceBatches')!.selector,
]
const WORD_BYTES = 32
/** Selector and at most five arguments, the length of the array, and what a signed transaction has around its data. */
const FIXED_BYTES = 4 + 6 * WORD_BYTES + 300
/** Offset of the tuple, its four words, and the length of its data. */
const BATCH_BYTES = 6 * WORD_BYTES

/** Which form of the call a fork's contract has. */
export function sequenceForm(forkId: number): SequenceCalldata['form'] {
  if (forkId < 8) return 'etrog'
  return forkId < 12 ? 'elderberry' : 'banana'
}

/** A batch that is not forced, as calldata has it. */
export function regularBatch(batchL2Data: Uint8Array): SequencedBatch {
  return { batchL2Data, forcedGlobalExitRoot: ZERO_HASH, forcedTimestamp: 0, forcedBlockHashL1: ZERO_HASH }
}

/** Upper bound of the signed L1 transaction that sequences batches of these sizes. */
export function sequenceTransactionBytes(batchBytes: readonly number[]): number {
  return batchBytes.reduce(
    (total, bytes) => total + BATCH_BYTES + WORD_BYTES * Math.ceil(bytes / WORD_BYTES),
    FIXED_BYTES,
  )
}

/**
 * The bytes of ethers, without its way through hex: this is most of what is sent to L1.
 * @throws {L1DataError} when a value that the form needs is missing
 */
export function encodeSequenceBatches({ form, ...call }: SequenceCalldata): Uint8Array {
  const { maxSequenceTimestamp, initSequencedBatch, l1InfoTreeLeafCount, expectedFinalAccInputHash } = call
  const forms: Record<SequenceCalldata['form'], (Value | undefined)[]> = {
    etrog: [],
    elderberry: [maxSequenceTimestamp, initSequencedBatch],
    banana: [l1InfoTreeLeafCount, maxSequenceTimestamp, expectedFinalAccInputHash],
  }
  const values = [...forms[form], call.coinbase].map((value) => {
    if (value === undefined) throw new L1DataError('A value of the sequence is missing.', { facts: { form } })
    return encodeWord(value)
  })
  const tuples = call.batches.map(encodeTuple)
  const offsets = tuples.map((_, index) =>
    tuples.slice(0, index).reduce((sum, { length }) => sum + length, WORD_BYTES * tuples.length),
  )
  return concatBytes(
    hexToBytes(sequencingInterfaces[form].getFunction(METHOD)!.selector),
    encodeWord(WORD_BYTES * (1 + values.length)),
    ...values,
    encodeWord(tuples.length),
    ...offsets.map(encodeWord),
    ...tuples,
  )
}

/** @throws {L1DataError} for calls other than sequenceBatches, such as those of contracts around the rollup */
export function decodeSequenceBatches(calldata: Hex): SequenceCalldata {
  for (const form of ['elderberry', 'etrog', 'banana'] as const) {
    const args = decodeCall(sequencingInterfaces[form], METHOD, calldata)
    if (args !== undefined) return { form, batches: (args[0] as Result[]).map(fromTuple), ...commonArguments(args) }
  }
  throw new L1DataError('Calldata of a sequence is of no known form.', { facts: { selector: calldata.slice(0, 10) } })
}

/** A sequence of a rollup whose data is elsewhere: batches by the hash of their data, and who vouches for them. */
export type ValidiumCalldata = Omit<SequenceCalldata, 'batches'> & {
  batches: (Omit<SequencedBatch, 'batchL2Data'> & { transactionsHash: Hash })[]
  dataAvailabilityMessage: Uint8Array
}

/** @throws {L1DataError} */
export function decodeSequenceBatchesValidium(calldata: Hex): ValidiumCalldata {
  for (const form of ['elderberry', 'banana'] as const) {
    const args = decodeCall(sequencingInterfaces[form], VALIDIUM_METHOD, calldata)
    if (args === undefined) continue
    const batches = (args[0] as Result[]).map((tuple) => {
      return { transactionsHash: Hash(tuple['transactionsHash']), ...forcedFields(tuple) }
    })
    const dataAvailabilityMessage = hexToBytes(args['dataAvailabilityMessage'])
    return { form, batches, ...commonArguments(args), dataAvailabilityMessage }
  }
  throw new L1DataError('Calldata of a sequence is of no known form.', { facts: { selector: calldata.slice(0, 10) } })
}

/** What all forms have, and what some have besides. */
function commonArguments(args: Result): Omit<SequenceCalldata, 'form' | 'batches'> {
  const { maxSequenceTimestamp, initSequencedBatch, l1InfoTreeLeafCount, expectedFinalAccInputHash, l2Coinbase } =
    args.toObject()
  return {
    coinbase: Address(l2Coinbase),
    ...(maxSequenceTimestamp !== undefined && { maxSequenceTimestamp: Number(maxSequenceTimestamp) }),
    ...(initSequencedBatch !== undefined && { initSequencedBatch: Number(initSequencedBatch) }),
    ...(l1InfoTreeLeafCount !== undefined && { l1InfoTreeLeafCount: Number(l1InfoTreeLeafCount) }),
    ...(expectedFinalAccInputHash !== undefined && { expectedFinalAccInputHash: Hash(expectedFinalAccInputHash) }),
  }
}

/** Batches of a sequenceForceBatches call. @throws {L1DataError} */
export function decodeSequenceForceBatches(calldata: Hex): SequencedBatch[] {
  const args = decodeCall(rollupInterface, 'sequenceForceBatches', calldata)
  if (args === undefined)
    throw new L1DataError('Calldata of forced batches is of no known form.', {
      facts: { selector: calldata.slice(0, 10) },
    })
  return (args[0] as Result[]).map(fromTuple)
}

/** Batch data of a forceBatch call. @throws {L1DataError} */
export function decodeForceBatch(calldata: Hex): Uint8Array {
  const args = decodeCall(rollupInterface, 'forceBatch', calldata)
  if (args === undefined)
    throw new L1DataError('Calldata of a forced batch is of no known form.', {
      facts: { selector: calldata.slice(0, 10) },
    })
  return hexToBytes(args[0] as string)
}

/** Undefined for another function. @throws {L1DataError} for the function with arguments that cannot be read */
function decodeCall(abi: Interface, method: string, calldata: Hex): Result | undefined {
  if (!calldata.startsWith(abi.getFunction(method)!.selector)) return undefined
  try {
    const args = abi.decodeFunctionData(method, calldata)
    args.toArray(true) // ethers defers errors of single values
    return args
  } catch (cause) {
    throw new L1DataError('Calldata cannot be decoded.', { cause, facts: { method, bytes: calldata.length / 2 - 1 } })
  }
}

type Value = number | Hash | Address

const encodeWord = (value: Value): Uint8Array => bigIntToBytes(BigInt(value), WORD_BYTES)

function encodeTuple(batch: SequencedBatch): Uint8Array {
  const { batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = batch
  const head = [4 * WORD_BYTES, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1, batchL2Data.length]
  const padding = new Uint8Array(-batchL2Data.length & (WORD_BYTES - 1))
  return concatBytes(...head.map(encodeWord), batchL2Data, padding)
}

const fromTuple = (tuple: Result): SequencedBatch => {
  return { batchL2Data: hexToBytes(tuple['transactions']), ...forcedFields(tuple) }
}

const forcedFields = (tuple: Result) => ({
  forcedGlobalExitRoot: Hash(tuple['forcedGlobalExitRoot']),
  forcedTimestamp: Number(tuple['forcedTimestamp']),
  forcedBlockHashL1: Hash(tuple['forcedBlockHashL1']),
})
