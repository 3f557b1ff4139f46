import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import { createLogger } from '#common/logger.ts'
import { advanceHorizon, removeHistory } from '#db/pruning.ts'
import { createEtherman } from '#etherman/client.ts'
import { readInfoTree } from '#etherman/infoTreeFacts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { describeDifference } from './differences.ts'
import { verifyFromL1 } from './verifyFromL1.ts'

let l1: L1Chain
let node: L1Node
const databases: TestDatabase[] = []

/** Ten batches on L1, in sequences of four, eight of them verified. */
beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID)
  l1 = await L1Chain.start(signer.senders)
  databases.push(await createTestDatabase())
  node = await l1.openNode(databases[0]!.url)
  await node.poll()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(node, deployment, { firstBatch: 2, transactions: 1 })
  await l1.makeBatches(node, signer.sign('erc20', 16), { firstBatch: 3, transactions: 2 })
  await l1.sequence(node, 10, 4)
  await l1.verify(node, 1, 5)
  await l1.verify(node, 6, 9)
  await l1.send('anvil_mine', ['0x64'])
  await node.poll()
}, 120_000)
afterAll(async () => {
  await node?.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})

async function verify(range: { fromBatch?: BatchNumber; toBatch?: BatchNumber } = {}) {
  const { rollupManager, rollup, globalExitRoot, pol, rollupId, l1StartBlock } = l1.deployment
  const contracts = { rollupManager, rollup, globalExitRoot, pol }
  const etherman = createEtherman({ rpcUrl: l1.url, contracts, rollupId, requestTimeoutMs: 30_000 })
  const rpc = createL1Rpc({ rpcUrl: l1.url, requestTimeoutMs: 30_000 })
  try {
    return await verifyFromL1({
      ...{ db: node.db, etherman, l1StartBlock, maxBlockRange: 20, ...range },
      readInfoTree: () => readInfoTree(rpc, globalExitRoot),
      onProgress: () => {},
      logger: createLogger('test', 'silent'),
    })
  } finally {
    etherman.close()
    rpc.close()
  }
}

/** Those that are referred to before those that refer to them. */
const TABLES = [
  ...['l1_blocks', 'l1_info_leaves', 'virtual_batches', 'sequences', 'verifications'],
  ...['batches', 'l2_blocks', 'transactions', 'logs'],
]

/** What is found while a change is made, which is undone. */
async function findWith(change: SQL, range = {}): Promise<string[]> {
  for (const table of TABLES)
    await node.db.execute(sql.raw(`create table if not exists public.kept_${table} as table state.${table}`))
  try {
    await node.db.execute(change)
    const { differences } = await verify(range)
    return differences.map((difference) => describeDifference(difference, 'on L1'))
  } finally {
    await node.db.execute(sql.raw(`truncate ${TABLES.map((table) => `state.${table}`).join()} cascade`))
    for (const table of TABLES)
      await node.db.execute(sql.raw(`insert into state.${table} select * from public.kept_${table}`))
  }
}

test('a node that has what L1 has agrees in everything', async () => {
  const { compared, differences } = await verify()
  expect(differences).toEqual([])
  expect(compared).toMatchObject({ batches: 10, pruned: 0, verifications: 2, leaves: 1, forced: 0, blocks: 10 })
  expect(compared.l1Blocks).toBeGreaterThan(5)
})

const WRONG = sql`decode(repeat('ab', 32), 'hex')`

