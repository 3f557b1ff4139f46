import { bigIntToBytes, bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { keccak256, keccakHex } from './keccak.ts'
import type { Address, Hash } from './primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList, RlpDecodeError, RlpListReader } from './rlp.ts'
import { CURVE_ORDER, recoverAddress } from './secp256k1.ts'

export class TransactionDecodeError extends NodeError {
  override readonly name = 'TransactionDecodeError'
}
export class UnsupportedTransactionTypeError extends NodeError {
  override readonly name = 'UnsupportedTransactionTypeError'
}
export class InvalidSignatureError extends NodeError {
  override readonly name = 'InvalidSignatureError'
}

/** A signed legacy transaction, the only type of the zkEVM (forks 4 to 13). */
export type Transaction = {
  /** uint64 */
  nonce: bigint
  /** The signed price in wei, uint256; what is charged is a share of it (effectiveGasPrice.ts). */
  gasPrice: bigint
  /** uint64 */
  gasLimit: bigint
  /** undefined creates a contract. */
  to: Address | undefined
  /** wei, uint256 */
  value: bigint
  data: Uint8Array
  /** uint64; undefined before EIP-155. */
  chainId: bigint | undefined
  r: bigint
  s: bigint
  /** Parity form, 27 or 28. A batch may carry any other byte: then `recoverSender` refuses the signature. */
  v: number
  /**
   * The signed RLP list as a batch carries it, only where it differs from the canonical encoding of the fields (the
   * zkEVM program reads the byte 0x00 as integer 0). The sender signed these bytes.
   */
  signedList?: Uint8Array
}

const UINT64_MAX_BYTES = 8
const UINT256_MAX_BYTES = 32
/** 2 * chainId + 36 for the largest chainId of 8 bytes. */
const SIGNATURE_V_MAX_BYTES = 9
const HALF_CURVE_ORDER = CURVE_ORDER >> 1n

/**
 * Strict Ethereum RLP of a signed legacy transaction. Data is copied.
 * @throws {UnsupportedTransactionTypeError} for an EIP-2718 envelope
 * @throws {TransactionDecodeError}
 */
export function decodeRawTransaction(raw: Uint8Array): Transaction {
  const first = raw[0]
  if (first !== undefined && first < 0x80)
    throw new UnsupportedTransactionTypeError('Transaction type not supported.', { facts: { type: first } })
  try {
    const reader = new RlpListReader(raw)
    if (reader.end !== raw.length) throw new TransactionDecodeError('Bytes follow the transaction.')
    const fields = readTransactionFields(reader)
    const signatureV = reader.readInteger(SIGNATURE_V_MAX_BYTES)
    const r = reader.readInteger(UINT256_MAX_BYTES)
    const s = reader.readInteger(UINT256_MAX_BYTES)
    if (!reader.isAtEnd) throw new TransactionDecodeError('A legacy transaction has nine fields.')
    return { ...fields, ...splitSignatureV(signatureV), r, s }
  } catch (cause) {
    if (!(cause instanceof RlpDecodeError)) throw cause
    throw new TransactionDecodeError('Transaction is not valid RLP.', { cause, facts: { reason: cause.message } })
  }
}

/** The six fields both signing forms start with. @throws {RlpDecodeError} */
export function readTransactionFields(reader: RlpListReader, integer: { zeroByte?: boolean } = {}) {
  return {
    nonce: reader.readInteger(UINT64_MAX_BYTES, integer),
    gasPrice: reader.readInteger(UINT256_MAX_BYTES, integer),
    gasLimit: reader.readInteger(UINT64_MAX_BYTES, integer),
    to: readTo(reader),
    value: reader.readInteger(UINT256_MAX_BYTES, integer),
    data: new Uint8Array(reader.readBytes()),
  }
}

function readTo(reader: RlpListReader): Address | undefined {
  const offset = reader.offset
  const to = reader.readBytes()
  if (to.length === 0) return undefined
  if (to.length !== 20) throw new RlpDecodeError('An address has 20 bytes.', { facts: { offset } })
  return bytesToHex(to) as Address
}

function splitSignatureV(signatureV: bigint): { chainId: bigint | undefined; v: number } {
  if (signatureV === 27n || signatureV === 28n) return { chainId: undefined, v: Number(signatureV) }
  const chainId = (signatureV - 35n) >> 1n
  if (signatureV < 35n || chainId >> 64n !== 0n)
    throw new TransactionDecodeError('V is neither 27, 28 nor of a chain id below 2^64.', { facts: { v: signatureV } })
  return { chainId, v: 27 + Number((signatureV - 35n) & 1n) }
}

/** V as Ethereum's RLP and JSON-RPC carry it: 27, 28 or chainId * 2 + 35 + parity. */
export function signatureV({ chainId, v }: Pick<Transaction, 'chainId' | 'v'>): bigint {
  return chainId === undefined ? BigInt(v) : BigInt(v) + 2n * chainId + 8n
}

function encodeFields({ nonce, gasPrice, gasLimit, to, value, data }: Transaction): Uint8Array[] {
  return [
    encodeRlpInteger(nonce),
    encodeRlpInteger(gasPrice),
    encodeRlpInteger(gasLimit),
    encodeRlpBytes(to === undefined ? new Uint8Array() : hexToBytes(to)),
    encodeRlpInteger(value),
    encodeRlpBytes(data),
  ]
}

/** Ordinary Ethereum RLP of the signed transaction; inverse of `decodeRawTransaction`. */
export function encodeRawTransaction(transaction: Transaction): Uint8Array {
  const signature = [signatureV(transaction), transaction.r, transaction.s]
  return encodeRlpList([...encodeFields(transaction), ...signature.map(encodeRlpInteger)])
}

/** The RLP list the sender signed, which a batch carries byte for byte: 6 fields, or 9 with EIP-155. */
export function encodeSignedList(transaction: Transaction): Uint8Array {
  return transaction.signedList ?? encodeCanonicalSignedList(transaction)
}

/** The signed list as an ordinary signer would have written it. */
export function encodeCanonicalSignedList(transaction: Transaction): Uint8Array {
  const fields = encodeFields(transaction)
  if (transaction.chainId !== undefined)
    fields.push(encodeRlpInteger(transaction.chainId), encodeRlpInteger(0n), encodeRlpInteger(0n))
  return encodeRlpList(fields)
}

/** Hash users know the transaction by. The L2 hash of the block info tree is another (`encodeL2HashPreimage`). */
export function transactionHash(transaction: Transaction): Hash {
  return keccakHex(encodeRawTransaction(transaction))
}

/** Digest the sender signed. */
export function signingHash(transaction: Transaction): Uint8Array {
  return keccak256(encodeSignedList(transaction))
}

/**
 * Address whose key signed. About 0.06 ms of pure computation where libsecp256k1 runs, else a millisecond (secp256k1.ts).
 * @throws {InvalidSignatureError} unless 0 < r < n, 0 < s <= n/2, v is 27 or 28 and r is a point's abscissa
 */
export function recoverSender(transaction: Transaction): Address {
  const { r, s, v } = transaction
  if (r <= 0n || r >= CURVE_ORDER) throw new InvalidSignatureError('Signature r is out of range.', { facts: { r } })
  if (s <= 0n || s > HALF_CURVE_ORDER) throw new InvalidSignatureError('Signature s is out of range.', { facts: { s } })
  if (v !== 27 && v !== 28) throw new InvalidSignatureError('Signature v is neither 27 nor 28.', { facts: { v } })
  const address = recoverAddress(signingHash(transaction), r, s, v === 28 ? 1 : 0)
  if (address === undefined) throw new InvalidSignatureError('Signature belongs to no key.')
  return bytesToHex(address) as Address
}

/** As `recoverSender`; undefined where the signature is invalid. */
export function findSender(transaction: Transaction): Address | undefined {
  try {
    return recoverSender(transaction)
  } catch (error) {
    if (error instanceof InvalidSignatureError) return undefined
    throw error
  }
}

/**
 * Bytes whose linear Poseidon hash is the L2 transaction hash. Sizes are fixed, so no two transactions share them:
 * type 1, nonce 8, gasPrice 32, gasLimit 8, isDeploy 1, to 20 or 0, value 32, data length 3, data, chainId 8 or 0,
 * from 20. Source: zkEVM ROM, load-tx-rlp.
 */
export function encodeL2HashPreimage(transaction: Transaction, from: Address): Uint8Array {
  const { nonce, gasPrice, gasLimit, to, value, data, chainId } = transaction
  return concatBytes(
    Uint8Array.of(chainId === undefined ? 0 : 1),
    bigIntToBytes(nonce, 8),
    bigIntToBytes(gasPrice, 32),
    bigIntToBytes(gasLimit, 8),
    to === undefined ? Uint8Array.of(1) : concatBytes(Uint8Array.of(0), hexToBytes(to)),
    bigIntToBytes(value, 32),
    bigIntToBytes(BigInt(data.length), 3),
    data,
    chainId === undefined ? new Uint8Array() : bigIntToBytes(chainId, 8),
    hexToBytes(from),
  )
}

/** Address of the contract a CREATE or a deploying transaction makes; `nonce` is the one before it is raised. */
export function contractAddress(sender: Address, nonce: bigint): Address {
  return addressOf(encodeRlpList([encodeRlpBytes(hexToBytes(sender)), encodeRlpInteger(nonce)]))
}

/** EIP-1014: address of the contract a CREATE2 makes. */
export function create2Address(sender: Address, salt: Hash, initCode: Uint8Array): Address {
  return addressOf(concatBytes(Uint8Array.of(0xff), hexToBytes(sender), hexToBytes(salt), keccak256(initCode)))
}

function addressOf(preimage: Uint8Array): Address {
  return bytesToHex(keccak256(preimage).subarray(12)) as Address
}

/** Numbers of a signature as a batch carries them. */
export function decodeSignature(bytes: Uint8Array): { r: bigint; s: bigint; v: number } {
  return { r: bytesToBigInt(bytes.subarray(0, 32)), s: bytesToBigInt(bytes.subarray(32, 64)), v: bytes[64]! }
}
