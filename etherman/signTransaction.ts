import { bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from '#protocol/rlp.ts'
import { signDigest } from '#protocol/secp256k1.ts'
import type { Fees } from './fees.ts'

/** A call without value or access list. */
export type FeeTransaction = Fees & { chainId: number; nonce: number; gasLimit: number; to: Address; data: Uint8Array }

const TYPE = Uint8Array.of(2)
/** Of a legacy signature for one chain (EIP-155): twice the chain id and this. */
const LEGACY_V = 35n
const NO_ACCESS_LIST = encodeRlpList([])

/** Signed form of an EIP-1559 transaction, or of a legacy one. The same transaction gives the same bytes. */
export function signTransaction(transaction: FeeTransaction, privateKey: Uint8Array): { hash: Hash; raw: Hex } {
  if (transaction.legacy) return signLegacy(transaction, privateKey)
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, data } = transaction
  const numbers = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit]
  const fields = [
    ...numbers.map((number) => encodeRlpInteger(BigInt(number))),
    ...[encodeRlpBytes(hexToBytes(to)), encodeRlpInteger(0n), encodeRlpBytes(data), NO_ACCESS_LIST],
  ]
  const { signature, yParity } = signDigest(keccak256(concatBytes(TYPE, encodeRlpList(fields))), privateKey)
  const [r, s] = [bytesToBigInt(signature.subarray(0, 32)), bytesToBigInt(signature.subarray(32))]
  const raw = concatBytes(TYPE, encodeRlpList([...fields, ...[BigInt(yParity), r, s].map(encodeRlpInteger)]))
  return { hash: keccakHex(raw), raw: bytesToHex(raw) }
}

function signLegacy(transaction: FeeTransaction, privateKey: Uint8Array): { hash: Hash; raw: Hex } {
  const { chainId, nonce, maxFeePerGas: gasPrice, gasLimit, to, data } = transaction
  const numbers = [nonce, gasPrice, gasLimit].map((number) => encodeRlpInteger(BigInt(number)))
  const fields = [...numbers, encodeRlpBytes(hexToBytes(to)), encodeRlpInteger(0n), encodeRlpBytes(data)]
  const unsigned = [...fields, ...[BigInt(chainId), 0n, 0n].map(encodeRlpInteger)]
  const { signature, yParity } = signDigest(keccak256(encodeRlpList(unsigned)), privateKey)
  const [r, s] = [bytesToBigInt(signature.subarray(0, 32)), bytesToBigInt(signature.subarray(32))]
  const v = 2n * BigInt(chainId) + LEGACY_V + BigInt(yParity)
  const raw = encodeRlpList([...fields, ...[v, r, s].map(encodeRlpInteger)])
  return { hash: keccakHex(raw), raw: bytesToHex(raw) }
}
