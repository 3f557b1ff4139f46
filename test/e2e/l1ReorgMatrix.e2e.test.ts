import { Client, Connection } from '@temporalio/client'
import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { l1Roles } from '#devnet/accounts.ts'
import { call } from '#devnet/rpc.ts'
import { createEtherman } from '#etherman/client.ts'
import type { L1Event } from '#etherman/types.ts'
import type { Hex } from '#protocol/primitives.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'
import { batchState, batchWorkflowId } from '#workflows/messages.ts'

/** Of a batch, when L1 is reorganized under it. */
const STATUSES = ['sealed', 'sequencing', 'virtual', 'proving', 'verifying', 'verified'] as const
type Status = (typeof STATUSES)[number]
const DEPTHS = [1, 5, 30]

type Batch = { stateRoot: Hex; closed: boolean }
type Transfer = { hash: Hex; batch: number; blockNumber: Hex; blockHash: Hex }

/** No reorg goes below the contracts. */
let deployedAt: number
let net: TestNetwork
let l1: JsonRpcProvider
let temporal: Connection
let client: Client
const transfers: Transfer[] = []
const [sequencer, aggregator] = [l1Roles().sequencer.address, l1Roles().aggregator.address]
const rpc = <T>(method: string, params: readonly unknown[] = []) => call<T>(net.network.rpcUrl, method, params)
const quantity = async (method: string) => Number(await rpc<Hex>(method))
const getBatch = (batch: number) => rpc<Batch>('zkevm_getBatchByNumber', [`0x${batch.toString(16)}`, false])
const stateOf = (batch: number) => client.workflow.getHandle(batchWorkflowId(batch)).query(batchState)

beforeAll(async () => {
  net = await startTestNetwork()
  l1 = new JsonRpcProvider(net.network.l1RpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 })
  deployedAt = await l1.getBlockNumber()
  temporal = await Connection.connect({ address: net.network.temporalAddress })
  client = new Client({ connection: temporal, namespace: net.network.temporalNamespace })
})
afterAll(async () => {
  l1?.destroy()
  await temporal?.close()
  await net?.remove()
})

const mine = () => l1.send('evm_mine', [])
/** L1 makes no block while it runs, except those it asks for. */
async function withHeldBlocks(work: () => Promise<void>): Promise<void> {
  await l1.send('evm_setIntervalMining', [0])
  try {
    await work()
  } finally {
    await l1.send('evm_setIntervalMining', [1])
  }
}

