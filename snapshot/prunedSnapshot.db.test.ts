import { afterAll, beforeAll, expect, test } from 'vitest'
import { getLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { findLastVerifiedBatch, findLastVirtualBatch } from '#db/l1.ts'
import { advanceHorizon, readHorizon, removeHistory } from '#db/pruning.ts'
import { ChainToSave, digestTables, onDatabase } from './chainToSave.fixture.ts'
import { createSnapshot } from './createSnapshot.ts'
import { restoreSnapshot } from './restoreSnapshot.ts'
import { verifySnapshot } from './verifySnapshot.ts'

const BATCHES = 24
const VERIFIED = 16 // where a sequence ends
const KEPT_BLOCKS = 5
const UNTIL_FINAL = '0x50' // blocks of L1, of which its finalized one is 64 behind
const TIMEOUT_MS = 120_000

let chain: ChainToSave
beforeAll(async () => {
  chain = await ChainToSave.start()
  await chain.addBatches(BATCHES)
  await chain.l1.sequence(chain.node, 22, 5)
  await chain.l1.verify(chain.node, 1, VERIFIED)
  await chain.node.poll()
  await chain.l1.send('anvil_mine', [UNTIL_FINAL])
  await chain.node.poll()
}, TIMEOUT_MS)
afterAll(() => chain?.stop())

const prune = (db: Database) => db.transaction((tx) => advanceHorizon(tx, KEPT_BLOCKS))
/** As many batches as have that many transactions, and at least one. */
const removeStep = (db: Database, size: number) => db.transaction((tx) => removeHistory(tx, size))

/** What says when the horizon was moved differs: each node moves its own. */
async function digestsOf(url: string): Promise<Record<string, string>> {
  const { 'state.pruning': _, ...digests } = await digestTables(url)
  return digests
}

test(
  'a node that is restored in the middle of pruning has what was kept, ends the pruning and follows L1',
  async () => {
    const { node, databaseUrl } = chain
    const { oldestBatch, oldestBlock } = await prune(node.db)
    const { removedBatches } = await removeStep(node.db, 12)
    expect(oldestBlock).toBeGreaterThan(0)
    expect(removedBatches).toBeGreaterThan(1)
    expect(removedBatches).toBeLessThan(oldestBatch)

    const [folder, url] = [chain.folder(), await chain.emptyDatabase()]
    const manifest = await createSnapshot(chain.toCreate(folder))
    expect(manifest.facts.oldestBlock).toBe(oldestBlock)
    expect(await verifySnapshot({ folder, jobs: 2 })).toEqual(manifest)
    await restoreSnapshot(chain.toRestore(folder, url))
    expect(await digestTables(url)).toEqual(await digestTables(databaseUrl))
    expect(await onDatabase(url, readHorizon)).toEqual({ oldestBatch, oldestBlock })

    const restored = await chain.l1.openNode(url)
    for (const { db } of [node, restored])
      expect(await removeStep(db, 1000)).toEqual({ removedBatches: oldestBatch, oldestBatch })
    expect(await digestsOf(url)).toEqual(await digestsOf(databaseUrl))

    await chain.addBatches(6)
    await chain.l1.sequence(node, chain.lastBatch, 5)
    await chain.l1.verify(node, VERIFIED + 1, chain.lastBatch)
    await chain.l1.send('anvil_mine', [UNTIL_FINAL])
    for (const each of [node, restored]) await each.poll()
    expect((await findLastVirtualBatch(restored.db))?.batchNumber).toBe(chain.lastBatch)
    expect(await findLastVerifiedBatch(restored.db)).toBe(chain.lastBatch)
    const [ours, theirs] = [await getLastBlock(restored.db), await getLastBlock(node.db)]
    expect(ours.hash).toBe(theirs.hash)

    const moved = await prune(restored.db)
    expect(moved.oldestBlock).toBe((await prune(node.db)).oldestBlock)
    expect(moved.oldestBlock).toBeGreaterThan(oldestBlock)
    for (const { db } of [node, restored]) await removeStep(db, 1000)
    await restored.close()
    const [after, expected] = [await digestsOf(url), await digestsOf(databaseUrl)]
    for (const table of ['state.accounts', 'state.storage', 'state.logs', 'state.pruned_transactions', 'tree.nodes'])
      expect(`${table} ${after[table]}`).toBe(`${table} ${expected[table]}`)
  },
  TIMEOUT_MS,
)
