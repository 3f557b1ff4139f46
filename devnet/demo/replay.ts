import { createEtherman } from '#etherman/client.ts'
import type { L1BlockEvents } from '#etherman/types.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { buildGenesis } from '#executor/genesis.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { accountsOf, type GenesisFile } from '../genesis.ts'
import type { Network } from '../network.ts'

export type ReplayedBatch = {
  batchNumber: number
  stateRoot: Hash
  accInputHash: Hash
  /** What the rollup manager has for this batch; only ends of verifications have one. */
  rootOnL1: Hash | undefined
}

type Inputs = {
  batchL2Data: Uint8Array
  l1InfoRoot: Hash
  timestampLimit: number
  forcedBlockHashL1: Hash
  coinbase: Address
}

/**
 * Computes the state after each batch from the genesis and from what L1 alone has: events and calldata of the
 * sequencing transactions. Nothing of the node is asked; the tree starts empty and lives in memory.
 */
export async function replayFromL1(
  network: Network,
  genesis: GenesisFile,
  upToBatch: number,
): Promise<ReplayedBatch[]> {
  const { contracts, rollupId, chainId, forkId, l1RpcUrl } = network
  const etherman = createEtherman({ rpcUrl: l1RpcUrl, contracts, rollupId, requestTimeoutMs: 30_000 })
  try {
    const head = (await etherman.getBlock('latest'))!.number
    const infoTree = new L1InfoTree()
    const leaves: { globalExitRoot: Hash; blockHashL1: Hash; minTimestamp: number }[] = []
    const store = new MemoryNodeStore()
    const start = await buildGenesis(accountsOf(genesis))
    store.add(start.newNodes)
    const codes = new Map(start.changes.codes)
    let stateRoot = start.root
    let accInputHash = ZERO_HASH
    const replayed: ReplayedBatch[] = []
    for (const found of await etherman.readEvents({ fromBlock: 0, toBlock: head })) {
      for (const leaf of leavesOf(found)) {
        infoTree.appendLeaf({ ...leaf, timestamp: leaf.minTimestamp })
        leaves.push(leaf)
      }
      for (const inputs of batchesOf(found)) {
        if (replayed.length >= upToBatch) break
        const entries = leaves.map((leaf, index) => [index, leaf] as const)
        const reader = createTreeStateReader(store, stateRoot, codes)
        const batch = { ...inputs, chainId, forkId, oldStateRoot: stateRoot, oldAccInputHash: accInputHash }
        const result = await executeBatch({ ...batch, l1InfoTreeData: new Map(entries) }, { reader, store })
        for (const { newNodes, stateDiff } of result.blocks) {
          store.add(newNodes)
          for (const [hash, code] of stateDiff.codes) codes.set(hash, code)
        }
        ;({ newStateRoot: stateRoot, newAccInputHash: accInputHash } = result)
        const batchNumber = replayed.length + 1
        const rootOnL1 = await etherman.readStateRoot(batchNumber)
        replayed.push({ batchNumber, stateRoot, accInputHash, rootOnL1: rootOnL1 === ZERO_HASH ? undefined : rootOnL1 })
      }
    }
    return replayed
  } finally {
    etherman.close()
  }
}

function leavesOf({ block, events }: L1BlockEvents) {
  return events.flatMap((event) =>
    event.kind === 'l1InfoLeaf'
      ? [
          {
            globalExitRoot: globalExitRoot(event.mainnetExitRoot, event.rollupExitRoot),
            blockHashL1: block.parentHash,
            minTimestamp: block.timestamp,
          },
        ]
      : [],
  )
}

function batchesOf({ block, events }: L1BlockEvents): Inputs[] {
  return events.flatMap((event) => {
    if (event.kind === 'initialSequence')
      return [
        {
          batchL2Data: event.batchL2Data,
          l1InfoRoot: event.lastGlobalExitRoot,
          timestampLimit: block.timestamp,
          forcedBlockHashL1: block.parentHash,
          coinbase: event.sequencer,
        },
      ]
    if (event.kind !== 'sequence' && event.kind !== 'sequenceForceBatches') return []
    const { coinbase } = event
    return event.batches.map(({ batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 }) => {
      const isForced = event.kind === 'sequenceForceBatches' || forcedTimestamp > 0
      const { l1InfoRoot, timestampLimit } = isForced
        ? { l1InfoRoot: forcedGlobalExitRoot, timestampLimit: forcedTimestamp }
        : event
      return { batchL2Data, l1InfoRoot, timestampLimit, forcedBlockHashL1, coinbase }
    })
  })
}
