import { setTimeout } from 'node:timers/promises'
import { Wallet } from 'ethers'
import { signTransfers } from '#devnet/demo/transactions.ts'
import type { Network } from '#devnet/network.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { until } from '#test/network.ts'
import type { Random } from '../fuzz/random.ts'

const LARGEST_BURST = 12
const LONGEST_PAUSE_MS = 3000
const MINED_DEADLINE_MS = 60_000

/** Sends so many transfers in bursts. @returns the batch that has the last one */
export async function sendTransfers(network: Network, count: number, random: Random): Promise<number> {
  const { rpcUrl, chainId, accounts } = network
  const gasPrice = BigInt(await call<Hex>(rpcUrl, 'eth_gasPrice'))
  const signed = await signTransfers(chainId, gasPrice, [new Wallet(accounts[3]!.privateKey)], count)
  for (let sent = 0; sent < count; ) {
    const burst = signed.slice(sent, sent + 1 + random.below(LARGEST_BURST))
    for (const { raw } of burst) await call(rpcUrl, 'eth_sendRawTransaction', [raw])
    sent += burst.length
    await setTimeout(random.below(LONGEST_PAUSE_MS))
  }
  const { hash } = signed.at(-1)!
  let blockNumber: Hex | undefined
  await until(async () => {
    const receipt = await call<{ blockNumber: Hex } | null>(rpcUrl, 'eth_getTransactionReceipt', [hash])
    blockNumber = receipt?.blockNumber
    return blockNumber !== undefined
  }, MINED_DEADLINE_MS)
  return Number(await call<Hex>(rpcUrl, 'zkevm_batchNumberByBlockNumber', [blockNumber]))
}
