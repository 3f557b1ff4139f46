import { MockActivityEnvironment } from '@temporalio/testing'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeBatch, getBatch, openBatch } from '#db/batches.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { takeLease, UNDO_FENCE } from '#db/leases.ts'
import { createL1InfoProofs, readBatchInputs } from '#db/proofInputs.ts'
import { findWitness } from '#db/proofs.ts'
import { accounts, batches, l1Blocks, l1InfoLeaves, l2Blocks, virtualBatches, witnesses } from '#db/schema.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import type { ReexecutionJob } from '#prover/reexecute.ts'
import { reexecuteBatch } from '#prover/reexecuteBatch.ts'
import { blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { buildSmallChain, INFO_LEAVES, INFO_TREE, type SmallChain } from '#test/smallChain.ts'
import { recordTelling } from '#test/telling.ts'
import { type CheckingActivities, createCheckingActivities } from './checking.ts'

const chainId = 1000
const [one, two] = [BatchNumber(1), BatchNumber(2)]
const { tell, told } = recordTelling()
let db: Database
let close: () => Promise<void>
let chain: SmallChain
/** One process checks every batch. */
let checkBatch: CheckingActivities['checkBatch']

/** The small chain as the sequencer leaves it: closed batches, unchecked, unknown to L1. */
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  ;({ checkBatch } = createCheckingActivities({ db, config: { network: { chainId } }, tell }))
  chain = await buildSmallChain()
  const { genesis } = chain
  await openBatch(db, { batchNumber: BatchNumber(0), kind: 'genesis', forkId: 9, coinbase: Address(WORKED_SENDER) })
  const root = { stateRoot: genesis.root, timestamp: 0 }
  await storeBlock(db, blockOf(0, 0, { block: root, changes: genesis.changes, newNodes: genesis.newNodes }))
  await closeBatch(db, { ...closing(0), batchL2Data: new Uint8Array(), stateRoot: genesis.root, lastTimestamp: 0 })
  await db
    .insert(l1Blocks)
    .values({ blockNumber: 10, hash: hashOf(10), parentHash: hashOf(9), timestamp: 1, hasEvents: true })
  await db.insert(l1InfoLeaves).values(
    INFO_LEAVES.map((leaf, leafIndex) => ({
      ...{ leafIndex, l1BlockNumber: 10, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH, ...leaf },
      ...{ leafHash: l1InfoLeafHash(leaf), l1InfoRoot: INFO_TREE.rootAt(leafIndex + 1) },
    })),
  )
  for (const { job, blocks } of chain.batches) await storeBatch(job, blocks)
})
afterAll(() => close())
beforeEach(async () => {
  told.length = 0
  await db.delete(witnesses)
  await db.update(batches).set({ checkedAt: null })
})

const closing = (number: number) => ({
  ...{ batchNumber: BatchNumber(number), closingReason: 'test', localExitRoot: ZERO_HASH },
})

async function storeBatch({ inputs, claimed }: ReexecutionJob, blocks: readonly L2BlockResult[]) {
  const { batchNumber, forkId, coinbase, batchL2Data } = inputs
  await openBatch(db, { batchNumber, kind: 'trusted', forkId, coinbase })
  for (const result of blocks) {
    const parent = await getLastBlock(db)
    const marker = { deltaTimestamp: 1, indexL1InfoTree: 0 }
    await storeBlock(db, toStoredBlock(result, { batchNumber, parent, marker }))
  }
  const lastTimestamp = blocks.at(-1)!.timestamp
  await closeBatch(db, { ...closing(batchNumber), batchL2Data, stateRoot: claimed.newStateRoot, lastTimestamp })
}

const check = async (batchNumber: BatchNumber) =>
  (await new MockActivityEnvironment().run(checkBatch, { batchNumber })) as { stateRoot: string }

