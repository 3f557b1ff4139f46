import { MockActivityEnvironment } from '@temporalio/testing'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import { createLogger } from '#common/logger.ts'
import { getClosedBatch } from '#db/batches.ts'
import { type Horizon, readHorizon } from '#db/pruning.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { balanceKey } from '#merkletree/keys.ts'
import { readTree } from '#merkletree/tree.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { createPruningActivities, type Pruned } from './pruning.ts'

const VERIFIED = 26

let l1: L1Chain
let signer: TransferSigner
let sequencer: L1Node
const databases: TestDatabase[] = []
const opened: L1Node[] = []

async function openNode(): Promise<L1Node> {
  databases.push(await createTestDatabase())
  const node = await l1.openNode(databases.at(-1)!.url)
  opened.push(node)
  await node.poll()
  return node
}

beforeAll(async () => {
  signer = new TransferSigner(CHAIN_ID, { recipientOf: (index, senders) => senders[index % 7]! })
  l1 = await L1Chain.start(signer.senders)
  sequencer = await openNode()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(sequencer, deployment, { firstBatch: 2, transactions: 1 })
  await l1.makeBatches(sequencer, signer.sign('erc20', 48), { firstBatch: 3, transactions: 2 })
  await l1.sequence(sequencer, VERIFIED, 5)
  await l1.verify(sequencer, 1, VERIFIED)
  await l1.send('anvil_mine', ['0x64'])
  await sequencer.poll()
}, 120_000)
afterAll(async () => {
  for (const node of opened) await node.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})

const env = () => new MockActivityEnvironment()
const prune = (node: L1Node, keepBlocks: number | 'all' = 10, run = env()) =>
  run.run(
    createPruningActivities({
      db: node.db,
      logger: createLogger('test', 'silent'),
      pruning: { keepBlocks: keepBlocks === 'all' ? undefined : keepBlocks, intervalMs: 5 },
      transactionsPerStep: 12,
    }).pruneHistory,
  )

/** What pruning removes from, but for when. */
async function contentOf({ db }: L1Node, from = 0): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const tables = ['state.accounts', 'state.storage', 'state.transactions', 'state.logs', 'state.l2_blocks']
  for (const table of tables) {
    const [row] = await db.execute<{ digest: string }>(sql`
      select count(*) || ' rows ' || coalesce(md5(string_agg(row, '' order by row)), '') as digest
      from (select (to_jsonb(t) - 'created_at' - 'counters')::text as row from ${sql.raw(table)} t where block_number >= ${from}) rows`)
    found[table] = row!.digest
  }
  if (from > 0) return found
  const [nodes] = await db.execute<{ digest: string }>(
    sql`select md5(string_agg(encode(hash, 'hex'), '' order by hash)) as digest from tree.nodes`,
  )
  return { ...found, nodes: nodes!.digest }
}

test('all history is kept when nothing is said', async () => {
  const before = await contentOf(sequencer)
  expect(await prune(sequencer, 'all')).toBeUndefined()
  expect(await contentOf(sequencer)).toEqual(before)
})

test('what is removed was announced by the run before; one that is killed between its steps is gone on with', async () => {
  const [whole, killed] = [await openNode(), await openNode()]
  const before = await contentOf(whole)
  expect(await prune(whole)).toMatchObject({ oldestBlock: 17, oldestBatch: 17, removedBatches: 0, intervalMs: 5 })
  expect(await contentOf(whole)).toEqual(before)
  expect(await prune(whole)).toMatchObject({ oldestBlock: 17, removedBatches: 17 })
  await prune(killed)
  for (let tries = 0; tries < 3; tries++) {
    const dying = env()
    dying.on('heartbeat', ({ stage }: { stage: string }) => stage === 'removing batches' && dying.cancel())
    await expect(prune(killed, 10, dying)).rejects.toThrow()
  }
  const [row] = await killed.db.execute<{ removed: string }>(sql`select removed_batches as removed from state.pruning`)
  expect(Number(row!.removed)).toBe(13)
  expect(await prune(killed)).toMatchObject({ removedBatches: 17 })
  expect(await contentOf(killed)).toEqual(await contentOf(whole))
})

test('blocks are built while history is removed, on the same state', async () => {
  const reference = await openNode()
  await prune(sequencer)
  const raws = signer.sign('erc20', 20)
  const pruning = prune(sequencer)
  const last = await l1.makeBatches(sequencer, raws, { firstBatch: VERIFIED + 1, transactions: 2 })
  expect(await pruning).toMatchObject({ removedBatches: 17 })
  await l1.sequence(sequencer, last, 5)
  for (const node of [sequencer, reference]) await node.poll()
  const { oldestBlock } = await readHorizon(sequencer.db)
  expect(await contentOf(sequencer, oldestBlock)).toEqual(await contentOf(reference, oldestBlock))
  const { stateRoot } = await getClosedBatch(sequencer.db, BatchNumber(last))
  expect(stateRoot).toBe((await getClosedBatch(reference.db, BatchNumber(last))).stateRoot)
  const keys = signer.senders.map(balanceKey)
  const balances = await readTree(createDatabaseNodeStore(sequencer.db), stateRoot, keys)
  expect(balances).toEqual(await readTree(createDatabaseNodeStore(reference.db), stateRoot, keys))
})

test('what is not final on L1 stays, however little is to be kept', async () => {
  const node = await openNode()
  const horizon = (await prune(node, 1)) as Pruned & Horizon
  expect(horizon).toMatchObject({ oldestBatch: VERIFIED, oldestBlock: VERIFIED })
  await prune(node, 1)
  const [row] = await node.db.execute<{ first: string }>(sql`select min(block_number) as first from state.transactions`)
  expect(Number(row!.first)).toBe(VERIFIED)
})

test('a reorg of L1 within what is kept is undone, and what comes instead is executed', async () => {
  const node = await openNode()
  for (let run = 0; run < 2; run++) await prune(node, 1)
  const snapshot = await l1.send('evm_snapshot', [])
  const data = async (batch: number) => (await getClosedBatch(sequencer.db, BatchNumber(batch))).batchL2Data
  const { lastTimestamp: timestampLimit, coinbase } = await getClosedBatch(sequencer.db, BatchNumber(VERIFIED + 10))
  await l1.sequenceData([await data(VERIFIED + 9), await data(VERIFIED + 10)], {
    timestampLimit,
    coinbase,
  })
  await node.poll()
  await l1.send('evm_revert', [snapshot])
  l1.forgetSequencedAfter(VERIFIED + 10)
  await l1.sequenceData([await data(VERIFIED + 10)], { timestampLimit, coinbase })
  await l1.send('anvil_mine', ['0x3'])
  await node.poll()
  const fresh = await openNode()
  expect(await contentOf(node, VERIFIED)).toEqual(await contentOf(fresh, VERIFIED))
  expect(await getClosedBatch(node.db, BatchNumber(VERIFIED + 11))).toMatchObject({
    stateRoot: (await getClosedBatch(fresh.db, BatchNumber(VERIFIED + 11))).stateRoot,
  })
})
