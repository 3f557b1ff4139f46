import { bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from '#protocol/rlp.ts'
import { signDigest } from '#protocol/secp256k1.ts'
import type { Fees } from './fees.ts'

/** A call without value or access list. */
export type FeeTransaction = Fees & { chainId: number; nonce: number; gasLimit: number; to: Address; data: Uint8Array }

export type SignedTransaction = { hash: Hash; raw: Hex }

export type Signature = { r: bigint; s: bigint; yParity: 0 | 1 }

const TYPE = Uint8Array.of(2)
/** Of a legacy signature for one chain (EIP-155): twice the chain id and this. */
const LEGACY_V = 35n
const NO_ACCESS_LIST = encodeRlpList([])

/** Signed form of an EIP-1559 transaction, or of a legacy one. The same transaction gives the same bytes. */
export function signTransaction(transaction: FeeTransaction, privateKey: Uint8Array): SignedTransaction {
  const { signature, yParity } = signDigest(signingDigest(transaction), privateKey)
  const [r, s] = [bytesToBigInt(signature.subarray(0, 32)), bytesToBigInt(signature.subarray(32))]
  return withSignature(transaction, { r, s, yParity })
}

/** What is signed of it: 32 bytes. */
export function signingDigest(transaction: FeeTransaction): Uint8Array {
  const fields = fieldsOf(transaction)
  if (!transaction.legacy) return keccak256(concatBytes(TYPE, encodeRlpList(fields)))
  return keccak256(encodeRlpList([...fields, ...[BigInt(transaction.chainId), 0n, 0n].map(encodeRlpInteger)]))
}

/** The transaction as L1 takes it. */
export function withSignature(transaction: FeeTransaction, { r, s, yParity }: Signature): SignedTransaction {
  const { chainId, legacy } = transaction
  const v = legacy ? 2n * BigInt(chainId) + LEGACY_V + BigInt(yParity) : BigInt(yParity)
  const list = encodeRlpList([...fieldsOf(transaction), ...[v, r, s].map(encodeRlpInteger)])
  const raw = legacy ? list : concatBytes(TYPE, list)
  return { hash: keccakHex(raw), raw: bytesToHex(raw) }
}

function fieldsOf(transaction: FeeTransaction): Uint8Array[] {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, data, legacy } = transaction
  const numbers = legacy
    ? [nonce, maxFeePerGas, gasLimit]
    : [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit]
  return [
    ...numbers.map((number) => encodeRlpInteger(BigInt(number))),
    ...[encodeRlpBytes(hexToBytes(to)), encodeRlpInteger(0n), encodeRlpBytes(data)],
    ...(legacy ? [] : [NO_ACCESS_LIST]),
  ]
}
