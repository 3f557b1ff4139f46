import { JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { call } from '#devnet/rpc.ts'
import { createEtherman } from '#etherman/client.ts'
import type { Hex } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { type FaultProxy, type Faults, startFaultProxy } from '#test/faultProxy.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

let anvil: Anvil
let l1: JsonRpcProvider
let endpoints: FaultProxy[] = []
let net: TestNetwork
const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(net.network.rpcUrl, method, params)
const setFaults = (faults: () => Faults) => {
  for (const endpoint of endpoints) endpoint.faults = faults()
}

/** A network whose two L1 endpoints are one anvil behind two proxies. */
beforeAll(async () => {
  anvil = await startAnvil({ blockTimeSeconds: 1, args: ['--slots-in-an-epoch', '8'] })
  l1 = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  endpoints = [await startFaultProxy(anvil.url), await startFaultProxy(anvil.url)]
  net = await startTestNetwork({ env: { L1_RPC_URL: endpoints.map(({ url }) => url).join(',') } })
})
afterEach(() => setFaults(() => ({})))
afterAll(async () => {
  await net?.remove()
  for (const endpoint of endpoints) await endpoint.close()
  l1?.destroy()
  await anvil?.stop()
})

async function transfer(account: number): Promise<number> {
  const { address, privateKey } = net.network.accounts[account]!
  const nonce = Number(await rpc<Hex>('eth_getTransactionCount', [address, 'pending']))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  const fields = { type: 0, chainId: net.network.chainId, nonce, gasPrice, gasLimit: 21_000, to: address, value: 1n }
  const hash = await rpc<Hex>('eth_sendRawTransaction', [await new Wallet(privateKey).signTransaction(fields)])
  const findReceipt = () => rpc<{ blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash])
  await until(async () => (await findReceipt()) !== null, 30_000)
  return Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [(await findReceipt())!.blockNumber]))
}
const isVerified = (batch: number, timeoutMs = 120_000) =>
  until(async () => Number(await rpc<Hex>('zkevm_verifiedBatchNumber')) >= batch, timeoutMs)

test('the second endpoint keeps everything going while the first is away', async () => {
  endpoints[0]!.faults = { down: true }
  await isVerified(await transfer(0))
})

test('L1 away for 30 seconds: users are served, and batches are verified when it is back', async () => {
  setFaults(() => ({ down: true }))
  const batch = await transfer(1)
  await new Promise((resolve) => setTimeout(resolve, 30_000))
  expect(await transfer(2)).toBeGreaterThanOrEqual(batch)
  setFaults(() => ({}))
  await isVerified(batch)
})

test('rate limits, slowness and small ranges at once', async () => {
  setFaults(() => ({ limitEvery: 2, latencyMs: 300, maxRange: 100 }))
  await isVerified(await transfer(3))
})

test('a mempool that drops transactions while fees jump tenfold', async () => {
  setFaults(() => ({ dropsTransactions: true }))
  const batch = await transfer(4)
  const isBroadcast = () =>
    endpoints.some(({ calls }) => calls.slice(-50).some(({ method }) => method === 'eth_sendRawTransaction'))
  await until(isBroadcast, 60_000)
  const { baseFeePerGas } = (await l1.getBlock('latest'))!
  await l1.send('anvil_setNextBlockBaseFeePerGas', [`0x${(baseFeePerGas! * 10n).toString(16)}`])
  setFaults(() => ({}))
  await isVerified(batch)
})

test('in the end L1 has each batch once', async () => {
  const { contracts, rollupId } = net.network
  const etherman = createEtherman({ rpcUrl: anvil.url, contracts, rollupId, requestTimeoutMs: 10_000 })
  const blocks = await etherman.readEvents({ fromBlock: 0, toBlock: await l1.getBlockNumber() })
  etherman.close()
  const sequenced = blocks.flatMap(({ events }) =>
    events.flatMap((event) =>
      event.kind === 'sequence'
        ? event.batches.map((_, index) => event.toBatch - event.batches.length + 1 + index)
        : [],
    ),
  )
  expect(sequenced).toEqual(Array.from({ length: sequenced.length }, (_, index) => index + 2))
})
