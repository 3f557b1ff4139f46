import type { BlockOverrides } from '../chain/evmBlocks.ts'

import { customParam, parseAddress, parseObject, parseQuantity, parseSafeQuantity } from '../params.ts'

export const blockOverridesParam = customParam('blockOverrides', { type: 'object' }, parseBlockOverrides)

/**
 * What a call pretends of its block. Names: execution-apis and geth. Base and blob fees, difficulty and prevRandao are
 * read and change nothing: no instruction of the zkEVM tells them.
 */
export function parseBlockOverrides(value: unknown, index: number): BlockOverrides {
  const fields = parseObject(value, index)
  const read = <T>(names: readonly string[], parse: (value: unknown, index: number) => T): T | undefined => {
    const given = names.map((name) => fields[name]).find((field) => field !== undefined && field !== null)
    return given === undefined ? undefined : parse(given, index)
  }
  const number = read(['number'], parseSafeQuantity)
  const timestamp = read(['time'], parseSafeQuantity)
  const coinbase = read(['feeRecipient', 'coinbase'], parseAddress)
  const gasLimit = read(['gasLimit'], parseQuantity)
  for (const name of ['baseFee', 'baseFeePerGas', 'blobBaseFee', 'difficulty']) read([name], parseQuantity)
  return {
    ...(number === undefined ? {} : { number }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(coinbase === undefined ? {} : { coinbase }),
    ...(gasLimit === undefined ? {} : { gasLimit }),
  }
}
