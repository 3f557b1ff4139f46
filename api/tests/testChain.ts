import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { closeBatch, growBatch, openBatch } from '#db/batches.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { initializeGenesis } from '#db/genesis.ts'
import { cursors, l1Blocks, l1InfoLeaves, sequences, verifications, virtualBatches } from '#db/schema.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import { l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { Address, BatchNumber, BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { buildSmallChain, INFO_LEAVES, INFO_TREE, type SmallBatch, type SmallChain } from '#test/smallChain.ts'
import { startApiServer } from '../server.ts'
import { testConfig } from './testServer.ts'

export const CHAIN_ID = 1000
/** Time of L1 block 10. */
export const L1_TIME = 1_700_001_000

export type ChainApi = { db: Database; databaseUrl: string; url: string; chain: SmallChain; close: () => Promise<void> }

/**
 * An API over the small chain, whose blocks were executed: batch 1 is verified in L1 block 11, batch 2 sequenced in L1
 * block 12; L1 blocks up to 12 are safe, up to 10 finalized.
 */
export async function startChainApi(): Promise<ChainApi> {
  const { db, url: databaseUrl, close } = await openTestDatabase()
  const chain = await buildSmallChain()
  const { genesis } = chain
  const identity = { chainId: CHAIN_ID, l1ChainId: 1337, rollupManager: addressOf(0xaa), rollupId: 1 }
  const block = blockOf(0, 0, {
    block: { stateRoot: genesis.root, timestamp: 0, treeDepth: genesis.treeDepth },
    ...{ changes: genesis.changes, newNodes: genesis.newNodes },
  })
  await initializeGenesis(
    db,
    { ...identity, genesisRoot: genesis.root },
    {
      ...{ forkId: 9, coinbase: Address(WORKED_SENDER), block },
    },
  )
  await storeL1(db)
  for (const batch of chain.batches) await storeBatch(db, batch)
  await storeProgress(db, chain)
  const config = testConfig(databaseUrl, {
    rpc: { namespaces: [...'eth net web3 txpool zkevm debug trace ots'.split(' ')] },
  })
  const server = await startApiServer(
    parseConfig({ ...config, network: { ...config.network, chainId: CHAIN_ID } }),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
  return {
    ...{ db, databaseUrl, chain, url: `http://127.0.0.1:${server.port}` },
    close: async () => {
      await server.stop()
      await close()
    },
  }
}

async function storeL1(db: Database): Promise<void> {
  await db.insert(l1Blocks).values(
    [10, 11, 12].map((blockNumber) => ({
      ...{ blockNumber, hash: hashOf(blockNumber), parentHash: hashOf(blockNumber - 1), hasEvents: true },
      timestamp: L1_TIME + blockNumber - 10,
    })),
  )
  await db.insert(l1InfoLeaves).values(
    INFO_LEAVES.map((leaf, leafIndex) => ({
      ...{ leafIndex, l1BlockNumber: 10, mainnetExitRoot: hashOf(0x3a), rollupExitRoot: hashOf(0x3b), ...leaf },
      ...{ leafHash: l1InfoLeafHash(leaf), l1InfoRoot: INFO_TREE.rootAt(leafIndex + 1) },
    })),
  )
}

async function storeBatch(db: Database, { job: { inputs, claimed }, blocks }: SmallBatch): Promise<void> {
  const { batchNumber, forkId, coinbase, batchL2Data } = inputs
  await openBatch(db, { batchNumber, kind: 'trusted', forkId, coinbase })
  const markers = decodeBatchL2Data(batchL2Data, { forkId, forced: false }).filter(
    (item) => item.kind === 'changeL2Block',
  )
  for (const [index, result] of blocks.entries()) {
    const parent = await getLastBlock(db)
    await storeBlock(db, toStoredBlock(result, { batchNumber, parent, marker: markers[index]! }))
    const { timestamp, counters, receipts } = result
    await growBatch(db, batchNumber, { txCount: receipts.length, timestamp, counters })
  }
  const { timestamp: lastTimestamp } = blocks.at(-1)!
  const { newStateRoot: stateRoot, newLocalExitRoot: localExitRoot } = claimed
  await closeBatch(db, { batchNumber, closingReason: 'test', batchL2Data, stateRoot, localExitRoot, lastTimestamp })
}

async function storeProgress(db: Database, { batches: [first, second] }: SmallChain): Promise<void> {
  for (const [{ job }, l1BlockNumber] of [
    [first, 10],
    [second, 12],
  ] as const) {
    const { batchNumber, coinbase, l1InfoRoot, timestampLimit, forcedBlockHashL1 } = job.inputs
    const accInputHash = job.claimed.newAccInputHash
    const place = { l1BlockNumber, l1TxHash: hashOf(0x500 + batchNumber) as Hash }
    await db.insert(sequences).values({ ...place, fromBatch: batchNumber, toBatch: batchNumber, accInputHash })
    await db.insert(virtualBatches).values({
      ...{
        batchNumber,
        sequencer: addressOf(0x5e),
        coinbase,
        l1InfoRoot,
        timestampLimit,
        forcedBlockHashL1,
        accInputHash,
      },
      ...place,
    })
  }
  await db.insert(verifications).values({
    ...{ fromBatch: BatchNumber(1), toBatch: BatchNumber(1), l1BlockNumber: 11, l1TxHash: hashOf(0x601) },
    ...{ aggregator: addressOf(0xa9), stateRoot: first.job.claimed.newStateRoot, exitRoot: ZERO_HASH, trusted: true },
  })
  await db.insert(cursors).values([
    { name: 'synchronizer', position: 12, target: 12 },
    { name: 'l1-safe', position: 12, target: 12 },
    { name: 'l1-finalized', position: 10, target: 10 },
  ])
}

export const lastBlockOf = ({ blocks }: SmallBatch): BlockNumber => BlockNumber(blocks.at(-1)!.number)
