import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import { connectDatabase } from '#db/client.ts'
import { findCursor } from '#db/l1.ts'
import { advanceHorizon } from '#db/pruning.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { planResync, ResyncRefusedError, resync } from './resync.ts'

let l1: L1Chain
let sequencer: L1Node
let node: L1Node
let nodeUrl: string
let sequencerUrl: string
let before: unknown
const databases: TestDatabase[] = []

async function openDatabase(): Promise<string> {
  databases.push(await createTestDatabase())
  return databases.at(-1)!.url
}

/** Twelve batches, of which L1 has ten, in sequences of four, all of those verified. */
beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID)
  l1 = await L1Chain.start(signer.senders)
  sequencerUrl = await openDatabase()
  sequencer = await l1.openNode(sequencerUrl)
  await sequencer.poll()
  await l1.makeBatches(sequencer, [encodeRawTransaction(signer.deployment.transaction)], {
    ...{ firstBatch: 2, transactions: 1 },
  })
  await l1.makeBatches(sequencer, signer.sign('erc20', 20), { firstBatch: 3, transactions: 2 })
  await l1.sequence(sequencer, 10, 4)
  await l1.verify(sequencer, 1, 9)
  await l1.send('anvil_mine', ['0x64'])
  await sequencer.poll()
  nodeUrl = await openDatabase()
}, 120_000)
afterAll(async () => {
  await sequencer?.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})
beforeEach(async () => {
  node = await l1.openNode(nodeUrl)
  await node.poll()
  before ??= await contentOf(node)
  return async () => await node.close()
})

const TABLES = [
  ...['batches', 'l2_blocks', 'transactions', 'logs', 'accounts', 'storage', 'virtual_batches', 'sequences'],
  ...['verifications', 'l1_info_leaves', 'l1_blocks'],
]

/** `batches` tells who made them. */
async function contentsOf(of: L1Node) {
  const { batches, ...kept } = (await contentOf(of)) as Record<string, string>
  return { batches, kept }
}

async function contentOf({ db }: L1Node): Promise<unknown> {
  const found: Record<string, unknown> = {}
  for (const table of TABLES) {
    const [row] = await db.execute<{ digest: string }>(sql`
      select count(*) || ' rows ' || md5(string_agg(row, '' order by row)) as digest
      from (select (to_jsonb(t) - 'created_at' - 'counters' - 'opened_at' - 'closed_at' - 'checked_at')::text as row
        from ${sql.raw(`state.${table}`)} t) rows`)
    found[table] = row!.digest
  }
  return found
}

const follower = (fromBatch: number) => ({ fromBatch: BatchNumber(fromBatch), role: 'permissionless' as const })

test('what is damaged from a batch on comes back from L1 as it was', async () => {
  const { db } = node
  await db.execute(sql`update state.accounts set balance = balance + 1 where block_number >= 7`)
  await db.execute(sql`delete from state.logs where block_number >= 7`)
  await db.execute(sql`update state.batches set state_root = batch_l2_data where batch_number = 7`)
  const plan = await planResync(db, follower(7))
  expect(plan).toMatchObject({ fromBatch: 7, toBatch: 10, blocks: 4, transactions: 8, checkedAgainFrom: 6 })
  expect(plan?.fromL1).toMatchObject({ fromBatch: 7, toBatch: 10 })
  expect(plan?.notOnL1).toBeUndefined()
  expect(await resync(db, follower(7))).toEqual(plan)
  expect((await findCursor(db))?.position).toBe(plan!.fromL1!.l1Block - 1)
  await node.close() // it runs again, and reads L1 from there
  node = await l1.openNode(nodeUrl)
  await node.poll()
  expect(await contentOf(node)).toEqual(before)
})

test('a dry run changes nothing, and a killed run neither', async () => {
  await planResync(node.db, follower(4))
  await expect(
    node.db.transaction(async (tx) => {
      await resync(
        { ...node.db, transaction: (work: never) => (work as (t: typeof tx) => unknown)(tx) } as never,
        follower(4),
      )
      throw new Error('killed')
    }),
  ).rejects.toThrow('killed')
  expect(await contentOf(node)).toEqual(before)
})

test('a second run has nothing to do', async () => {
  expect(await resync(node.db, follower(3))).toMatchObject({ fromBatch: 3, toBatch: 10 })
  expect(await resync(node.db, follower(3))).toBeUndefined()
  expect(await planResync(node.db, follower(3))).toBeUndefined()
})

test('a node that runs is left alone', async () => {
  const other = connectDatabase(nodeUrl, { maxConnections: 1, name: 'zknode-follower' })
  await other.execute(sql`select 1`)
  await expect(resync(node.db, follower(3))).rejects.toThrow('The node runs: stop zknode-follower first')
  await other.$client.end()
  expect(await contentOf(node)).toEqual(before)
})

test("a sequencer's batches that are not verified are refused, and named", async () => {
  const request = { fromBatch: BatchNumber(5), role: 'sequencer' as const }
  await expect(resync(sequencer.db, request)).rejects.toThrow(ResyncRefusedError)
  await expect(planResync(sequencer.db, request)).rejects.toThrow("Batch 10 is this sequencer's and not verified on L1")
})

test('a batch whose predecessor is pruned is refused', async () => {
  const { oldestBatch } = await node.db.transaction((tx) => advanceHorizon(tx, 3))
  expect(oldestBatch).toBeGreaterThan(5)
  await expect(planResync(node.db, follower(oldestBatch))).rejects.toThrow('too old: the state before it is pruned')
  expect(await planResync(node.db, follower(10))).toMatchObject({ fromBatch: 10, toBatch: 10 })
})

test('a sequencer whose batches are all verified takes them from L1', async () => {
  await l1.sequence(sequencer, 12)
  await l1.verify(sequencer, 10, 12)
  await sequencer.poll()
  const { kept } = await contentsOf(sequencer)
  expect(await resync(sequencer.db, { fromBatch: BatchNumber(8), role: 'sequencer' })).toMatchObject({ toBatch: 12 })
  expect((await contentsOf(sequencer)).kept).not.toEqual(kept)
  await sequencer.close()
  sequencer = await l1.openNode(sequencerUrl, { isReader: false })
  await sequencer.poll()
  expect((await contentsOf(sequencer)).kept).toEqual(kept)
})
