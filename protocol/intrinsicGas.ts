const CALL_GAS = 21_000
const DEPLOY_GAS = 53_000
const ZERO_BYTE_GAS = 4
const OTHER_BYTE_GAS = 16

/**
 * Gas a transaction uses before its first instruction. No charge for the size of init code (EIP-3860), no access lists.
 * Source: zkEVM ROM.
 */
export function intrinsicGas(data: Uint8Array, isDeploy: boolean): number {
  let gas = isDeploy ? DEPLOY_GAS : CALL_GAS
  for (const byte of data) gas += byte === 0 ? ZERO_BYTE_GAS : OTHER_BYTE_GAS
  return gas
}
