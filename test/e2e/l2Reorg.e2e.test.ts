import { Client, Connection } from '@temporalio/client'
import { Contract, JsonRpcProvider, keccak256, toQuantity, Wallet, ZeroAddress } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { forceBatch, forcedBatchData, sequenceForcedBatches } from '#cli/forcedBatches.ts'
import { type L1Account, openL1Account } from '#cli/l1Account.ts'
import { rollupAbi } from '#contracts/abi.ts'
import { l1Roles } from '#devnet/accounts.ts'
import { replayFromL1 } from '#devnet/demo/replay.ts'
import { call } from '#devnet/rpc.ts'
import { createEtherman } from '#etherman/client.ts'
import { createLocalSigner } from '#etherman/l1Signer.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'
import { acknowledgeReplaced, SEARCH_ATTRIBUTE, SYNCHRONIZER_WORKFLOW_ID } from '#workflows/messages.ts'

type Receipt = { blockNumber: Hex; status: Hex } | null

const { deployer, sequencer } = l1Roles()
let net: TestNetwork
let l1: JsonRpcProvider
let admin: L1Account
let temporal: Connection
/** Hashes of what users sent and what must be mined. */
const wanted: Hex[] = []
const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(net.network.rpcUrl, method, params)
const quantity = async (method: string) => Number(await rpc<Hex>(method))
const receiptOf = (hash: Hex) => rpc<Receipt>('eth_getTransactionReceipt', [hash])
const mined = (hash: Hex) => until(async () => (await receiptOf(hash)) !== null, 60_000)
const batchOf = async (hash: Hex) =>
  Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [(await receiptOf(hash))!.blockNumber]))
const verified = (batch: number) => until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= batch, 90_000)
const synchronizer = () =>
  new Client({ connection: temporal, namespace: net.network.temporalNamespace }).workflow.getHandle(
    SYNCHRONIZER_WORKFLOW_ID,
  )
const attention = async () => (await synchronizer().describe()).typedSearchAttributes.get(SEARCH_ATTRIBUTE.attention)

beforeAll(async () => {
  net = await startTestNetwork({ args: ['--nodes', '2', '--second-node', 'trusting'] })
  const { l1RpcUrl, contracts } = net.network
  l1 = new JsonRpcProvider(l1RpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 })
  admin = openL1Account({ rpcUrls: [l1RpcUrl], contracts, signer: createLocalSigner(deployer.privateKey) })
  temporal = await Connection.connect({ address: net.network.temporalAddress })
})
afterAll(async () => {
  l1?.destroy()
  admin?.close()
  await temporal?.close()
  await net?.remove()
})

async function transfer(account: number, nonce: number, value = 5n): Promise<Hex> {
  const fields = { type: 0, chainId: net.network.chainId, gasPrice: 10n ** 9n, gasLimit: 21_000 }
  const wallet = new Wallet(net.network.accounts[account]!.privateKey)
  return (await wallet.signTransaction({ ...fields, nonce, to: `0x${'5e'.repeat(20)}`, value })) as Hex
}
async function send(account: number, nonce: number): Promise<Hex> {
  const hash = await rpc<Hex>('eth_sendRawTransaction', [await transfer(account, nonce)])
  await mined(hash)
  return hash
}

test('an L1 that forgets a forced batch takes with it what was built on it; users lose nothing', async () => {
  const forcedHash = keccak256(await transfer(5, 0)) as Hex
  const { l1TxHash } = await forceBatch(admin, forcedBatchData([await transfer(5, 0)]))
  const forcedAt = (await l1.getTransactionReceipt(l1TxHash))!.blockNumber
  await mined(forcedHash)
  const later = [await send(5, 1), await send(6, 0)]
  await until(async () => (await quantity('zkevm_virtualBatchNumber')) >= (await batchOf(later[0]!)), 30_000)
  later.push(await send(6, 1))
  expect(await batchOf(later[0]!)).toBeGreaterThan(await batchOf(forcedHash))
  expect(await batchOf(later[2]!)).toBeGreaterThan(await batchOf(later[0]!))
  const blocksBefore = await Promise.all([forcedHash, ...later].map(receiptOf))

  await l1.send('anvil_reorg', [(await l1.getBlockNumber()) - forcedAt + 1, []])
  await until(async () => (await attention()) === 'trusted-batch-replaced', 30_000)
  wanted.push(forcedHash, ...later)
  await Promise.all(wanted.map(mined))
  wanted.push(await send(6, 2))
  await verified(await batchOf(wanted.at(-1)!))
  expect(await Promise.all(wanted.slice(0, 4).map(receiptOf))).not.toEqual(blocksBefore)
  for (const hash of wanted) expect(await receiptOf(hash)).toMatchObject({ status: '0x1' })
  expect(net.log('synchronizer')).toContain('batches that rest on what L1 took back are undone')
  await synchronizer().signal(acknowledgeReplaced)
  await until(async () => (await attention()) === undefined, 10_000)
})

