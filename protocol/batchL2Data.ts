import { bigIntToBytes, concatBytes, equalBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { FULL_PRICE_PERCENTAGE } from './effectiveGasPrice.ts'
import { type ForkRules, getForkRules } from './forks.ts'
import { RlpDecodeError, RlpListReader } from './rlp.ts'
import {
  decodeSignature,
  encodeCanonicalSignedList,
  encodeSignedList,
  readTransactionFields,
  type Transaction,
} from './transaction.ts'

/** The zkEVM program makes the whole batch a no-op: state root unchanged, no block, accInputHash still advances. */
export class BatchDecodeError extends NodeError {
  override readonly name = 'BatchDecodeError'
}

/** Opens an L2 block. Both numbers are uint32. */
export type ChangeL2Block = {
  /** Seconds since the previous L2 block. */
  deltaTimestamp: number
  /** Leaf of the L1 info tree this block brings to L2; 0 for none. */
  indexL1InfoTree: number
}
export type BatchItem =
  | ({ kind: 'changeL2Block' } & ChangeL2Block)
  | {
      kind: 'transaction'
      transaction: Transaction
      /** 0..255, 255 charges the whole signed price; always 255 before fork 5. */
      effectivePercentage: number
      /** Of the item with signature and percentage. */
      sizeBytes: number
    }

export const CHANGE_L2_BLOCK_TYPE = 0x0b
export const CHANGE_L2_BLOCK_SIZE_BYTES = 9
/** r 32, s 32, v 1. */
const SIGNATURE_SIZE_BYTES = 65
const UINT32_MAX = 0xffffffff

/**
 * Reads a batch as the zkEVM program does before it runs anything. A transaction may come out with a bad signature,
 * nonce or chain id: execution skips those. Linear in the size of the data, and total over it.
 * @param forced the batch came from L1 users or contracts: one implicit block, no changeL2Block
 * @param anyOrder leaves it to the caller to refuse markers in the wrong place
 * @throws {BatchDecodeError} what makes the program refuse the batch as a whole
 * @throws {UnsupportedForkError}
 */
export function decodeBatchL2Data(
  batchL2Data: Uint8Array,
  { forkId, forced, anyOrder = false }: { forkId: number; forced: boolean; anyOrder?: boolean },
): BatchItem[] {
  const rules = getForkRules(forkId)
  const items: BatchItem[] = []
  let offset = 0
  while (offset < batchL2Data.length) {
    if (rules.changeL2Block && batchL2Data[offset] === CHANGE_L2_BLOCK_TYPE) {
      if (forced && !anyOrder)
        throw new BatchDecodeError('A forced batch holds no block marker.', { facts: { offset } })
      items.push({ kind: 'changeL2Block', ...readChangeL2Block(batchL2Data, offset) })
      offset += CHANGE_L2_BLOCK_SIZE_BYTES
      continue
    }
    if (offset === 0 && rules.changeL2Block && !forced && !anyOrder)
      throw new BatchDecodeError('A batch starts with a block marker.', { facts: { offset } })
    const item = readTransaction(batchL2Data, offset, rules)
    items.push(item)
    offset += item.sizeBytes
  }
  return items
}

function readChangeL2Block(bytes: Uint8Array, offset: number): ChangeL2Block {
  if (bytes.length - offset < CHANGE_L2_BLOCK_SIZE_BYTES)
    throw new BatchDecodeError('Batch ends inside a block marker.', { facts: { offset } })
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, CHANGE_L2_BLOCK_SIZE_BYTES)
  return { deltaTimestamp: view.getUint32(1), indexL1InfoTree: view.getUint32(5) }
}

function readTransaction(bytes: Uint8Array, offset: number, rules: ForkRules) {
  const { fields, listEnd } = readSignedList(bytes, offset, rules)
  const percentageSizeBytes = rules.effectivePercentage ? 1 : 0
  const end = listEnd + SIGNATURE_SIZE_BYTES + percentageSizeBytes
  if (end > bytes.length) throw new BatchDecodeError('Batch ends inside a signature.', { facts: { offset } })
  const transaction: Transaction = { ...fields, ...decodeSignature(bytes.subarray(listEnd, end)) }
  const list = bytes.subarray(offset, listEnd)
  if (!equalBytes(list, encodeCanonicalSignedList(transaction))) transaction.signedList = Uint8Array.from(list)
  const effectivePercentage = rules.effectivePercentage ? bytes[end - 1]! : FULL_PRICE_PERCENTAGE
  return { kind: 'transaction' as const, transaction, effectivePercentage, sizeBytes: end - offset }
}

function readSignedList(bytes: Uint8Array, offset: number, rules: ForkRules) {
  try {
    if (bytes[offset] === 0xc0 && !rules.readsEmptyListHeader) throw new RlpDecodeError('RLP list is empty.')
    const reader = new RlpListReader(bytes, offset)
    const integer = { zeroByte: true }
    const fields = readTransactionFields(reader, integer)
    if (reader.isAtEnd) return { fields: { ...fields, chainId: undefined }, listEnd: reader.end }
    const chainId = reader.readInteger(8, integer)
    const tail = bytes.subarray(reader.offset, reader.end)
    if (tail.length !== 2 || tail[0] !== 0x80 || tail[1] !== 0x80)
      throw new RlpDecodeError('Two empty strings must end the list.', { facts: { offset: reader.offset } })
    return { fields: { ...fields, chainId }, listEnd: reader.end }
  } catch (cause) {
    if (!(cause instanceof RlpDecodeError)) throw cause
    throw new BatchDecodeError('Batch holds malformed RLP.', { cause, facts: { offset, reason: cause.message } })
  }
}

/** type 1, deltaTimestamp 4, indexL1InfoTree 4 bytes, big-endian. @throws {RangeError} when not uint32 */
export function encodeChangeL2Block({ deltaTimestamp, indexL1InfoTree }: ChangeL2Block): Uint8Array {
  const bytes = new Uint8Array(CHANGE_L2_BLOCK_SIZE_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = CHANGE_L2_BLOCK_TYPE
  view.setUint32(1, uint32(deltaTimestamp))
  view.setUint32(5, uint32(indexL1InfoTree))
  return bytes
}

function uint32(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) throw new RangeError(`${value} is not a uint32`)
  return value
}

/**
 * Signed list, r, s, v and the percentage byte, as forks 5 and later read them.
 * @param effectivePercentage 0..255; undefined leaves the byte out, for fork 4
 * @throws {RangeError} when not a byte
 */
export function encodeBatchTransaction(transaction: Transaction, effectivePercentage: number | undefined): Uint8Array {
  const { r, s, v } = transaction
  return concatBytes(
    encodeSignedList(transaction),
    bigIntToBytes(r, 32),
    bigIntToBytes(s, 32),
    byte(v),
    effectivePercentage === undefined ? new Uint8Array() : byte(effectivePercentage),
  )
}

function byte(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`${value} is not a byte`)
  return Uint8Array.of(value)
}

/** Bytes the transaction takes in a batch of fork 5 or later. */
export function encodedTransactionSize(transaction: Transaction): number {
  return encodeSignedList(transaction).length + SIGNATURE_SIZE_BYTES + 1
}
