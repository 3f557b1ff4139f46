import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeBatch, getClosedBatch, openBatch } from '#db/batches.ts'
import { findBlocksOfBatch, getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { initializeGenesis } from '#db/genesis.ts'
import { getLastBlockBefore } from '#db/proofInputs.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { openBlock } from '#executor/blockBuilder.ts'
import { buildGenesis, type GenesisState } from '#executor/genesis.ts'
import { StatePrefetcher } from '#executor/prefetcher.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import {
  type BatchOutcome,
  comparable,
  executeRandomBatch,
  nextAccInputHash,
  runTransactions,
} from '#executor/testing/batchOutcome.ts'
import { RANDOM_GENESIS, type RandomBatch, type RandomBlock, randomBatches } from '#executor/testing/randomBatches.ts'
import { WorldState } from '#executor/worldState.ts'
import { createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { type Address, BatchNumber, BlockNumber, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'
import { type Head, loadHead } from '#sequencer/head.ts'
import { addressOf, blockOf } from './blocks.ts'
import { openTestDatabase } from './database.ts'

const FORK_ID = 9

/** What happens before a block is made: nothing, the process ends, or ends while it makes the block. */
type Interruption = 'none' | 'restart' | 'crashed' | 'small caches'
const interruptions = fc.infiniteStream(fc.constantFrom<Interruption[]>('none', 'restart', 'crashed', 'small caches'))

/** In memory, in one run, from the bytes of the batches. */
async function runInMemory({ root, newNodes, changes }: GenesisState, batches: readonly RandomBatch[]) {
  const store = new MemoryNodeStore()
  store.add(newNodes)
  const codes = new Map(changes.codes)
  let before = { stateRoot: root, accInputHash: ZERO_HASH }
  const outcomes: BatchOutcome[] = []
  for (const batch of batches) {
    const reader = createTreeStateReader(store, before.stateRoot, codes)
    const { outcome, result } = await executeRandomBatch(batch, before, { reader, store })
    for (const block of result.blocks) {
      store.add(block.newNodes)
      for (const [hash, code] of block.stateDiff.codes) codes.set(hash, code)
    }
    before = outcome
    outcomes.push(outcome)
  }
  return { outcomes, store, codes }
}

async function seed(db: Database, { root, newNodes, changes }: GenesisState): Promise<void> {
  const block = blockOf(0, 0, { block: { stateRoot: root, timestamp: 0 }, changes, newNodes })
  const identity = { chainId: 1000, l1ChainId: 1, rollupManager: addressOf(1), rollupId: 1, genesisRoot: root }
  await initializeGenesis(db, identity, { forkId: FORK_ID, coinbase: addressOf(0), block })
}

/** Every block is stored before the next one is made, from the State DB alone wherever the stream says so. */
async function runOnDatabase(db: Database, batches: readonly RandomBatch[], next: () => Interruption) {
  let head = await loadHead(db, FORK_ID)
  const outcomes: BatchOutcome[] = []
  for (const [index, batch] of batches.entries()) {
    const batchNumber = BatchNumber(index + 1)
    const { forkId, coinbase, batchL2Data } = batch.input
    await openBatch(db, { batchNumber, kind: 'trusted', forkId, coinbase })
    const made = []
    for (const block of batch.blocks) {
      head = await interrupt(db, head, next(), () => makeBlock(head, batch, block))
      const { result, errors } = await makeBlock(head, batch, block)
      head.nodes.add(result.newNodes)
      const stored = toStoredBlock(result, { batchNumber, parent: head.last, marker: block.marker })
      head = { ...head, last: await db.transaction((tx) => storeBlock(tx, stored)) }
      made.push({ block: comparable(result), errors })
    }
    const { stateRoot, timestamp: lastTimestamp } = head.last
    const closed = { batchL2Data, stateRoot, localExitRoot: ZERO_HASH, lastTimestamp }
    await closeBatch(db, { batchNumber, closingReason: 'test', ...closed })
    outcomes.push({
      stateRoot,
      accInputHash: nextAccInputHash(outcomes.at(-1)?.accInputHash ?? ZERO_HASH, batch),
      localExitRoot: await readLocalExitRoot(db),
      isVoid: batch.isVoid,
      blocks: made.map(({ block }) => block),
      skipped: made.flatMap(({ errors }) => errors),
    })
  }
  return outcomes
}

async function interrupt(db: Database, head: Head, interruption: Interruption, make: () => Promise<unknown>) {
  if (interruption === 'none') return head
  if (interruption === 'crashed') await make()
  if (interruption !== 'small caches') return await loadHead(db, FORK_ID)
  const world = new WorldState(createDatabaseStateReader(db), { maxEntries: 4 })
  const nodes = createCachedNodeStore(createDatabaseNodeStore(db), { maxNodes: 20 })
  return { last: await getLastBlock(db), world, prefetcher: new StatePrefetcher(world, { forkId: FORK_ID }), nodes }
}

async function makeBlock({ last, world, nodes }: Head, { input }: RandomBatch, block: RandomBlock) {
  const { forkId, chainId, coinbase } = input
  const opened = { forkId, chainId, coinbase, parentStateRoot: last.stateRoot, opening: block.opening }
  const builder = await openBlock(opened, { world, store: nodes })
  const errors = await runTransactions(builder, block)
  return { result: await builder.close(), errors }
}

async function readLocalExitRoot(db: Database): Promise<Hash> {
  const address = L2_GLOBAL_EXIT_ROOT_MANAGER
  const [value] = await createDatabaseStateReader(db).getStorage([{ address, slot: BigInt(LOCAL_EXIT_ROOT_SLOT) }])
  return Hash(`0x${value!.toString(16).padStart(64, '0')}`)
}

test('blocks stored and resumed from the State DB anywhere give what one run in memory gives', {
  timeout: 120_000,
}, async () => {
  const genesis = await buildGenesis(RANDOM_GENESIS)
  await fc.assert(
    fc.asyncProperty(randomBatches, interruptions, async (batches, stream) => {
      const { outcomes, store, codes } = await runInMemory(genesis, batches)
      const { db, close } = await openTestDatabase()
      try {
        await seed(db, genesis)
        expect(await runOnDatabase(db, batches, () => stream.next().value)).toEqual(outcomes)
        await expectBatchesAgain(db, batches, outcomes)
        await expectStateOfTree(db, outcomes, (root) => createTreeStateReader(store, root, codes))
      } finally {
        await close()
      }
    }),
    { numRuns: 8 },
  )
})

/** Each batch is executed once more on what the State DB has of the state before it. */
async function expectBatchesAgain(db: Database, batches: readonly RandomBatch[], outcomes: readonly BatchOutcome[]) {
  for (const [index, batch] of batches.entries()) {
    const batchNumber = BatchNumber(index + 1)
    const { stateRoot } = await getClosedBatch(db, BatchNumber(index))
    const before = { stateRoot, accInputHash: outcomes[index - 1]?.accInputHash ?? ZERO_HASH }
    const reader = createDatabaseStateReader(db, await getLastBlockBefore(db, batchNumber))
    const { outcome } = await executeRandomBatch(batch, before, { reader, store: createDatabaseNodeStore(db) })
    expect(outcome).toEqual(outcomes[index])
    const rows = await findBlocksOfBatch(db, batchNumber)
    expect(rows.map((row) => row.stateRoot)).toEqual(outcome.blocks.map((block) => block.stateRoot))
  }
}

/** Accounts and slots that any block changed are, after each block, what the tree holds. */
async function expectStateOfTree(
  db: Database,
  outcomes: readonly BatchOutcome[],
  treeAt: (root: Hash) => ReturnType<typeof createTreeStateReader>,
) {
  const blocks = outcomes.flatMap((outcome) => outcome.blocks)
  const addresses = [...new Set(blocks.flatMap(({ accounts }) => [...accounts.keys()]))]
  const names = new Set(blocks.flatMap(({ slots }) => slots.map((slot) => slot.split(' ', 2).join(' '))))
  const slots = [...names].map((name) => {
    const [address, slot] = name.split(' ')
    return { address: address as Address, slot: BigInt(slot!) }
  })
  for (const { number, stateRoot } of blocks) {
    const stored = createDatabaseStateReader(db, BlockNumber(number))
    const tree = treeAt(stateRoot)
    expect(await stored.getAccounts(addresses)).toEqual(await tree.getAccounts(addresses))
    expect(await stored.getStorage(slots)).toEqual(await tree.getStorage(slots))
  }
}
