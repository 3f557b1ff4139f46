import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Contract, JsonRpcProvider, keccak256, toQuantity, Wallet, ZeroAddress } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { forceBatch, forcedBatchData } from '#cli/forcedBatches.ts'
import { type L1Account, openL1Account } from '#cli/l1Account.ts'
import { concatBytes } from '#common/bytes.ts'
import { rollupAbi } from '#contracts/abi.ts'
import { l1Roles } from '#devnet/accounts.ts'
import { call } from '#devnet/rpc.ts'
import { createLocalSigner } from '#etherman/l1Signer.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

const cli = fileURLToPath(new URL('../../cli/zknode.mjs', import.meta.url))
const { deployer } = l1Roles()
let net: TestNetwork
let l1: JsonRpcProvider
let admin: L1Account
const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(net.network.rpcUrl, method, params)
const quantity = async (method: string) => Number(await rpc<Hex>(method))
const balanceOf = async (address: string) => BigInt(await rpc<Hex>('eth_getBalance', [address, 'latest']))

beforeAll(async () => {
  net = await startTestNetwork()
  const { l1RpcUrl, contracts } = net.network
  l1 = new JsonRpcProvider(l1RpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 })
  admin = openL1Account({ rpcUrls: [l1RpcUrl], contracts, signer: createLocalSigner(deployer.privateKey) })
})
afterAll(async () => {
  l1?.destroy()
  admin?.close()
  await net?.remove()
})

const rollup = () => new Contract(net.network.contracts.rollup, [...rollupAbi], l1)
const waiting = async () =>
  Number((await rollup().getFunction('lastForceBatch')()) - (await rollup().getFunction('lastForceBatchSequenced')()))
const verified = (batch: number) => until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= batch, 120_000)

/** As a user whom the sequencer ignores would. */
async function zknode(key: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, ZKNODE_KEY: key, ZKNODE_CONFIG: join(net.folder, 'node.json') }
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { env })
  return stdout
}

async function transfer(account: number, nonce: number, to: string, value = 5n): Promise<Hex> {
  const fields = { type: 0, chainId: net.network.chainId, gasPrice: 10n ** 9n, gasLimit: 21_000 }
  return (await new Wallet(net.network.accounts[account]!.privateKey).signTransaction({
    ...fields,
    nonce,
    to,
    value,
  })) as Hex
}

test('the command puts transactions on L1, and the sequencer takes them in time', async () => {
  const to = Wallet.createRandom().address
  const said = await zknode(deployer.privateKey, 'force-batch', await transfer(5, 0, to))
  expect(said).toMatch(/^Forced batch 1: 1\d\d bytes, fee 10000000000000000000 wei of POL/)
  await until(async () => (await balanceOf(to)) === 5n, 60_000)
  await until(async () => (await waiting()) === 0, 60_000)
  const batch = await quantity('zkevm_virtualBatchNumber')
  await verified(batch)
})

test('bad ones among good ones, and users’ transactions around them: all is verified', async () => {
  const [to, heir] = [Wallet.createRandom().address, Wallet.createRandom().address]
  const good = forcedBatchData([await transfer(6, 0, to)])
  const marker = encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 0 })
  const poor = Wallet.createRandom()
  const fields = { type: 0, chainId: net.network.chainId, gasPrice: 10n ** 9n, gasLimit: 21_000 }
  const unpaid = (await poor.signTransaction({ ...fields, nonce: 0, to, value: 5n })) as Hex
  const batches = [
    new Uint8Array([0xf8, 0xff, 1, 2, 3]), // broken RLP
    concatBytes(marker, good), // a marker of a block
    forcedBatchData([await transfer(6, 9, to)]), // a nonce too high
    forcedBatchData([unpaid]), // no funds
    new Uint8Array(),
    good,
    forcedBatchData([await transfer(6, 1, to), await transfer(6, 1, to), await transfer(6, 2, to)]), // one of them twice
  ]
  const first = await rpc<Hex>('eth_sendRawTransaction', [await transfer(7, 0, heir)])
  for (const batch of batches) await forceBatch(admin, batch)
  const second = await rpc<Hex>('eth_sendRawTransaction', [await transfer(7, 1, heir)])
  await until(async () => (await waiting()) === 0, 90_000)
  await verified(await quantity('zkevm_virtualBatchNumber'))
  expect(await balanceOf(to)).toBe(15n)
  expect(await balanceOf(heir)).toBe(10n)
  for (const hash of [first, second])
    expect(await rpc('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1' })
})

