import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import type { Database } from '#db/client.ts'
import { findLastVerifiedBatch, findLastVirtualBatch } from '#db/l1.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { until } from '#test/network.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const BATCHES = 220
const PER_BATCH = 3

let l1: L1Chain
let sequencer: L1Node
let lastBatch: number
const databases: TestDatabase[] = []

async function database(): Promise<string> {
  databases.push(await createTestDatabase())
  return databases.at(-1)!.url
}

/** Batches of ether and tokens that a sequencer made, all sequenced and verified. */
beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID)
  l1 = await L1Chain.start(signer.senders)
  sequencer = await l1.openNode(await database())
  await sequencer.poll()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(sequencer, deployment, { firstBatch: 2, transactions: 1 })
  const half = (BATCHES * PER_BATCH) / 2
  const raws = [...signer.sign('eth', half), ...signer.sign('erc20', half)]
  lastBatch = await l1.makeBatches(sequencer, raws, { firstBatch: 3, transactions: PER_BATCH })
  await l1.sequence(sequencer, lastBatch, 7)
  await l1.verify(sequencer, 1, 29) // where a sequence ends
  await l1.verify(sequencer, 30, lastBatch)
  await sequencer.poll()
}, 120_000)
afterAll(async () => {
  await sequencer?.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})

/** What L1 and its execution give, in full. */
const TABLES = [
  ...['l2_blocks', 'transactions', 'logs', 'accounts', 'storage', 'codes'],
  ...['virtual_batches', 'sequences', 'verifications', 'l1_info_leaves'],
]

/** A digest a table, without when and how rows came here. */
async function digests(db: Database): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const table of TABLES) {
    const [row] = await db.execute<{ digest: string }>(sql`
      select count(*) || ' rows ' || md5(string_agg(row, '' order by row)) as digest
      from (select (to_jsonb(t) - 'created_at' - 'counters')::text as row from ${sql.raw(`state.${table}`)} t) rows`)
    found[table] = row!.digest
  }
  const [batches] = await db.execute<{ digest: string }>(sql`
    select md5(string_agg(batch_number || encode(batch_l2_data, 'hex') || encode(state_root, 'hex') || encode(local_exit_root, 'hex')
      || encode(coinbase, 'hex') || last_timestamp || block_count || tx_count, '' order by batch_number)) as digest
    from state.batches`)
  return { ...found, batches: batches!.digest }
}

test('a node given only L1 and the genesis has the same blocks, receipts, logs and state', async () => {
  const node = await l1.openNode(await database(), { maxBlockRange: 10 })
  await node.poll()
  expect((await findLastVirtualBatch(node.db))?.batchNumber).toBe(lastBatch)
  expect(lastBatch).toBeGreaterThan(200)
  expect(await findLastVerifiedBatch(node.db)).toBe(lastBatch)
  expect(await digests(node.db)).toEqual(await digests(sequencer.db))
  await node.close()
})

test('killed in the middle, again and again, it goes on to the same end', async () => {
  const url = await database()
  const node = await l1.openNode(url)
  const virtual = async () => (await findLastVirtualBatch(node.db))?.batchNumber ?? 0
  const place = JSON.stringify(l1.placeOf(url, { maxBlockRange: 5 }))
  const start = () =>
    spawn(process.execPath, ['--import', 'tsx', 'test/followL1.ts', place], { cwd: root, stdio: 'ignore' })
  let before = 0
  for (let kills = 0; kills < 3; kills++) {
    const child = start()
    const ended = once(child, 'exit')
    await until(async () => (await virtual()) > before, 60_000)
    child.kill('SIGKILL')
    await ended
    before = await virtual()
  }
  const child = start()
  const ended = once(child, 'exit')
  await until(async () => (await findLastVerifiedBatch(node.db)) === lastBatch, 60_000)
  child.kill('SIGKILL')
  await ended
  expect(await digests(node.db)).toEqual(await digests(sequencer.db))
  await node.close()
}, 120_000)
