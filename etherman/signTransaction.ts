import type { SigningKey } from 'ethers'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from '#protocol/rlp.ts'
import type { Fees } from './fees.ts'

/** A call without value or access list. */
export type FeeTransaction = Fees & { chainId: number; nonce: number; gasLimit: number; to: Address; data: Uint8Array }

const TYPE = Uint8Array.of(2)
const NO_ACCESS_LIST = encodeRlpList([])

/** Signed form of an EIP-1559 transaction. The same transaction gives the same bytes. */
export function signTransaction(transaction: FeeTransaction, key: SigningKey): { hash: Hash; raw: Hex } {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, data } = transaction
  const numbers = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit]
  const fields = [
    ...numbers.map((number) => encodeRlpInteger(BigInt(number))),
    ...[encodeRlpBytes(hexToBytes(to)), encodeRlpInteger(0n), encodeRlpBytes(data), NO_ACCESS_LIST],
  ]
  const { yParity, r, s } = key.sign(keccak256(concatBytes(TYPE, encodeRlpList(fields))))
  const signature = [yParity, r, s].map((number) => encodeRlpInteger(BigInt(number)))
  const raw = concatBytes(TYPE, encodeRlpList([...fields, ...signature]))
  return { hash: keccakHex(raw), raw: bytesToHex(raw) }
}
