import type { Transaction } from '#protocol/transaction.ts'

const CALL_GAS = 21_000
const CREATE_GAS = 53_000
const ZERO_BYTE_GAS = 4
const OTHER_BYTE_GAS = 16

/** Gas a transaction uses before its first instruction. No charge for the size of init code. Source: zkEVM ROM. */
export function intrinsicGas({ to, data }: Pick<Transaction, 'to' | 'data'>): bigint {
  let gas = to === undefined ? CREATE_GAS : CALL_GAS
  for (const byte of data) gas += byte === 0 ? ZERO_BYTE_GAS : OTHER_BYTE_GAS
  return BigInt(gas)
}
