import { expect, test } from 'vitest'
import { L1RpcError } from './errors.ts'
import { bumpFees, suggestFees } from './fees.ts'
import type { L1Rpc } from './rpc.ts'

const rpcOf = (tip: string | undefined): L1Rpc => ({
  async call<Result>(method: string) {
    if (method === 'eth_getBlockByNumber') return { baseFeePerGas: '0x64' } as Result
    if (tip === undefined) throw new L1RpcError(method, { code: -32601, message: 'no such method' })
    return tip as Result
  },
  close() {},
})

test('leaves room for the base fee to double', async () => {
  expect(await suggestFees(rpcOf('0x5'))).toEqual({ maxFeePerGas: 205n, maxPriorityFeePerGas: 5n })
})

test('has a tip of its own for endpoints without an opinion', async () => {
  expect((await suggestFees(rpcOf(undefined))).maxPriorityFeePerGas).toBe(10n ** 9n)
})

test('raises both fees by an eighth at least, rounded up', () => {
  const old = { maxFeePerGas: 1000n, maxPriorityFeePerGas: 9n }
  expect(bumpFees(old, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })).toEqual({
    maxFeePerGas: 1125n,
    maxPriorityFeePerGas: 11n,
  })
})

test('follows the market when it rose more', () => {
  const old = { maxFeePerGas: 1000n, maxPriorityFeePerGas: 100n }
  expect(bumpFees(old, { maxFeePerGas: 5000n, maxPriorityFeePerGas: 50n })).toEqual({
    maxFeePerGas: 5000n,
    maxPriorityFeePerGas: 113n,
  })
})
