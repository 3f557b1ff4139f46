import { findLeafOfExitRoot, findNewestExitRoot, readInfoLeaves } from '#db/rpc/exitRoots.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { hashParam } from '../params.ts'
import * as schema from '../schemas.ts'

const exitRoots = schema.object({
  blockNumber: schema.quantity,
  timestamp: schema.quantity,
  mainnetExitRoot: schema.hash,
  rollupExitRoot: schema.hash,
})

const exitRootRow = schema.object({
  index: schema.integer,
  ger: schema.hash,
  info_root: schema.hash,
  mainnet_exit_root: schema.hash,
  rollup_exit_root: schema.hash,
  parent_hash: schema.hash,
  min_timestamp: schema.integer,
  block_number: schema.integer,
})

/** What L1 said of exits, and what of it L2 knows. */
export const zkevmExitRootMethods = ({ db }: ApiDeps) => [
  method({
    name: 'zkevm_getExitRootsByGER',
    summary: 'The two roots behind a global exit root and when L1 had them; null when L1 never had it',
    cost: 2,
    params: [hashParam('globalExitRoot')],
    result: schema.nullable(exitRoots),
    handle: async ([globalExitRoot]) => {
      const leaf = await findLeafOfExitRoot(db, globalExitRoot)
      if (leaf === undefined) return null
      const { l1BlockNumber, timestamp, mainnetExitRoot, rollupExitRoot } = leaf
      return { blockNumber: quantity(l1BlockNumber), timestamp: quantity(timestamp), mainnetExitRoot, rollupExitRoot }
    },
  }),
  method({
    name: 'zkevm_getLatestGlobalExitRoot',
    summary: 'Newest global exit root that L2 used; zero for none',
    cost: 2,
    params: [],
    result: schema.hash,
    handle: async () => (await findNewestExitRoot(db)) ?? ZERO_HASH,
  }),
  method({
    name: 'zkevm_getExitRootTable',
    summary: 'All leaves of the L1 information tree',
    cost: 20,
    params: [],
    result: schema.listOf(exitRootRow),
    handle: async () =>
      (await readInfoLeaves(db)).map((leaf) => ({
        index: leaf.leafIndex,
        ger: leaf.globalExitRoot,
        info_root: leaf.l1InfoRoot,
        mainnet_exit_root: leaf.mainnetExitRoot,
        rollup_exit_root: leaf.rollupExitRoot,
        parent_hash: leaf.blockHashL1,
        min_timestamp: leaf.timestamp,
        block_number: leaf.l1BlockNumber,
      })),
  }),
]
