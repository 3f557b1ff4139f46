import { resolve } from 'node:path'
import { Wallet } from 'ethers'
import { readNetwork } from '#devnet/network.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { median } from './measure.ts'
import type { BenchResult } from './run.ts'

const COUNT = 30
const POLL_MS = 5

/**
 * Milliseconds from eth_sendRawTransaction to a receipt, one transaction at a time, on a running network (ZKNODE_DATA_DIR
 * or .zknode). The receipt is asked for every 5 ms.
 */
export async function run(): Promise<BenchResult> {
  const network = readNetwork(resolve(process.env['ZKNODE_DATA_DIR'] ?? '.zknode'))
  const { address, privateKey } = network.accounts.at(-1)!
  const wallet = new Wallet(privateKey)
  const ask = <T>(method: string, params: readonly unknown[] = []) => call<T>(network.rpcUrl, method, params)
  const gasPrice = BigInt(await ask<Hex>('eth_gasPrice'))
  const first = Number(await ask<Hex>('eth_getTransactionCount', [address, 'pending']))
  const milliseconds: number[] = []
  for (let index = 0; index < COUNT; index++) {
    const fields = { type: 0, chainId: network.chainId, nonce: first + index, gasPrice, gasLimit: 21_000 }
    const raw = await wallet.signTransaction({ ...fields, to: address, value: 1n })
    const start = performance.now()
    const hash = await ask<Hex>('eth_sendRawTransaction', [raw])
    while ((await ask('eth_getTransactionReceipt', [hash])) === null)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    milliseconds.push(performance.now() - start)
    await new Promise((resolve) => setTimeout(resolve, 1500 * Math.random())) // as a person, not as a burst
  }
  const sorted = [...milliseconds].sort((a, b) => a - b)
  return {
    name: 'latency',
    rows: [
      {
        what: 'send to receipt, ms',
        median: Math.round(median(sorted)),
        p90: Math.round(sorted[Math.floor(COUNT * 0.9)]!),
        max: Math.round(sorted.at(-1)!),
      },
    ],
  }
}