test.each<[string, SQL, RegExp]>([
  [
    'data of a batch',
    sql`update state.batches set batch_l2_data = '\\x00' where batch_number = 4`,
    /^batch 4: hash of batchL2Data here 0x.*, on L1 0x/,
  ],
  [
    'the receiver of fees of a batch',
    sql`update state.batches set coinbase = decode(repeat('ab', 20), 'hex') where batch_number = 4`,
    /^batch 4: coinbase here 0xabab.*, on L1 0x/,
  ],
  [
    'the state after a batch that is verified',
    sql`update state.batches set state_root = ${WRONG} where batch_number = 5`,
    /^batch 5: stateRoot here 0xabab.*, on L1 0x/,
  ],
  [
    'the state after one that is not',
    sql`update state.batches set state_root = ${WRONG} where batch_number = 7`,
    /^batch 7: stateRoot here 0xabab/,
  ],
  [
    'the exit root after a batch',
    sql`update state.batches set local_exit_root = ${WRONG} where batch_number = 9`,
    /^batch 9: localExitRoot here 0xabab/,
  ],
  [
    'an accumulated input hash',
    sql`update state.virtual_batches set acc_input_hash = ${WRONG} where batch_number = 7`,
    /^batch 7: accInputHash here 0xabab/,
  ],
  [
    'an info root of a batch',
    sql`update state.virtual_batches set l1_info_root = ${WRONG} where batch_number = 7`,
    /^batch 7: l1InfoRoot here 0xabab/,
  ],
  [
    'the end of a sequence',
    sql`update state.sequences set acc_input_hash = ${WRONG} where to_batch = 9`,
    /^sequence of batches 6 to 9: accInputHash here 0xabab/,
  ],
  [
    'a sequence that is missing',
    sql`delete from state.sequences where to_batch = 9`,
    /^sequence of batches 6 to 9: row here missing/,
  ],
  [
    'a batch that is not on L1 here',
    sql`delete from state.virtual_batches where batch_number = 8`,
    /^batch 8: place on L1 here missing/,
  ],
  [
    'a verification',
    sql`update state.verifications set state_root = ${WRONG} where to_batch = 5`,
    /^verification up to batch 5: stateRoot here 0xabab/,
  ],
  [
    'a verification that is missing',
    sql`delete from state.verifications where to_batch = 9`,
    /^verification up to batch 9: row here missing/,
  ],
  [
    'a leaf of the L1 info tree',
    sql`update state.l1_info_leaves set timestamp = timestamp + 1 where leaf_index = 0`,
    /^leaf 0 of the L1 info tree: timestamp here/,
  ],
  [
    'the root of the L1 info tree',
    sql`update state.l1_info_leaves set l1_info_root = ${WRONG} where leaf_index = 0`,
    /^leaf 0 of the L1 info tree: l1InfoRoot here 0xabab/,
  ],
  [
    'the hash of an L1 block',
    sql`update state.l1_blocks set hash = ${WRONG} where block_number = (select l1_block_number from state.sequences where to_batch = 9)`,
    /^L1 block \d+: hash here 0xabab.*, on L1 0x/,
  ],
  [
    'the hash of the L1 block read last',
    sql`update state.l1_blocks set hash = ${WRONG} where not has_events`,
    /^L1 block \d+: hash here 0xabab.*, on L1 0x/,
  ],
  [
    'a log',
    sql`update state.logs set data = '\\x01' where block_number = 6 and log_index = 0`,
    /^block 6: receiptsRoot here 0x.*, on L1 0x/,
  ],
  [
    'a receipt',
    sql`update state.transactions set status = 0 where block_number = 6 and tx_index = 1`,
    /^block 6: receiptsRoot here/,
  ],
  [
    'a transaction',
    sql`delete from state.transactions where block_number = 8 and tx_index = 1`,
    /^block 8: transactionsRoot here/,
  ],
  ['a header', sql`update state.l2_blocks set timestamp = timestamp + 1 where block_number = 9`, /^block 9: hash here/],
  [
    'the link between blocks',
    sql`update state.l2_blocks set parent_hash = ${WRONG} where block_number = 9`,
    /^block 9: parentHash here 0xabab/,
  ],
])('wrong in the State DB, found and named: %s', async (_, change, named) => {
  const found = await findWith(change)
  expect(found[0]).toMatch(named)
})

test('a range of batches is compared alone', async () => {
  const change = sql`update state.batches set batch_l2_data = '\\x00' where batch_number in (4, 9)`
  expect(await findWith(change, { fromBatch: BatchNumber(6) })).toHaveLength(1)
  expect(await findWith(change, { fromBatch: BatchNumber(5), toBatch: BatchNumber(8) })).toEqual([])
  expect((await findWith(change, { fromBatch: BatchNumber(2), toBatch: BatchNumber(5) }))[0]).toMatch(/^batch 4/)
})

test('a pruned node agrees too, as far as it goes', async () => {
  const { oldestBatch } = await node.db.transaction((tx) => advanceHorizon(tx, 3))
  await node.db.transaction((tx) => removeHistory(tx, 100))
  const { compared, differences } = await verify()
  expect(differences).toEqual([])
  expect(compared).toMatchObject({ batches: 10, pruned: oldestBatch - 1, blocks: 10 })
})