test('a sequencer that comes back goes on behind what others sequenced, with what its users had sent', async () => {
  await admin.send(admin.rollup, 'setForceBatchAddress', [ZeroAddress])
  await admin.send(admin.rollup, 'setForceBatchTimeout', [1])
  const before = await quantity('zkevm_virtualBatchNumber')
  const away = [net.pidOf('workflows'), net.pidOf('sequencer')]
  process.kill(away[0]!, 'SIGSTOP') // nothing is sequenced
  try {
    const replaced = await send(7, 0)
    const first = await batchOf(replaced)
    await until(
      async () => (await rpc<{ closed: boolean }>('zkevm_getBatchByNumber', [toQuantity(first)])).closed,
      20_000,
    )
    wanted.push(await send(8, 0))
    process.kill(away[1]!, 'SIGSTOP')
    const other = await transfer(7, 0, 7n)
    const { takeByUnix } = await forceBatch(admin, forcedBatchData([other]))
    await until(async () => (await l1.getBlock('latest'))!.timestamp > takeByUnix, 20_000)
    expect(await sequenceForcedBatches(admin, { ...net.network, rpcUrls: [net.network.l1RpcUrl] })).toMatchObject({
      toBatch: before + 1,
    })
    await mined(keccak256(other) as Hex)
    expect(await receiptOf(replaced)).toBeNull()
    wanted.push(keccak256(other) as Hex)
  } finally {
    for (const pid of away) process.kill(pid, 'SIGCONT')
  }
  await Promise.all(wanted.map(mined))
  wanted.push(await send(7, 1))
  await verified(await batchOf(wanted.at(-1)!))
  expect(await attention()).toBe('trusted-batch-replaced')
})

test('in the end L1 has each batch once and all verified; a replay from L1 and the second node agree', async () => {
  const last = await quantity('zkevm_verifiedBatchNumber')
  const { l1RpcUrl, contracts, rollupId } = net.network
  const etherman = createEtherman({ rpcUrl: l1RpcUrl, contracts, rollupId, requestTimeoutMs: 10_000 })
  const toBlock = await l1.getBlockNumber()
  const events = (await etherman.readEvents({ fromBlock: 0, toBlock })).flatMap((block) => block.events)
  etherman.close()
  const sequenced = events.flatMap((event) => {
    if (event.kind !== 'sequence' && event.kind !== 'sequenceForceBatches') return []
    return event.batches.map((_, index) => event.toBatch - event.batches.length + 1 + index)
  })
  expect(sequenced).toEqual(Array.from({ length: sequenced.length }, (_, index) => index + 2))
  const reverted: string[] = []
  for (let number = 1; number <= toBlock; number++)
    for (const { from, hash } of (await l1.getBlock(number, true))!.prefetchedTransactions)
      if (from.toLowerCase() === sequencer.address.toLowerCase())
        if ((await l1.getTransactionReceipt(hash))!.status === 0) reverted.push(hash)
  expect(reverted).toEqual([])

  const replayed = await replayFromL1(net.network, net.genesis, last)
  const { stateRoot } = await rpc<{ stateRoot: Hex }>('zkevm_getBatchByNumber', [toQuantity(last)])
  expect(replayed.at(-1)).toMatchObject({ batchNumber: last, stateRoot, rootOnL1: stateRoot })
  const rollup = new Contract(contracts.rollup, [...rollupAbi], l1)
  expect(await rollup.getFunction('lastForceBatchSequenced')()).toBe(await rollup.getFunction('lastForceBatch')())

  const counts = await Promise.all([5, 6, 7, 8].map((account) => nonceOf(account)))
  expect(counts).toEqual([2, 3, 2, 1])
  const head = (await receiptOf(wanted.at(-1)!))!.blockNumber
  const blockOf = (url: string) => call<{ hash: Hex } | null>(url, 'eth_getBlockByNumber', [head, false])
  const { hash } = (await blockOf(net.network.rpcUrl))!
  await until(async () => (await blockOf(net.network.secondNode!.rpcUrl))?.hash === hash, 30_000)
})
const nonceOf = async (account: number) =>
  Number(await rpc<Hex>('eth_getTransactionCount', [net.network.accounts[account]!.address, 'latest']))
