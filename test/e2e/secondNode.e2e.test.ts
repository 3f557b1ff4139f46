import { Wallet, WebSocketProvider } from 'ethers'
import { afterEach, expect, test } from 'vitest'
import { runMainJob } from '#devnet/demo/mainJob.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

let net: TestNetwork | undefined
afterEach(async () => {
  await net?.remove()
  net = undefined
})

/** JSON-RPC of both nodes of a network. */
async function start(kind: 'permissionless' | 'trusting') {
  net = await startTestNetwork({ args: ['--nodes', '2', '--second-node', kind] })
  const { network } = net
  expect(network.secondNode).toMatchObject({ kind })
  const second = network.secondNode!
  const first = <T>(method: string, params: readonly unknown[] = []) => call<T>(network.rpcUrl, method, params)
  const ofSecond = <T>(method: string, params: readonly unknown[] = []) => call<T>(second.rpcUrl, method, params)
  return { net, network, second, first, ofSecond }
}
type Ask = Awaited<ReturnType<typeof start>>['first']

/** A transfer through a node, with the nonce that it says is next. */
async function send(ask: Ask, { privateKey, address }: { privateKey: Hex; address: Hex }): Promise<Hex> {
  const [chainId, nonce, gasPrice] = await Promise.all([
    ask<Hex>('eth_chainId'),
    ask<Hex>('eth_getTransactionCount', [address, 'pending']),
    ask<Hex>('eth_gasPrice'),
  ])
  const fields = { type: 0, gasLimit: 21_000, to: address, value: 1n }
  const transaction = { ...fields, chainId: Number(chainId), nonce: Number(nonce), gasPrice: BigInt(gasPrice) }
  return await ask<Hex>('eth_sendRawTransaction', [await new Wallet(privateKey).signTransaction(transaction)])
}

/** All blocks up to one, with transactions; and all logs. */
async function content(ask: Ask, toBlock: number): Promise<unknown[]> {
  const blocks: unknown[] = []
  for (let number = 0; number <= toBlock; number++)
    blocks.push(await ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]))
  return [...blocks, await ask('eth_getLogs', [{ fromBlock: '0x0', toBlock: `0x${toBlock.toString(16)}` }])]
}
/** Has time, blocks and balances changed as tests do; all of it has to be on L1. */
async function steer(ask: Ask): Promise<void> {
  const account = `0x${'5e'.repeat(20)}`
  await ask('evm_increaseTime', [3600])
  await ask('anvil_mine', [3, 60])
  await ask('anvil_setBalance', [account, '0xde0b6b3a7640000'])
  const snapshot = await ask('evm_snapshot')
  await ask('anvil_setBalance', [account, '0xde0b6b3a7640001'])
  expect(await ask('evm_revert', [snapshot])).toBe(true)
  expect(await ask('eth_getBalance', [account, 'latest'])).toBe('0xde0b6b3a7640000')
}
const quantity = async (ask: Ask, method: string) => Number(await ask<Hex>(method))

test('a permissionless node follows from L1, hands transactions on, and goes on after kill -9', async () => {
  const { net, network, first, ofSecond } = await start('permissionless')
  await runMainJob(network, net.genesis, { transactions: 60, senders: 6 })
  await steer(first)
  await net.killAndWait('follower-2')
  const hash = await send(ofSecond, network.accounts[4]!)
  await until(async () => (await first('eth_getTransactionReceipt', [hash])) !== null, 30_000)
  await until(async () => (await ofSecond('eth_getTransactionReceipt', [hash])) !== null, 120_000)
  const verified = await quantity(first, 'zkevm_verifiedBatchNumber')
  await until(async () => (await quantity(ofSecond, 'zkevm_verifiedBatchNumber')) >= verified, 60_000)
  const head = await quantity(ofSecond, 'eth_blockNumber')
  expect(head).toBeGreaterThan(5)
  expect(await content(ofSecond, head)).toEqual(await content(first, head))
})

test('a trusting node has blocks before L1, tells its subscribers, and keeps them', async () => {
  const { net, network, second, first, ofSecond } = await start('trusting')
  const provider = new WebSocketProvider(second.wsUrl)
  const heads: number[] = []
  await provider.on('block', (number: number) => heads.push(number))
  await until(async () => (await quantity(ofSecond, 'eth_blockNumber')) >= 1, 60_000)
  await steer(first)
  const hash = await send(ofSecond, network.accounts[4]!)
  await until(async () => (await ofSecond('eth_getTransactionReceipt', [hash])) !== null, 60_000)
  const { blockNumber, blockHash } = await ofSecond<{ blockNumber: Hex; blockHash: Hex }>('eth_getTransactionReceipt', [
    hash,
  ])
  expect(await first('eth_getTransactionReceipt', [hash])).toMatchObject({ blockNumber, blockHash })
  expect(await ofSecond('zkevm_isBlockVirtualized', [blockNumber])).toBe(false)
  await until(() => heads.includes(Number(blockNumber)), 10_000)
  await net.killAndWait('follower-2')
  await runMainJob(network, net.genesis, { transactions: 60, senders: 6 })
  await until(async () => (await ofSecond('zkevm_isBlockConsolidated', [blockNumber])) === true, 120_000)
  expect(await ofSecond('eth_getTransactionReceipt', [hash])).toMatchObject({ blockNumber, blockHash })
  const head = await quantity(first, 'eth_blockNumber')
  await until(async () => (await quantity(ofSecond, 'eth_blockNumber')) >= head, 60_000)
  expect(await content(ofSecond, head)).toEqual(await content(first, head))
  await provider.destroy()
})