test('with the sequencer and the trusted aggregator away, anybody sequences and anybody verifies', async () => {
  const [stranger, to] = [net.network.accounts[9]!, Wallet.createRandom().address]
  // Timeouts of days would be waited for; the admin may shorten them, and open forcing to everybody.
  await admin.send(admin.rollup, 'setForceBatchAddress', [ZeroAddress])
  await admin.send(admin.rollup, 'setForceBatchTimeout', [2])
  await admin.send(admin.manager, 'setTrustedAggregatorTimeout', [1])
  await admin.send(admin.manager, 'setPendingStateTimeout', [0])
  await admin.send(admin.pol, 'transfer', [stranger.address, 10n ** 20n])
  // What only the sequencer has when it goes away would stand against what others do: nothing here but an empty block.
  const batchOfHead = async () =>
    Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [await rpc<Hex>('eth_blockNumber')]))
  const hasOnlyEmptyBlocks = async (batch: number) =>
    (await rpc<{ transactions: unknown[] }>('zkevm_getBatchByNumber', [toQuantity(batch), false])).transactions
      .length === 0
  await until(async () => {
    const [head, virtual, done] = await Promise.all([
      ...[batchOfHead(), quantity('zkevm_virtualBatchNumber'), quantity('zkevm_verifiedBatchNumber')],
    ])
    return virtual === done && (head === virtual || (head === virtual! + 1 && (await hasOnlyEmptyBlocks(head!))))
  }, 90_000)
  const before = await quantity('zkevm_virtualBatchNumber')
  const [sequencer, prover] = [net.pidOf('sequencer'), net.pidOf('prover')]
  process.kill(sequencer, 'SIGSTOP')
  process.kill(prover, 'SIGSTOP')
  try {
    const raw = await transfer(8, 0, to)
    await zknode(stranger.privateKey, 'force-batch', raw)
    expect(await zknode(stranger.privateKey, 'force-batch', '--data', '0xdeadbeef')).toContain('4 bytes')
    await new Promise((resolve) => setTimeout(resolve, 4000))
    const sequenced = await zknode(stranger.privateKey, 'sequence-forced')
    expect(sequenced).toContain(`2 sequenced, up to batch ${before + 2}`)
    expect(await zknode(stranger.privateKey, 'sequence-forced')).toContain('No forced batch')
    await until(async () => (await quantity('zkevm_virtualBatchNumber')) === before + 2, 60_000)
    expect(await balanceOf(to)).toBe(5n) // the synchronizer executed it
    expect(await rpc('eth_getTransactionReceipt', [keccak256(raw)])).toMatchObject({ status: '0x1' })
    expect(await quantity('zkevm_verifiedBatchNumber')).toBe(before)
    const said = await zknode(stranger.privateKey, 'verify-batches')
    expect(said).toContain(`Batches ${before + 1} to ${before + 2} verified`)
    await verified(before + 2)
    const { coinbase } = await rpc<{ coinbase: string }>('zkevm_getBatchByNumber', [
      `0x${(before + 1).toString(16)}`,
      false,
    ])
    expect(coinbase.toLowerCase()).toBe(stranger.address)
  } finally {
    process.kill(sequencer, 'SIGCONT')
    process.kill(prover, 'SIGCONT')
  }
  // Back again, it goes on behind what others did.
  const hash = await rpc<Hex>('eth_sendRawTransaction', [await transfer(8, 1, to)])
  await until(async () => (await rpc('eth_getTransactionReceipt', [hash])) !== null, 60_000)
  await verified(before + 3)
  expect(await balanceOf(to)).toBe(10n)
})