test('a sound batch is marked as checked, with the witness of an execution on the tree', async () => {
  for (const { job } of chain.batches) {
    const { batchNumber, oldStateRoot } = job.inputs
    expect(await check(batchNumber)).toEqual({ stateRoot: job.claimed.newStateRoot })
    expect((await getBatch(db, batchNumber)).checkedAt).not.toBeNull()
    expect(await findWitness(db, batchNumber, oldStateRoot)).toEqual(Buffer.from(job.witness))
  }
})

test('checking again does nothing but tell the sequence sender again', async () => {
  await check(one)
  const { checkedAt } = await getBatch(db, one)
  await check(one)
  expect(told).toEqual(['sequence-sender batchSealed', 'sequence-sender batchSealed'])
  expect((await getBatch(db, one)).checkedAt).toEqual(checkedAt)
})

test.each(['stateRoot', 'blockInfoRoot', 'hash', 'parentHash', 'transactionsRoot', 'receiptsRoot'] as const)(
  'a block stored with another %s is named, and the batch stays unchecked',
  async (field) => {
    const { blockNumber, [field]: stored } = await getLastBlock(db)
    const set = (value: Hash) =>
      db
        .update(l2Blocks)
        .set({ [field]: value })
        .where(eq(l2Blocks.blockNumber, blockNumber))
    await set(hashOf(666))
    await expect(check(two)).rejects.toMatchObject({ name: 'BatchCheckError' })
    await expect(check(two)).rejects.toThrow(`field=${field} claimed=${hashOf(666)}`)
    await expect(check(two)).rejects.toThrow(`blockNumber=${blockNumber}`)
    expect((await getBatch(db, two)).checkedAt).toBeNull()
    expect(told).toEqual([])
    await set(stored)
  },
)

test('an account that is not what the tree holds is named', async () => {
  const sender = eq(accounts.address, Address(WORKED_SENDER))
  const rows = await db.select().from(accounts).where(sender)
  await db
    .update(accounts)
    .set({ balance: 5n * 10n ** 18n })
    .where(sender)
  await expect(check(one)).rejects.toMatchObject({ name: 'BatchCheckError' })
  await expect(check(one)).rejects.toThrow(`address=${WORKED_SENDER} field=balance`)
  await db.delete(accounts).where(sender)
  await db.insert(accounts).values(rows)
  await check(one)
})

test('once L1 has the batch, what the store hands out is proven', async () => {
  await check(one)
  const { inputs: trusted } = chain.batches[0].job
  const { oldAccInputHash, batchL2Data, l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 } = trusted
  const batchL2DataHash = keccakHex(batchL2Data)
  const fixed = { l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 }
  await db.insert(virtualBatches).values({
    ...{ ...fixed, batchNumber: one, l1BlockNumber: 10, l1TxHash: hashOf(1), sequencer: coinbase },
    accInputHash: accInputHash({ ...fixed, oldAccInputHash, batchL2DataHash }),
  })
  const { inputs, claimed } = await readBatchInputs(db, { chainId, batchNumber: one }, createL1InfoProofs())
  const witness = (await findWitness(db, one, inputs.oldStateRoot))!
  const claims = await reexecuteBatch({ inputs, witness, claimed })
  expect(claims.newAccInputHash).toBe('0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333')
})

test('a batch that is undone while it is checked is not marked, nor is what came in its place', async () => {
  const undoneMeanwhile: Database = Object.create(db, {
    transaction: {
      value: async (work: Parameters<Database['transaction']>[0]) => {
        await takeLease(db, UNDO_FENCE)
        return await db.transaction(work)
      },
    },
  })
  const { checkBatch } = createCheckingActivities({ db: undoneMeanwhile, config: { network: { chainId } }, tell })
  const checking = new MockActivityEnvironment().run(checkBatch, { batchNumber: 1 })
  await expect(checking).rejects.toMatchObject({ name: 'LeaseLostError' })
  expect((await getBatch(db, one)).checkedAt).toBeNull()
  expect(await db.select().from(witnesses)).toEqual([])
})
