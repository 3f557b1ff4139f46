import { bytesToBigInt, bytesToHex } from '#common/bytes.ts'

const ERROR_SELECTOR = '0x08c379a0' // Error(string)
const PANIC_SELECTOR = '0x4e487b71' // Panic(uint256)

const PANICS: Readonly<Record<string, string>> = {
  '0': 'generic panic',
  '1': 'assert(false)',
  '17': 'arithmetic underflow or overflow',
  '18': 'division or modulo by zero',
  '33': 'enum overflow',
  '34': 'invalid encoded storage byte array accessed',
  '49': 'out-of-bounds array access; popping on an empty array',
  '50': 'out-of-bounds access of an array or bytesN',
  '65': 'out of memory',
  '81': 'uninitialized function',
}

/** What a contract said when it reverted, if it is one of the two forms Solidity knows by itself. */
export function decodeRevertReason(returnData: Uint8Array): string | undefined {
  if (returnData.length < 36) return undefined
  const selector = bytesToHex(returnData.subarray(0, 4))
  const body = returnData.subarray(4)
  if (selector === PANIC_SELECTOR) {
    const code = bytesToBigInt(body.subarray(0, 32))
    return PANICS[String(code)] ?? `unknown panic code: 0x${code.toString(16)}`
  }
  if (selector !== ERROR_SELECTOR || body.length < 64 || bytesToBigInt(body.subarray(0, 32)) !== 32n) return undefined
  const length = bytesToBigInt(body.subarray(32, 64))
  if (length > BigInt(body.length - 64)) return undefined
  return new TextDecoder().decode(body.subarray(64, 64 + Number(length)))
}
