import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

type Place = { sendSequencesTxHash: Hex | null; verifyBatchTxHash: Hex | null; stateRoot: Hex }

let net: TestNetwork
let l1: JsonRpcProvider
const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(net.network.rpcUrl, method, params)
const quantity = async (method: string) => Number(await rpc<Hex>(method))
const batchOnL1 = (batch: number) => rpc<Place>('zkevm_getBatchByNumber', [`0x${batch.toString(16)}`, false])
const minedIn = async (txHash: Hex | null) => (await l1.getTransactionReceipt(txHash!))?.blockNumber

beforeAll(async () => {
  net = await startTestNetwork()
  l1 = new JsonRpcProvider(net.network.l1RpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 })
})
afterAll(async () => {
  l1?.destroy()
  await net?.remove()
})

/** Sends a transfer and waits until its batch is verified. */
async function verifiedTransfer(account: number): Promise<{ batch: number; blockHash: Hex; hash: Hex }> {
  const { address, privateKey } = net.network.accounts[account]!
  const nonce = Number(await rpc<Hex>('eth_getTransactionCount', [address, 'pending']))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  const fields = { type: 0, chainId: net.network.chainId, nonce, gasPrice, gasLimit: 21_000, to: address, value: 1n }
  const hash = await rpc<Hex>('eth_sendRawTransaction', [await new Wallet(privateKey).signTransaction(fields)])
  const findReceipt = () => rpc<{ blockNumber: Hex; blockHash: Hex } | null>('eth_getTransactionReceipt', [hash])
  await until(async () => (await findReceipt()) !== null, 30_000)
  const { blockNumber, blockHash } = (await findReceipt())!
  const batch = Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [blockNumber]))
  await isVerified(batch)
  return { batch, blockHash, hash }
}
const isVerified = (batch: number) => until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= batch, 120_000)

test('an L1 that forgets a sequence and its verification gets both again; L2 stays as it is', async () => {
  const { batch, hash, blockHash } = await verifiedTransfer(0)
  const before = await batchOnL1(batch)
  const [sequencedAt, head] = [await minedIn(before.sendSequencesTxHash), await l1.getBlockNumber()]
  await l1.send('anvil_reorg', [head - sequencedAt! + 1, []])
  const manager = new Contract(net.network.contracts.rollupManager, [...rollupManagerAbi], l1)
  const rootOnL1 = () => manager.getFunction('getRollupBatchNumToStateRoot')(net.network.rollupId, batch)
  expect(BigInt(await rootOnL1())).toBe(0n)

  await until(async () => (await rootOnL1()) === before.stateRoot, 120_000)
  await isVerified(batch)
  const after = await batchOnL1(batch)
  expect(after.stateRoot).toBe(before.stateRoot)
  expect(await minedIn(after.sendSequencesTxHash)).toBeDefined()
  expect(await minedIn(after.verifyBatchTxHash)).toBeDefined()
  expect(await rpc('eth_getTransactionReceipt', [hash])).toMatchObject({ blockHash })
  await verifiedTransfer(1)
})

test('reorgs of one block after another do no harm', async () => {
  const transfers = verifiedTransfer(2)
  for (let count = 0; count < 5; count++) {
    await l1.send('anvil_reorg', [1, []])
    await new Promise((resolve) => setTimeout(resolve, 1500))
  }
  const { batch } = await transfers
  const { stateRoot, sendSequencesTxHash } = await batchOnL1(batch)
  expect(stateRoot).toMatch(/^0x[0-9a-f]{64}$/)
  expect(await minedIn(sendSequencesTxHash)).toBeDefined()
})
