import { bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from '#protocol/rlp.ts'
import { signDigest } from '#protocol/secp256k1.ts'
import type { Fees } from './fees.ts'

/** A call without value or access list. */
export type FeeTransaction = Fees & { chainId: number; nonce: number; gasLimit: number; to: Address; data: Uint8Array }

const TYPE = Uint8Array.of(2)
const NO_ACCESS_LIST = encodeRlpList([])

/** Signed form of an EIP-1559 transaction. The same transaction gives the same bytes. */
export function signTransaction(transaction: FeeTransaction, privateKey: Uint8Array): { hash: Hash; raw: Hex } {
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
