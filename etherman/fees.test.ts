import { expect, test } from 'vitest'
import { L1RpcError } from './errors.ts'
import { bumpFees, suggestFees } from './fees.ts'
import { L1FeeLimitError } from './reverts.ts'
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

test('offers no more than the limits, and nothing when L1 asks for more', async () => {
  const limits = { maxFeePerGas: 150n, maxPriorityFeePerGas: 3n }
  expect(await suggestFees(rpcOf('0x5'), limits)).toEqual({ maxFeePerGas: 150n, maxPriorityFeePerGas: 3n })
  await expect(suggestFees(rpcOf('0x5'), { maxFeePerGas: 99n })).rejects.toThrow(L1FeeLimitError)
})

test('takes the gas price of an L1 without base fees', async () => {
  const legacyRpc: L1Rpc = {
    call: async <Result>(method: string) => (method === 'eth_gasPrice' ? '0x64' : {}) as Result,
    close() {},
  }
  const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 100n, legacy: true as const }
  expect(await suggestFees(legacyRpc, { maxPriorityFeePerGas: 1n })).toEqual(fees)
  await expect(suggestFees(legacyRpc, { maxFeePerGas: 99n })).rejects.toThrow(L1FeeLimitError)
  expect(bumpFees(fees, fees)).toEqual({ maxFeePerGas: 113n, maxPriorityFeePerGas: 113n, legacy: true })
})

test('makes no replacement that the limits leave no room for', () => {
  const old = { maxFeePerGas: 1000n, maxPriorityFeePerGas: 100n }
  expect(bumpFees(old, old, { maxFeePerGas: 1125n })).toEqual({ maxFeePerGas: 1125n, maxPriorityFeePerGas: 113n })
  expect(bumpFees(old, old, { maxFeePerGas: 1124n })).toBeUndefined()
  expect(bumpFees(old, old, { maxPriorityFeePerGas: 112n })).toBeUndefined()
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
