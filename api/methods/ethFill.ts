import { bytesToHex } from '#common/bytes.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { encodeSignedList, type Transaction } from '#protocol/transaction.ts'
import { readPendingNonce } from '../chain/pendingNonce.ts'
import type { ApiDeps } from '../deps.ts'
import { type CallObject, callParam } from '../evm/callObject.ts'
import { estimateGas } from '../evm/estimates.ts'
import { requireUint64Gas } from '../evm/simulatedCall.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import * as schema from '../schemas.ts'

/** Completing what a wallet is about to sign. */
export const ethFillMethods = (deps: ApiDeps) => [
  method({
    name: 'eth_fillTransaction',
    summary: 'The transaction with nonce, price, gas limit and chain id filled in, and the bytes to sign',
    cost: 10,
    params: [callParam],
    result: schema.object({
      raw: schema.bytes,
      tx: schema.object({
        ...{ type: schema.quantity, nonce: schema.quantity, to: schema.nullable(schema.address), gas: schema.quantity },
        ...{ value: schema.quantity, input: schema.bytes, gasPrice: schema.quantity, chainId: schema.quantity },
      }),
    }),
    handle: async ([call], { signal }) => {
      const transaction = await fill(deps, call, deps.head.latest, signal)
      return { raw: bytesToHex(encodeSignedList(transaction)), tx: formatUnsigned(transaction) }
    },
  }),
]

/** @throws {RpcError} when the gas limit is left out and the transaction fails */
async function fill(
  deps: ApiDeps,
  call: CallObject,
  header: HeaderRow,
  signal: AbortSignal | undefined,
): Promise<Transaction> {
  requireUint64Gas(call.gas)
  const gasPrice = call.gasPrice === 0n ? deps.minGasPriceWei : call.gasPrice
  const gas = call.gas ?? (await estimateGas(deps, { ...call, gasPrice }, await deps.evmBlock(header), { signal }))
  return {
    nonce: call.nonce ?? (await readPendingNonce(deps, call.from)),
    gasPrice,
    gasLimit: BigInt(gas),
    to: call.to,
    value: call.value,
    data: call.data,
    chainId: BigInt(deps.chainId),
    ...{ r: 0n, s: 0n, v: 27 },
  }
}

function formatUnsigned({ nonce, to, gasLimit, value, data, gasPrice, chainId }: Transaction) {
  return {
    type: '0x0',
    nonce: quantity(nonce),
    to: to ?? null,
    gas: quantity(gasLimit),
    value: quantity(value),
    input: bytesToHex(data),
    gasPrice: quantity(gasPrice),
    chainId: quantity(chainId!),
  }
}