async function whileStopped(name: string, work: () => Promise<void>): Promise<void> {
  const pid = net.pidOf(name)
  process.kill(pid, 'SIGSTOP')
  try {
    await work()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

async function transfer(account: number): Promise<Transfer> {
  const { address, privateKey } = net.network.accounts[account]!
  const nonce = Number(await rpc<Hex>('eth_getTransactionCount', [address, 'pending']))
  const gasPrice = BigInt(await rpc<Hex>('eth_gasPrice'))
  const fields = { type: 0, chainId: net.network.chainId, nonce, gasPrice, gasLimit: 21_000, to: address, value: 1n }
  const hash = await rpc<Hex>('eth_sendRawTransaction', [await new Wallet(privateKey).signTransaction(fields)])
  const findReceipt = () => rpc<{ blockNumber: Hex; blockHash: Hex } | null>('eth_getTransactionReceipt', [hash])
  await until(async () => (await findReceipt()) !== null, 30_000)
  const { blockNumber, blockHash } = (await findReceipt())!
  const batch = Number(await rpc<Hex>('zkevm_batchNumberByBlockNumber', [blockNumber]))
  const done = { hash, batch, blockNumber, blockHash }
  transfers.push(done)
  return done
}

const waitsInPool = (address: string) => async () =>
  (await l1.getTransactionCount(address, 'pending')) > (await l1.getTransactionCount(address, 'latest'))
const isSent = (address: string) => until(waitsInPool(address), 60_000)
const isClosed = (batch: number) => until(async () => (await getBatch(batch)).closed, 30_000)
const isVirtual = (batch: number) => until(async () => (await quantity('zkevm_virtualBatchNumber')) >= batch, 60_000)
const isVerified = (batch: number) => until(async () => (await quantity('zkevm_verifiedBatchNumber')) >= batch, 90_000)
/** A prover has taken the batch. */
const isBeingProven = (batch: number) =>
  until(async () => {
    const { raw } = await client.workflow.getHandle(batchWorkflowId(batch)).describe()
    return (raw.pendingActivities ?? []).some(
      ({ activityType, state }) => activityType?.name === 'proveBatch' && state === STARTED,
    )
  }, 30_000)
const STARTED = 2 // of PendingActivityState
const lastVerifiedOnL1 = async () => {
  const manager = new Contract(net.network.contracts.rollupManager, [...rollupManagerAbi], l1)
  return Number((await manager.getFunction('rollupIDToRollupData')(net.network.rollupId)).lastVerifiedBatch)
}

/** Sends a transfer, brings its batch to the status, reorganizes L1 and lets everything go on. */
const reorgAt: Record<Status, (reorg: () => Promise<void>) => Promise<Transfer>> = {
  async sealed(reorg) {
    const sent = await transfer(0)
    await whileStopped('workflows', async () => {
      await isClosed(sent.batch)
      await reorg()
    })
    return sent
  },
  async sequencing(reorg) {
    const sent = await transfer(1)
    await withHeldBlocks(async () => {
      await isSent(sequencer)
      await reorg()
    })
    return sent
  },
  async virtual(reorg) {
    const sent = await transfer(2)
    await whileStopped('prover', () =>
      withHeldBlocks(async () => {
        await isSent(sequencer)
        await mine()
        await isVirtual(sent.batch)
        await reorg()
      }),
    )
    return sent
  },
  async proving(reorg) {
    const sent = await transfer(3)
    await whileStopped('prover', () =>
      withHeldBlocks(async () => {
        await isSent(sequencer)
        await mine()
        await isBeingProven(sent.batch)
        await reorg()
      }),
    )
    return sent
  },
  async verifying(reorg) {
    const sent = await transfer(4)
    await withHeldBlocks(async () => {
      await isSent(sequencer)
      await mine()
      await isSent(aggregator)
      await until(async () => (await stateOf(sent.batch)).status === 'verifying', 10_000)
      await reorg()
    })
    return sent
  },
  async verified(reorg) {
    const sent = await transfer(5)
    await withHeldBlocks(async () => {
      await isSent(sequencer)
      await mine()
      await isSent(aggregator)
      await mine()
      await isVerified(sent.batch)
      await until(async () => (await stateOf(sent.batch)).status === 'verified', 10_000)
      await reorg()
    })
    return sent
  },
}

const cases = DEPTHS.flatMap((depth) => STATUSES.map((status) => ({ depth, status })))

test.each(cases)('a reorg of $depth blocks when a batch is $status', async ({ depth, status }) => {
  await until(async () => (await l1.getBlockNumber()) > deployedAt + depth, 60_000)
  const { batch } = await reorgAt[status](async () => {
    await l1.send('anvil_reorg', [depth, []])
    // The new blocks are as old as those they replace, and clocks go on from there.
    await l1.send('evm_setNextBlockTimestamp', [Math.floor(Date.now() / 1000)])
  })
  await until(async () => (await lastVerifiedOnL1()) >= batch, 120_000)
  await isVerified(batch)
  await until(async () => (await stateOf(batch)).status === 'verified', 20_000)
})

test('in the end L1 has each batch once, with the roots of the node, and L2 is what users saw', async () => {
  const last = Math.max(...transfers.map(({ batch }) => batch))
  const { l1RpcUrl, contracts, rollupId } = net.network
  const etherman = createEtherman({ rpcUrl: l1RpcUrl, contracts, rollupId, requestTimeoutMs: 10_000 })
  const toBlock = await l1.getBlockNumber()
  const events = (await etherman.readEvents({ fromBlock: 0, toBlock })).flatMap((block) => block.events)
  etherman.close()

  const sequences = events.filter((event): event is Extract<L1Event, { kind: 'sequence' }> => event.kind === 'sequence')
  const sequenced = sequences.flatMap(({ toBatch, batches }) =>
    batches.map((_, index) => toBatch - batches.length + 1 + index),
  )
  expect(sequenced).toEqual(Array.from({ length: sequenced.length }, (_, index) => index + 2))
  expect(sequenced.length).toBeGreaterThanOrEqual(last - 1)

  const verifications = events.filter((event) => event.kind === 'verification')
  for (const { toBatch, stateRoot } of verifications) expect((await getBatch(toBatch)).stateRoot).toBe(stateRoot)
  expect(verifications.at(-1)!.toBatch).toBeGreaterThanOrEqual(last)

  // Nothing was sent beside what had its effect.
  const called: (string | undefined)[] = [contracts.rollup, contracts.rollupManager]
  const calls: { from: string; status: number | null }[] = []
  for (let number = 1; number <= toBlock; number++)
    for (const { from, to, hash } of (await l1.getBlock(number, true))!.prefetchedTransactions)
      if (called.includes(to?.toLowerCase()))
        calls.push({ from, status: (await l1.getTransactionReceipt(hash))!.status })
  const countOf = (sender: string, outcome: number) =>
    calls.filter(({ from, status }) => from.toLowerCase() === sender.toLowerCase() && status === outcome).length
  expect([countOf(sequencer, 1), countOf(sequencer, 0)]).toEqual([sequences.length, 0])
  expect(countOf(aggregator, 1)).toBe(verifications.length)
  // One that waited in the mempool when the reorg took its sequence cannot be called back.
  expect(countOf(aggregator, 0)).toBeLessThanOrEqual(DEPTHS.length)

  for (const { hash, blockNumber, blockHash } of transfers)
    expect(await rpc('eth_getTransactionReceipt', [hash])).toMatchObject({ blockNumber, blockHash })
})
