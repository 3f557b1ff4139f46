import { hexToBytes } from '#common/bytes.ts'
import { type Address, ZERO_ADDRESS } from '#protocol/primitives.ts'
import { invalidArgument, serverError } from '../errors.ts'
import { customParam, parseAddress, parseData, parseObject, parseQuantity } from '../params.ts'

/** A call as JSON-RPC carries it, with defaults but for gas. */
export type CallObject = {
  from: Address
  to: Address | undefined
  /** undefined: the cap of the node. */
  gas: bigint | undefined
  chainId: bigint | undefined
  nonce: bigint | undefined
  gasPrice: bigint
  value: bigint
  data: Uint8Array
}

export const callParam = customParam('transaction', { type: 'object' }, parseCallObject)

const EIP_1559 = 2n
/** Fields of blob and set-code transactions. */
const OTHER_TYPES = ['blobVersionedHashes', 'blobs', 'maxFeePerBlobGas', 'authorizationList']

/**
 * GenericTransaction of execution-apis. The fees of EIP-1559 are read as a price: without a base fee, that is what the
 * sender would pay at most. The type, up to that of EIP-1559, and the access list change nothing: transactions of this
 * chain have neither.
 */
export function parseCallObject(value: unknown, index: number): CallObject {
  const call = parseObject(value, index)
  const read = <T>(name: string, parse: (value: unknown, index: number) => T): T | undefined => {
    const field = call[name]
    return field === undefined || field === null ? undefined : parse(field, index)
  }
  const gasPrice = read('gasPrice', parseQuantity)
  const maxFee = read('maxFeePerGas', parseQuantity)
  const maxPriorityFee = read('maxPriorityFeePerGas', parseQuantity)
  if (gasPrice !== undefined && (maxFee !== undefined || maxPriorityFee !== undefined))
    throw invalidArgument(index, 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  if (maxFee !== undefined && maxPriorityFee !== undefined && maxPriorityFee > maxFee)
    throw serverError('max priority fee per gas higher than max fee per gas')
  const type = read('type', parseQuantity) ?? 0n
  if (type > EIP_1559 || OTHER_TYPES.some((name) => call[name] !== undefined && call[name] !== null))
    throw serverError('transaction type not supported')
  const input = read('input', parseData)
  const data = read('data', parseData)
  if (input !== undefined && data !== undefined && input !== data)
    throw invalidArgument(
      index,
      'both "data" and "input" are set and not equal. Please use "input" to pass transaction call data',
    )
  return {
    from: read('from', parseAddress) ?? ZERO_ADDRESS,
    to: read('to', parseAddress),
    gas: read('gas', parseQuantity),
    chainId: read('chainId', parseQuantity),
    nonce: read('nonce', parseQuantity),
    gasPrice: gasPrice ?? maxFee ?? 0n,
    value: read('value', parseQuantity) ?? 0n,
    data: hexToBytes(input ?? data ?? '0x'),
  }
}
